"""One contract for every broker: the one in memory, the embedded one, and a real ActiveMQ."""

import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from swf_console.backend.core.settings import BrokerSettings, Settings
from swf_console.backend.messaging.connection import StompConnection
from swf_console.backend.messaging.embedded import EmbeddedBroker
from swf_console.backend.messaging.message import IncomingMessage, make
from swf_console.backend.messaging.ports import BrokerConnection, NotConnected, Phase
from swf_console.backend.messaging.publisher import Publisher
from swf_console.backend.messaging.recorder import Recorder
from swf_console.backend.messaging.subscriber import Subscriber
from swf_console.backend.messaging.subscription import SubscriptionRefused, SubscriptionSpec
from swf_console.testing.memory_broker import MemoryBroker
from tests.support.activemq import ActiveMQAddress
from tests.support.outbox import MemoryOutbox
from tests.support.waiting import wait_for

Connect = Callable[..., BrokerConnection]
Handler = Callable[[IncomingMessage], None]


@pytest.fixture(params=["memory", "embedded", pytest.param("activemq", marks=pytest.mark.activemq)])
def connect(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connect]:
    """Open links to one broker; all are stopped at the end."""
    with ExitStack() as stack:
        open_link = _opener(request, tmp_path, stack)

        def start(client_id: str | None = None) -> BrokerConnection:
            link = open_link(client_id)
            stack.callback(link.stop)
            link.start()
            link.wait_up(10)
            return link

        yield start


def _opener(
    request: pytest.FixtureRequest, tmp_path: Path, stack: ExitStack
) -> Callable[[str | None], BrokerConnection]:
    if request.param == "memory":
        return MemoryBroker().connect
    if request.param == "embedded":
        settings = Settings(tmp_path, tmp_path, "user", "host", "sqlite://")
        broker = EmbeddedBroker(settings)
        stack.callback(broker.release)
        return lambda client_id: StompConnection(broker.address, client_id=client_id)
    real: ActiveMQAddress = request.getfixturevalue("activemq")
    address = BrokerSettings(real.host, real.port, real.user, real.password)
    return lambda client_id: StompConnection(lambda: address, client_id=client_id)


@pytest.fixture
def queue() -> str:
    return f"/queue/contract.{uuid.uuid4()}"


@pytest.fixture
def topic() -> str:
    return f"/topic/contract.{uuid.uuid4()}"


@pytest.fixture
def follow() -> Iterator[Callable[..., list[IncomingMessage]]]:
    """Subscribe and return the list that fills."""
    with ExitStack() as stack:

        def start(link: BrokerConnection, destination: str, **wanted: str) -> list[IncomingMessage]:
            handled: list[IncomingMessage] = []
            subscriber = Subscriber(link, SubscriptionSpec(destination, **wanted), handled.append)  # type: ignore[arg-type]
            stack.callback(subscriber.close)
            subscriber.start()
            subscriber.wait_subscribed(10)
            return handled

        yield start


def handle_nothing(message: IncomingMessage) -> None:
    """A handler."""


Follow = Callable[..., list[IncomingMessage]]


def publish(link: BrokerConnection, destination: str, numbers: range, **fields: str) -> None:
    publisher = Publisher(link, MemoryOutbox())
    for number in numbers:
        publisher.publish(make(destination, {"number": number, "msg_type": "stf_gen", **fields}))
    assert publisher.close(20)


def numbers(messages: list[IncomingMessage]) -> list[int]:
    return [(message.content or {})["number"] for message in messages]


def test_topic_every_subscriber_receives_all_in_order(connect: Connect, topic: str, follow: Follow) -> None:
    first, second = follow(connect(), topic), follow(connect(), topic)

    publish(connect(), topic, range(1000))

    wait_for(lambda: len(first) == 1000 and len(second) == 1000)
    assert numbers(first) == numbers(second) == list(range(1000))


def test_queue_message_goes_to_one_consumer(connect: Connect, queue: str, follow: Follow) -> None:
    first, second = follow(connect(), queue), follow(connect(), queue)

    publish(connect(), queue, range(100))

    wait_for(lambda: len(first) + len(second) == 100)
    assert sorted(numbers(first) + numbers(second)) == list(range(100))


def test_message_headers_and_body_arrive_unchanged(connect: Connect, queue: str, follow: Follow) -> None:
    handled = follow(connect(), queue)
    odd = "back\\slash:colon\nline é \x1b[31m"
    sent = make(
        queue, {"msg_type": odd, "text": "\x00\u2028 é 漢 \U0001f600", "execution_id": "e", "run_id": "7"}
    )
    link = connect()

    link.send(link.wait_up(1), [sent])

    wait_for(lambda: handled)
    assert handled[0].content == sent.content
    assert handled[0].id == sent.id
    stamps = {name: handled[0].headers.get(name) for name in sent.headers}
    assert stamps == sent.headers


def test_queue_selector_leaves_the_rest(connect: Connect, queue: str, follow: Follow) -> None:
    ours = follow(connect(), queue, selector="namespace = 'ours'")

    publish(connect(), queue, range(5), namespace="theirs")
    publish(connect(), queue, range(5, 10), namespace="ours")

    wait_for(lambda: numbers(ours) == list(range(5, 10)))
    theirs = follow(connect(), queue, selector="namespace = 'theirs'")
    wait_for(lambda: numbers(theirs) == list(range(5)))


def test_subscription_invalid_selector_is_refused_and_others_continue(
    connect: Connect, queue: str, topic: str, follow: Follow
) -> None:
    link = connect()
    good = follow(link, topic)
    bad = Subscriber(link, SubscriptionSpec(queue, selector="namespace = = 'x'"), handle_nothing)
    bad.start()

    with pytest.raises(SubscriptionRefused):
        bad.wait_subscribed(10)

    link.wait_up(10)
    for count in itertools.count(1):
        publish(connect(), topic, range(1))
        if good or count > 50:
            break
    wait_for(lambda: good)
    bad.close()


def test_queue_unacknowledged_message_goes_to_the_next_consumer(
    connect: Connect, queue: str, follow: Follow
) -> None:
    stuck = threading.Event()
    held = threading.Event()

    def hold(message: IncomingMessage) -> None:
        held.set()
        stuck.wait(20)

    link = connect()
    publish(link, queue, range(10))
    consumer_link = connect()
    Subscriber(consumer_link, SubscriptionSpec(queue), hold).start()
    assert held.wait(10)
    consumer_link.stop()
    stuck.set()

    handled = follow(connect(), queue)

    wait_for(lambda: numbers(handled) == list(range(10)))


def test_durable_subscription_receives_what_was_sent_meanwhile(
    connect: Connect, topic: str, follow: Follow
) -> None:
    name = str(uuid.uuid4())
    first_link = connect(name)
    first = follow(first_link, topic, durable_name="agent")
    publish(connect(), topic, range(3))
    wait_for(lambda: len(first) == 3)
    first_link.stop()

    publish(connect(), topic, range(3, 6))
    second_link = connect(name)
    second: list[IncomingMessage] = []
    subscriber = Subscriber(second_link, SubscriptionSpec(topic, durable_name="agent"), second.append)
    subscriber.start()

    wait_for(lambda: numbers(second) == [3, 4, 5])
    subscriber.close(forget=True)


def test_nack_does_not_block_other_messages(connect: Connect, queue: str) -> None:
    handled: list[IncomingMessage] = []

    def work(message: IncomingMessage) -> None:
        if (message.content or {})["number"] == 0:
            raise ValueError("never")
        handled.append(message)

    link = connect()
    subscriber = Subscriber(link, SubscriptionSpec(queue), work)
    subscriber.start()
    publish(connect(), queue, range(200))

    wait_for(lambda: numbers(handled) == list(range(1, 200)))
    assert subscriber.state().failed >= 1
    assert link.state().sessions == 1
    subscriber.close()


def test_recorder_stores_messages_of_any_sender_once(connect: Connect, topic: str, queue: str) -> None:
    stored: list[IncomingMessage] = []
    recorder = Recorder(connect(), [topic, queue], stored.extend)
    recorder.start()
    recorder.wait_subscribed(10)

    publish(connect(), topic, range(700))
    publish(connect(), queue, range(10))

    wait_for(lambda: len(stored) == 710)
    recorder.close()
    assert len({message.id for message in stored}) == 710
    assert numbers([message for message in stored if message.destination == topic]) == list(range(700))


def test_recorders_two_derive_the_same_id_for_a_foreign_message(connect: Connect, topic: str) -> None:
    first, second = [], []  # type: list[IncomingMessage], list[IncomingMessage]
    recorders = [Recorder(connect(), [topic], each.extend) for each in (first, second)]
    for recorder in recorders:
        recorder.start()
        recorder.wait_subscribed(10)
    link = connect()
    plain = make(topic, {"msg_type": "announcement"})
    del plain.headers["swf_message_id"]

    link.send(link.wait_up(1), [plain])

    wait_for(lambda: first and second)
    assert first[0].id == second[0].id != plain.id
    for recorder in recorders:
        recorder.close()


def test_connection_stopped_ends_immediately_and_accepts_nothing(connect: Connect, topic: str) -> None:
    link = connect()
    session = link.wait_up(1)
    began = time.monotonic()

    link.stop()

    assert time.monotonic() - began < 1.1
    assert link.state().phase is Phase.CLOSED
    with pytest.raises(NotConnected):
        link.send(session, [make(topic, {})])
