"""The embedded broker under load: slow clients delay no others, memory is bounded, no bytes stop it."""

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.processes.broker import BrokerProcess
from tests.support.stomp_socket import Frame, StompSocket

from .conftest import LimitedBroker

MIB = 1024 * 1024
INDIVIDUAL = {"ack": "client-individual"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    broker = BrokerProcess(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.end()


class Reader(threading.Thread):
    """Reads a connection and counts."""

    def __init__(self, client: StompSocket, wanted: int) -> None:
        super().__init__(daemon=True)
        self.client = client
        self.wanted = wanted
        self.received: list[Frame] = []
        self.start()

    def run(self) -> None:
        while len(self.received) < self.wanted:
            self.received.append(self.client.message())


def publish(client: StompSocket, destination: str, count: int, size: int, **headers: object) -> list[float]:
    """Send `count` messages, a receipt for each hundredth; how long each hundred took in seconds."""
    body = "x" * size
    taken = []
    for _ in range(count // 100):
        began = time.perf_counter()
        for _ in range(99):
            client.send(destination, body, headers)
        assert client.put(destination, body, **headers).command == "RECEIPT"
        taken.append(time.perf_counter() - began)
    return taken


def test_topic_subscriber_not_reading_is_disconnected_and_delays_no_one(broker: BrokerProcess) -> None:
    slow, quick, sender = broker.connect(), broker.connect(), broker.connect()
    for listener in (slow, quick):
        listener.subscribe("/topic/a")
    reader = Reader(quick, 20_000)
    taken = publish(sender, "/topic/a", 20_000, 4000)
    reader.join(20)
    assert len(reader.received) == 20_000
    assert max(taken) < 1
    assert broker.memory() < 100 * MIB
    frames = list(slow.until_closed())
    assert {frame.command for frame in frames[:-1]} == {"MESSAGE"}
    assert frames[-1].command == "ERROR" or len(frames) < 20_000
    assert "slow client disconnected" in broker.log.read_text()


def test_topic_slow_subscribers_share_memory_of_messages(broker: BrokerProcess) -> None:
    slow = [broker.connect() for _ in range(10)]
    for client in slow:
        client.subscribe("/topic/a")
    publish(broker.connect(), "/topic/a", 2500, 8000)
    assert broker.memory() < 100 * MIB


def test_topic_subscriber_not_acknowledging_is_disconnected(limited_broker: LimitedBroker) -> None:
    broker = limited_broker(backlog_frames=1000)
    client = broker.connect()
    client.subscribe("/topic/a", headers=INDIVIDUAL | {"activemq.prefetchSize": 10})
    publish(broker.connect(), "/topic/a", 1500, 10)
    commands = [frame.command for frame in client.until_closed()]
    assert commands == ["MESSAGE"] * 10 + ["ERROR"]


@pytest.mark.parametrize("mode", ["auto", "client-individual"])
def test_queue_consumer_not_reading_stays_and_loses_nothing(broker: BrokerProcess, mode: str) -> None:
    slow, sender = broker.connect(), broker.connect()
    slow.subscribe("/queue/a", headers={"ack": mode, "activemq.prefetchSize": 100_000})
    publish(sender, "/queue/a", 10_000, 4000, persistent="true")
    assert broker.memory() < 100 * MIB
    received = 0
    while received < 10_000:
        message = slow.message()
        received += 1
        if mode != "auto":
            slow.acknowledge(message)
    assert slow.silent()


def test_queue_consumers_with_same_selector_take_turns(shared: BrokerProcess) -> None:
    consumers = [shared.connect(), shared.connect()]
    for consumer in consumers:
        consumer.subscribe("/queue/turns", headers={"selector": "kind = 'a'"})
    publish(shared.connect(), "/queue/turns", 100, 10, kind="a")
    for consumer in consumers:
        consumer.messages(50)
        assert consumer.silent(0.05)


def test_durable_subscriber_not_reading_gets_everything_later(broker: BrokerProcess) -> None:
    durable = INDIVIDUAL | {"activemq.subscriptionName": "mine"}
    slow = broker.connect(client_id="me")
    slow.subscribe("/topic/a", headers=durable)
    publish(broker.connect(), "/topic/a", 5000, 4000, persistent="true")
    slow.close()
    again = broker.connect(client_id="me")
    again.subscribe("/topic/a", headers=durable)
    ids: set[str] = set()
    while len(ids) < 5000:
        message = again.message()
        ids.add(message.headers["message-id"])
        again.acknowledge(message)
    assert again.silent()


def test_publisher_not_reading_receipts_delays_no_one(broker: BrokerProcess) -> None:
    publisher = broker.connect()
    publisher.socket.settimeout(2)
    frame = b"SEND\ndestination:/topic/a\nreceipt:" + b"r" * 5000 + b"\n\n\0"
    sent = 0
    try:
        while sent < 20_000:
            publisher.raw(frame * 100)
            sent += 100
    except OSError:
        pass
    began = time.perf_counter()
    assert broker.connect().put("/topic/b").command == "RECEIPT"
    assert time.perf_counter() - began < 1


WORDS = [
    "SEND",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "ACK",
    "NACK",
    "BEGIN",
    "COMMIT",
    "ABORT",
    "DISCONNECT",
    "CONNECT",
]
NAMES = [
    "destination",
    "id",
    "message-id",
    "transaction",
    "receipt",
    "ack",
    "selector",
    "content-length",
    "expires",
]
VALUES = [
    "/queue/a",
    "/topic/a",
    "/topic/>",
    "/temp-queue/a",
    "/queue/Consumer.a.b",
    "1",
    "0",
    "t",
    "client",
    "-",
]
NAMES += [
    "activemq.prefetchSize",
    "activemq.subscriptionName",
    "browser",
    "reply-to",
    "persistent",
    "subscription",
]
VALUES += [
    "a = 1",
    "true",
    "9" * 40,
    "client-individual",
    "1-1",
    "a LIKE '%'",
    "/queue/ActiveMQ.Statistics.Broker",
]
HEADERS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text(max_size=20), max_size=6)
FRAMES = st.tuples(st.sampled_from(WORDS), HEADERS, st.binary(max_size=50))


@given(st.binary(max_size=300), st.booleans())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_broker_survives_any_bytes(shared: BrokerProcess, data: bytes, inside: bool) -> None:
    address = shared.address
    with StompSocket(address.host, address.port) as client:
        if inside:
            client.connect(address.user, address.password)
        client.raw(data)
    assert shared.process is not None
    assert shared.process.poll() is None


@given(st.lists(FRAMES, max_size=8))
@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_broker_survives_any_frames(
    shared: BrokerProcess, frames: list[tuple[str, dict[str, str], bytes]]
) -> None:
    address = shared.address
    with StompSocket(address.host, address.port) as client:
        client.connect(address.user, address.password)
        for command, headers, body in frames:
            client.socket.settimeout(5)
            try:
                client.send_frame(command, headers, body)
            except OSError:
                break
    with StompSocket(address.host, address.port) as other:
        assert other.connect(address.user, address.password).command == "CONNECTED"
        assert other.put("/topic/still.there").command == "RECEIPT"
