"""The recorder: one for each database, and nothing is missed while no monitor runs."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from swf_console.api.ingest import TopicIngest
from swf_console.backend.core.destinations import EPICTOPIC
from swf_console.backend.core.settings import BrokerSettings, Settings
from swf_console.backend.database import Database, messages, open_database
from swf_console.backend.database.connection.group_commit import open_writer
from swf_console.backend.database.records.messages import MessageFilter, NewMessage
from swf_console.backend.messaging.connection import StompConnection
from swf_console.backend.messaging.embedded import EmbeddedBroker
from swf_console.backend.messaging.endpoint import BrokerEndpoint, ConfiguredBroker
from swf_console.backend.messaging.loss import LossMeter
from swf_console.backend.messaging.message import make
from swf_console.backend.messaging.publisher import Publisher
from swf_console.backend.messaging.subscriber import Subscriber
from swf_console.backend.messaging.subscription import AUTO, SubscriptionSpec
from tests.support.activemq import ActiveMQAddress
from tests.support.outbox import MemoryOutbox
from tests.support.proxy import Proxy
from tests.support.waiting import wait_for


class Monitor:
    """The ingest of one monitor, with what it gave to its live stream."""

    def __init__(self, broker: BrokerEndpoint, database: Database, client_id: str) -> None:
        self.streamed: list[str] = []
        self.gaps: list[int | None] = []
        self._writer = open_writer(database)
        self.ingest = TopicIngest(broker, self._writer, self._publish, self.gaps.append, client_id)
        self.ingest.start()

    def _publish(self, rows: Any, _contents: Any) -> None:
        new: list[NewMessage] = list(rows)
        self.streamed += [row.message_id for row in new]

    def records(self) -> bool:
        state = self.ingest.state()
        return state.recorder.subscribed and not state.standby

    def stands_by(self) -> bool:
        return self.ingest.state().standby and self.ingest.connection().up_since is not None

    def close(self) -> None:
        self.ingest.close()
        self._writer.close()


@pytest.fixture(params=["embedded", pytest.param("activemq", marks=pytest.mark.activemq)])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerEndpoint]:
    """A broker to which many connect."""
    if request.param == "embedded":
        embedded = EmbeddedBroker(Settings(tmp_path, tmp_path, "user", "host", "sqlite://"))
        yield ConfiguredBroker(embedded.address())  # monitors do not release it when they end
        embedded.release()
        return
    real: ActiveMQAddress = request.getfixturevalue("activemq")
    yield ConfiguredBroker(BrokerSettings(real.host, real.port, real.user, real.password))


@pytest.fixture
def start(broker: BrokerEndpoint, tmp_path: Path) -> Iterator[Callable[[], Monitor]]:
    """Start monitors of one database."""
    client_id = f"swf-monitor-{uuid.uuid4().hex}"
    with ExitStack() as stack:
        database = open_database(f"sqlite:///{tmp_path / 'swf.db'}")
        stack.callback(database.close)

        def begin() -> Monitor:
            monitor = Monitor(broker, database, client_id)
            stack.callback(monitor.close)
            return monitor

        yield begin


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """The database of the monitors, opened again."""
    opened = open_database(f"sqlite:///{tmp_path / 'swf.db'}")
    yield opened
    opened.close()


def send(broker: BrokerEndpoint, count: int, destination: str = EPICTOPIC) -> list[str]:
    """Send messages of another program; returns their ids."""
    connection = StompConnection(broker.address)
    connection.start()
    publisher = Publisher(connection, MemoryOutbox())
    sent = [make(destination, {"msg_type": "announcement", "n": n}) for n in range(count)]
    for message in sent:
        publisher.publish(message)
    assert publisher.close(20)
    connection.stop()
    return [message.id for message in sent]


def recorded(database: Database) -> set[str]:
    with database.read() as connection:
        return {
            one.message_id
            for one in messages.page(connection, MessageFilter(message_type="announcement"), limit=5000).items
        }


def test_ingest_stores_what_was_sent_while_no_monitor_ran(
    start: Callable[[], Monitor], broker: BrokerEndpoint, database: Database
) -> None:
    first = start()
    wait_for(first.records)
    assert first.ingest.state().recorder.durable
    first.close()
    sent = send(broker, 1500)
    second = start()
    wait_for(lambda: recorded(database) == set(sent), 30)
    assert set(second.streamed) == set(sent)
    assert second.ingest.state().gaps == 0


def test_ingest_of_two_monitors_one_records_and_the_other_takes_over(
    start: Callable[[], Monitor], broker: BrokerEndpoint, database: Database
) -> None:
    first = start()
    wait_for(first.records)
    second = start()
    wait_for(second.stands_by, 20)
    sent = send(broker, 200)
    wait_for(lambda: recorded(database) == set(sent), 20)
    # the clients of the second one see the messages too
    wait_for(lambda: set(second.streamed) == set(sent), 20)
    assert second.ingest.state().recorder.stored == 0
    assert second.ingest.outages == 0
    first.close()
    sent += send(broker, 200)
    wait_for(second.records, 20)
    wait_for(lambda: recorded(database) == set(sent), 20)


def test_loss_meter_counts_what_a_cut_subscriber_missed(broker: BrokerEndpoint) -> None:
    topic = f"/topic/loss.{uuid.uuid4()}"
    gaps: list[int | None] = []
    received: list[str] = []
    address = broker.address()
    with Proxy(address.host, address.port) as proxy, ExitStack() as stack:
        through = BrokerSettings(proxy.host, proxy.port, address.user, address.password)
        connection = StompConnection(lambda: through, backoff=(0.5, 0.5))
        stack.callback(connection.stop)
        meter = LossMeter(broker.address, [topic], lambda: subscriber.state().received, gaps.append)
        stack.callback(meter.close)
        subscriber = Subscriber(
            connection,
            SubscriptionSpec(topic, ack=AUTO),
            lambda message: received.append(message.id),
            on_subscribed=meter.subscribed,
        )
        stack.callback(subscriber.close)
        connection.start()
        subscriber.start()
        subscriber.wait_subscribed(10)
        sent = send(broker, 100, topic)
        wait_for(lambda: len(received) == 100)
        proxy.cut()
        wait_for(lambda: not subscriber.state().subscribed)
        send(broker, 70, topic)
        wait_for(lambda: len(gaps) == 1, 20)
        sent += send(broker, 30, topic)
        wait_for(lambda: len(received) == 130)
    assert received == sent
    assert gaps == [70]
    assert (meter.missed, meter.unknown) == (70, 0)
