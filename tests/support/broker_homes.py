"""Homes with a broker that runs: the embedded one as a process of its own, or a real ActiveMQ."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from swf_console.backend.core.settings import Settings, load_settings
from swf_console.backend.messaging.broker_client import BrokerClient, broker_client
from swf_console.backend.services.broker.operations import contents
from swf_console.backend.services.broker.records import NEARLY_FULL
from swf_console.backend.services.home import write_home

from .activemq import ActiveMQAddress
from .processes.broker import BrokerProcess

CAUSE = "RuntimeError: bad calibration"


@contextmanager
def embedded_home(folder: Path, limits: dict[str, float] | None = None) -> Iterator[Settings]:
    """A home whose embedded broker runs; `limits` replace those of `Limits`."""
    settings = home_of(folder, {})
    broker = BrokerProcess(settings.state_dir, limits=limits)
    broker.start()
    yield settings
    broker.end()


def activemq_home(folder: Path, address: ActiveMQAddress) -> Settings:
    """A home that uses that ActiveMQ."""
    return home_of(folder, address.environment())


def home_of(folder: Path, environment: dict[str, str]) -> Settings:
    """A home in `folder` with its state directory beside it."""
    write_home(folder / "home")
    variables = {"SWF_STATE_DIR": str(folder / "state"), "USER": "shifter", **environment}
    return load_settings(variables, home=folder / "home")


def abandon(settings: Settings, topic: str, client_id: str, name: str, messages: int) -> None:
    """Make a durable subscription, end its client, and send messages that are not read."""
    with (
        broker_client(settings, client_id=client_id) as client,
        client.subscribed(topic, {"activemq.subscriptionName": name, "durable-subscription-name": name}),
    ):
        pass
    with broker_client(settings) as client:
        put(client, topic, messages)


def abandon_nearly_full(settings: Settings, topic: str, client_id: str, name: str) -> int:
    """The same, until its backlog is over 80 % of the limit of its store; returns how many messages wait."""
    abandon(settings, topic, client_id, name, 0)
    with broker_client(settings) as client:
        while True:
            put(client, topic, 10)
            (found,) = [one for one in contents(settings).subscriptions if one.client_id == client_id]
            assert found.bytes is not None
            assert found.limit_bytes
            if found.bytes > NEARLY_FULL * found.limit_bytes:
                return found.messages or 0


def put(client: BrokerClient, destination: str, messages: int, **headers: str) -> None:
    """Send persistent messages with the numbers from 0 on."""
    for number in range(messages):
        body = json.dumps({"msg_type": "stf_ready", "number": number})
        client.send(destination, body, {"persistent": "true", **headers})


def put_dead_letter(client: BrokerClient, original: str, **headers: str) -> None:
    """Send a message to the dead-letter queue, as an agent does."""
    more = {"dlqDeliveryFailureCause": CAUSE, **({"original-destination": original} if original else {})}
    put(client, "/queue/ActiveMQ.DLQ", 1, **more, **headers)
