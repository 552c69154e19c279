"""What an ActiveMQ tells, put together: who is connected, and who is not."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import cast

import pytest

from swf_console.backend.core.errors import Refused
from swf_console.backend.messaging.broker_client import BrokerClient, RawMessage
from swf_console.backend.services.broker.activemq import ActiveMQAdministration
from swf_console.backend.services.broker.target import Target


def statistics(**fields: object) -> RawMessage:
    entries = [
        {"string": [name, value]} if isinstance(value, str) else {"string": name, "long": value}
        for name, value in fields.items()
    ]
    return RawMessage({}, json.dumps({"map": {"entry": entries}}))


def consumer(topic: str, connection: str, name: str = "") -> RawMessage:
    info = {
        "consumerId": {"connectionId": connection},
        "destination": {"@class": "ActiveMQTopic", "string": topic},
        **({"subscriptionName": name} if name else {}),
    }
    return RawMessage({}, json.dumps({"ConsumerInfo": info}))


class Answers:
    """A client with the answers of a broker on which `consumers` are connected and topic x counts three."""

    server, place = "ActiveMQ/5.17.2", "mq:61613"

    def __init__(self, *consumers: RawMessage) -> None:
        self.consumers = consumers

    def reply(self, destination: str, body: str, patience: float = 0.0) -> RawMessage:
        return statistics(storeUsage=90, storeLimit=100)

    def replies(
        self, destination: str, body: str, headers: object = None
    ) -> Generator[RawMessage, None, None]:
        if destination.startswith("/topic/"):
            yield statistics(destinationName="topic://x.y", size=0, consumerCount=3)
        yield RawMessage({}, '{"map":""}')

    def replayed(self, topic: str, patience: float = 0.0) -> list[RawMessage]:
        if topic.endswith("Connection"):
            info = {"connectionId": {"value": "ID:1"}, "clientId": "client-1"}
            return [RawMessage({}, json.dumps({"ConnectionInfo": info})), RawMessage({}, "not JSON")]
        return list(self.consumers)


def administration(folder: Path, *consumers: RawMessage) -> ActiveMQAdministration:
    def no_client(_client_id: str) -> None:
        raise AssertionError("connected")

    return ActiveMQAdministration(cast(BrokerClient, Answers(*consumers)), folder, no_client)  # type: ignore[arg-type]


def test_contents_durable_subscriptions_of_advisories_have_their_client_ids(tmp_path: Path) -> None:
    found = administration(tmp_path, consumer("x.y", "ID:1", "events"), consumer("x.y", "ID:2")).contents()
    (one,) = found.subscriptions
    assert (one.client_id, one.name, one.destination, one.active) == (
        "client-1",
        "events",
        "/topic/x.y",
        True,
    )
    assert found.store is not None
    assert found.store.fraction == 0.9


@pytest.mark.parametrize(
    ("consumers", "offline"),
    [(("x.y",), 2), (("x.y", "x.*"), 1), (("x.>", ">", "x.y"), 0), (("x", "x.y.z", "z.*"), 3)],
)
def test_contents_consumers_that_no_advisory_names_are_without_a_client(
    tmp_path: Path, consumers: tuple[str, ...], offline: int
) -> None:
    found = administration(tmp_path, *(consumer(topic, "ID:1") for topic in consumers)).contents()
    counted = [note for note in found.notes if "without a client" in note]
    assert [note.split(" durable")[0] for note in counted] == ([f"/topic/x.y: {offline}"] if offline else [])


def test_contents_offline_agents_of_this_home_are_named(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    identity = {"client_id": "old-1", "known_to": ["mq:61613"], "topics": ["/topic/x.y"]}
    (tmp_path / "agents/demo@data.json").write_text(json.dumps({"db": identity}))
    found = administration(tmp_path, consumer("x.y", "ID:1")).contents()
    (one,) = found.subscriptions
    assert (one.client_id, one.name, one.active, one.agent) == ("old-1", "topic.x.y", False, "demo@data")
    assert "/topic/x.y: 1 durable subscription without a client" in found.notes[0]


def test_drop_connected_client_is_refused_without_connecting(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="in use"):
        administration(tmp_path, consumer("x.y", "ID:1", "events")).drop(
            Target(client_id="client-1", name="events")
        )
