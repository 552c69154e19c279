"""A subscriber handles each message once and acknowledges it after the work; a recorder stores it once."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from swf_console.backend.core.errors import BackendUnreachable, BrokerUnreachable, UsageError
from swf_console.backend.messaging.message import IncomingMessage, make
from swf_console.backend.messaging.ports import Phase
from swf_console.backend.messaging.recorder import Recorder, Unstorable
from swf_console.backend.messaging.subscriber import Subscriber
from swf_console.backend.messaging.subscription import Inbox, RecentIds, SubscriptionRefused, SubscriptionSpec
from swf_console.testing.memory_broker import MemoryBroker, MemoryConnection, stranger
from tests.support.waiting import wait_for

TOPIC = "/topic/t"
QUEUE = "/queue/q"


class Stage:
    """A broker, a link that is up, and what was handled."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()
        self.link: MemoryConnection = self.broker.connect("client")
        self.link.start()
        self.handled: list[IncomingMessage] = []
        self.open: list[Subscriber | Recorder] = []

    def subscriber(self, subscription: SubscriptionSpec, limit: int = 100) -> Subscriber:
        made = Subscriber(self.link, subscription, self.handled.append, limit=limit)
        return self.started(made)

    def started(self, made: Subscriber) -> Subscriber:
        self.open.append(made)
        made.start()
        return made

    def recorder(self, store: "Store", *, durable: bool = False) -> Recorder:
        made = Recorder(self.link, [TOPIC, QUEUE], store, seconds=0.01, durable=durable)
        self.open.append(made)
        made.start()
        return made

    def send(self, destination: str, *numbers: int) -> list[str]:
        messages = [make(destination, {"n": number, "namespace": "ours"}) for number in numbers]
        for message in messages:
            headers = {**message.headers, "message-id": message.id}
            self.broker.inject(stranger(destination, message.body, **headers))
        return [message.id for message in messages]

    def numbers(self) -> list[int]:
        return [(message.content or {})["n"] for message in self.handled]


class Store:
    """A store that remembers, and fails when told to."""

    def __init__(self) -> None:
        self.stored: list[IncomingMessage] = []
        self.failure: Exception | None = None
        self.poison: set[str] = set()
        self.calls = 0

    def __call__(self, messages: Sequence[IncomingMessage]) -> None:
        self.calls += 1
        if self.failure is not None:
            raise self.failure
        if any(message.id in self.poison for message in messages):
            raise Unstorable("too long")
        self.stored += messages


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    for each in made.open:
        each.close(0.2)


def test_subscriber_messages_are_handled_in_order_and_acknowledged(stage: Stage) -> None:
    subscriber = stage.subscriber(SubscriptionSpec(QUEUE))

    stage.send(QUEUE, *range(300))

    wait_for(lambda: stage.numbers() == list(range(300)))
    wait_for(lambda: subscriber.state().handled == 300)
    subscriber.close()
    stage.subscriber(SubscriptionSpec(QUEUE))
    stage.send(QUEUE, 300)
    wait_for(lambda: len(stage.handled) == 301)


def test_subscriber_acknowledges_after_the_handler(stage: Stage) -> None:
    working, go_on = threading.Event(), threading.Event()

    def work(message: IncomingMessage) -> None:
        working.set()
        go_on.wait(10)
        stage.handled.append(message)

    stage.started(Subscriber(stage.link, SubscriptionSpec(QUEUE), work))
    stage.send(QUEUE, 1)
    assert working.wait(5)
    stage.broker.cut()
    go_on.set()

    wait_for(lambda: stage.numbers() == [1])


def test_subscriber_duplicate_is_acknowledged_and_not_handled(stage: Stage) -> None:
    subscriber = stage.subscriber(SubscriptionSpec(QUEUE))
    message = make(QUEUE, {"n": 1})

    for number in range(3):
        stage.broker.inject(stranger(QUEUE, message.body, **message.headers, **{"message-id": str(number)}))

    wait_for(lambda: subscriber.state().duplicates == 2)
    assert stage.numbers() == [1]
    stage.broker.cut()
    stage.send(QUEUE, 2)
    wait_for(lambda: stage.numbers() == [1, 2])


def test_subscriber_handler_raising_refuses_the_message_and_continues(stage: Stage) -> None:
    def work(message: IncomingMessage) -> None:
        if message.content == {"n": 1, "namespace": "ours"}:
            raise ValueError("no such run")
        stage.handled.append(message)

    subscriber = stage.started(Subscriber(stage.link, SubscriptionSpec(QUEUE), work))
    stage.send(QUEUE, 1, 2)

    wait_for(lambda: stage.numbers() == [2])
    assert subscriber.state().failed == 1
    assert subscriber.state().last_failure == "ValueError: no such run"
    assert len(stage.broker.dead) == 1
    assert stage.link.state().phase is Phase.UP


def test_subscriber_backend_unreachable_retries_the_same_message(stage: Stage) -> None:
    calls: list[int] = []

    def work(message: IncomingMessage) -> None:
        calls.append(1)
        if len(calls) < 3:
            raise BackendUnreachable("no database")
        stage.handled.append(message)

    stage.started(Subscriber(stage.link, SubscriptionSpec(QUEUE), work))
    stage.send(QUEUE, 1, 2)

    wait_for(lambda: stage.numbers() == [1, 2])
    assert len(calls) == 4
    assert stage.broker.dead == []


def test_subscriber_selector_leaves_other_messages_in_the_queue(stage: Stage) -> None:
    stage.subscriber(SubscriptionSpec(QUEUE, selector="namespace = 'ours'"))

    stage.broker.inject(stranger(QUEUE, "{}", namespace="theirs"))
    stage.send(QUEUE, 1)

    wait_for(lambda: stage.numbers() == [1])
    stage.subscriber(SubscriptionSpec(QUEUE, selector="namespace = 'theirs'"))
    wait_for(lambda: len(stage.handled) == 2)


def test_subscription_invalid_selector_is_refused_and_not_retried(stage: Stage) -> None:
    subscriber = stage.subscriber(SubscriptionSpec(QUEUE, selector="namespace = = 'x'"))

    with pytest.raises(SubscriptionRefused, match="refused the subscription to /queue/q"):
        subscriber.wait_subscribed(5)
    stage.broker.cut()
    assert subscriber.state().error is not None
    assert stage.link.state().phase is Phase.UP


def test_subscription_wait_without_broker_raises_the_reason(stage: Stage) -> None:
    stage.broker.stop()
    subscriber = stage.subscriber(SubscriptionSpec(QUEUE))

    with pytest.raises(BrokerUnreachable, match="the connection was cut"):
        subscriber.wait_subscribed(0.05)


def test_subscription_new_session_subscribes_again(stage: Stage) -> None:
    subscriber = stage.subscriber(SubscriptionSpec(TOPIC))
    for number in range(3):
        stage.broker.stop()
        assert not subscriber.state().subscribed
        stage.broker.start()
        subscriber.wait_subscribed(5)
        stage.send(TOPIC, number)

    wait_for(lambda: stage.numbers() == [0, 1, 2])


def test_subscription_durable_receives_what_was_sent_meanwhile(stage: Stage) -> None:
    durable = SubscriptionSpec(TOPIC, durable_name="agent")
    stage.subscriber(durable).close()
    stage.send(TOPIC, 1, 2)

    stage.subscriber(durable)

    wait_for(lambda: stage.numbers() == [1, 2])


def test_subscription_durable_forgotten_stores_nothing(stage: Stage) -> None:
    durable = SubscriptionSpec(TOPIC, durable_name="agent")
    stage.subscriber(durable).close(forget=True)
    stage.send(TOPIC, 1)

    stage.subscriber(durable)
    stage.send(TOPIC, 2)

    wait_for(lambda: stage.numbers() == [2])


def test_subscriber_unreadable_messages_are_counted_and_handled(stage: Stage) -> None:
    subscriber = stage.subscriber(SubscriptionSpec(TOPIC, ack="auto"))

    stage.broker.inject(stranger(TOPIC, "not json"))
    stage.broker.inject(stranger(TOPIC, '{"msg_type": 7.5}'))

    wait_for(lambda: len(stage.handled) == 2)
    assert subscriber.state().unreadable == 2


def test_inbox_full_drops_the_oldest_and_counts(stage: Stage) -> None:
    working, go_on = threading.Event(), threading.Event()

    def work(message: IncomingMessage) -> None:
        working.set()
        go_on.wait(10)
        stage.handled.append(message)

    subscriber = stage.started(Subscriber(stage.link, SubscriptionSpec(TOPIC, ack="auto"), work, limit=10))
    stage.send(TOPIC, 0)
    assert working.wait(5)
    stage.send(TOPIC, *range(1, 26))
    go_on.set()

    wait_for(lambda: stage.numbers() == [0, *range(16, 26)])
    assert subscriber.state().dropped == 15


def test_subscription_spec_bare_destination_is_refused() -> None:
    with pytest.raises(UsageError):
        SubscriptionSpec("epictopic")


def test_recorder_stores_every_message_once_in_order(stage: Stage) -> None:
    store = Store()
    recorder = stage.recorder(store)
    ids = stage.send(TOPIC, *range(1500))
    again = make(TOPIC, {"n": -1})
    for _ in range(2):
        stage.broker.inject(stranger(TOPIC, again.body, **again.headers))

    wait_for(lambda: recorder.state().stored == 1501)
    assert [message.id for message in store.stored] == [*ids, again.id]
    assert recorder.state().duplicates == 1
    assert store.calls < 100


def test_recorder_store_failing_is_retried_before_any_acknowledgement(stage: Stage) -> None:
    store = Store()
    store.failure = OSError("database is locked")
    recorder = stage.recorder(store)
    ids = stage.send(QUEUE, 1, 2, 3)
    wait_for(lambda: store.calls >= 2)
    assert recorder.state().last_error == "database is locked"
    stage.broker.cut()
    store.failure = None

    wait_for(lambda: recorder.state().stored == 3)
    assert [message.id for message in store.stored] == ids
    assert recorder.state().last_error is None


def test_recorder_unstorable_message_does_not_block_others(stage: Stage) -> None:
    store = Store()
    recorder = stage.recorder(store)
    poison = make(TOPIC, {"n": 0})
    store.poison.add(poison.id)
    stage.broker.inject(stranger(TOPIC, poison.body, **poison.headers))
    ids = stage.send(TOPIC, 1, 2)

    wait_for(lambda: recorder.state().stored == 2)
    assert [message.id for message in store.stored] == ids
    assert recorder.state().unstorable == 1


def test_recorder_close_stores_received_messages(stage: Stage) -> None:
    store = Store()
    recorder = stage.recorder(store)
    stage.send(TOPIC, *range(50))

    recorder.close(5)

    assert len(store.stored) == 50


def test_recorder_durable_stores_what_was_sent_meanwhile(stage: Stage) -> None:
    first, second = Store(), Store()
    stage.recorder(first, durable=True).close()
    ids = stage.send(TOPIC, 1, 2)

    stage.recorder(second, durable=True)

    wait_for(lambda: [message.id for message in second.stored] == ids)


def test_recent_ids_is_bounded() -> None:
    seen = RecentIds(2)
    for identity in ("a", "b", "a", "c"):
        seen.add(identity)

    assert "a" in seen
    assert "b" not in seen
    assert "c" in seen


def test_recorder_full_batch_is_stored_immediately(stage: Stage) -> None:
    store = Store()
    recorder = Recorder(stage.link, [TOPIC], store, batch=10, seconds=60)
    stage.open.append(recorder)
    recorder.start()

    stage.send(TOPIC, *range(30))

    wait_for(lambda: recorder.state().stored == 30, timeout=5)


def test_inbox_closed_returns_the_rest_then_nothing() -> None:
    inbox = Inbox(10)
    inbox.close()

    assert inbox.take(5, 1.0) == []


def test_recorder_refused_durable_subscription_records_without_and_counts_gaps(stage: Stage) -> None:
    store = Store()
    recorder = stage.recorder(store, durable=True)
    assert recorder.state().durable
    assert recorder.state().gaps == 0
    (topic, _queue) = recorder._subscriptions
    # as a broker answers that forbids durable subscriptions
    assert topic.on_refusal(1, f"subscribe-{topic._name}", "not authorized to create")
    recorder.wait_subscribed(5)
    assert not recorder.state().durable
    assert recorder.state().last_error is None
    stage.broker.stop()
    stage.broker.start()
    recorder.wait_subscribed(5)
    assert recorder.state().gaps == 1
    sent = stage.send(TOPIC, 1, 2)
    wait_for(lambda: [message.id for message in store.stored] == sent)
    assert not recorder.state().durable
