"""The publisher keeps the order, loses nothing, and calls delivered only what the broker confirmed."""

import threading
from collections.abc import Collection, Iterator
from typing import Any

import pytest

from swf_console.backend.core.errors import BackendUnreachable
from swf_console.backend.messaging.message import OutgoingMessage, make
from swf_console.backend.messaging.outbox import ExecutionsLost
from swf_console.backend.messaging.publisher import PublishAborted, Publisher
from swf_console.testing.memory_broker import MemoryBroker, MemoryConnection
from tests.support.outbox import MemoryOutbox
from tests.support.waiting import wait_for

E = "execution-1"


def message(number: int, execution: str = E) -> OutgoingMessage:
    return make("/topic/t", {"msg_type": "stf_gen", "sequence": number, "execution_id": execution})


class Stage:
    """A publisher over a broker in memory."""

    def __init__(self) -> None:
        self.broker = MemoryBroker()
        self.outbox = MemoryOutbox()
        self.link: MemoryConnection = self.broker.connect()
        self.publishers: list[Publisher] = []

    def publisher(self, **bounds: Any) -> Publisher:
        made = Publisher(self.link, self.outbox, **bounds)
        self.publishers.append(made)
        return made

    def publish(self, publisher: Publisher, numbers: range) -> list[str]:
        made = [message(number) for number in numbers]
        for one in made:
            publisher.publish(one)
        return [one.id for one in made]

    def accepted(self) -> list[str]:
        return [stored.headers["swf_message_id"] for stored in self.broker.accepted]


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.outbox.failure = None
    made.outbox.gate.set()
    for publisher in made.publishers:
        publisher.close(0.1)


def test_publisher_records_sends_and_delivers_in_order(stage: Stage) -> None:
    stage.link.start()
    publisher = stage.publisher()

    ids = stage.publish(publisher, range(2000))

    assert publisher.wait_delivered(E, 10)
    assert stage.outbox.recorded == stage.outbox.delivered == stage.accepted() == ids


def test_publisher_sends_only_recorded_messages(stage: Stage) -> None:
    stage.link.start()
    stage.outbox.gate.clear()
    publisher = stage.publisher()

    stage.publish(publisher, range(3))
    wait_for(lambda: publisher.state().pending == 3)

    assert stage.broker.accepted == []
    stage.outbox.gate.set()
    assert publisher.wait_delivered(E, 10)


def test_publisher_outbox_failing_is_retried_in_order(stage: Stage) -> None:
    stage.link.start()
    stage.outbox.failure = OSError("database is locked")
    publisher = stage.publisher()

    ids = stage.publish(publisher, range(10))
    wait_for(lambda: stage.outbox.failures >= 2)
    failing = publisher.state()
    stage.outbox.failure = None

    assert failing.outbox_error == "database is locked"
    assert failing.outbox_failing_since is not None
    assert stage.broker.accepted == [] or stage.accepted() == ids[: len(stage.accepted())]
    assert publisher.wait_delivered(E, 10)
    assert stage.accepted() == stage.outbox.recorded == ids
    assert publisher.state().outbox_error is None


def test_publisher_without_receipt_delivers_nothing(stage: Stage) -> None:
    stage.link.start()
    stage.broker.receipts = False
    publisher = stage.publisher()

    stage.publish(publisher, range(5))
    wait_for(lambda: len(stage.broker.accepted) == 5)

    assert not publisher.wait_delivered(E, 0.05)
    assert stage.outbox.delivered == []
    assert publisher.state().unconfirmed == 5


def test_publisher_broker_frozen_then_cut_sends_all_again(stage: Stage) -> None:
    stage.link.start()
    publisher = stage.publisher()
    ids = stage.publish(publisher, range(3))
    assert publisher.wait_delivered(E, 10)
    stage.broker.freeze()

    more = stage.publish(publisher, range(3, 10))
    wait_for(lambda: publisher.state().unconfirmed == 7)
    assert stage.outbox.delivered == ids
    stage.broker.start()

    assert publisher.wait_delivered(E, 10)
    assert stage.accepted() == stage.outbox.recorded == ids + more
    assert publisher.statistics(E).resent == 7


def test_publisher_after_outage_sends_unconfirmed_first_in_order(stage: Stage) -> None:
    stage.link.start()
    stage.broker.receipts = False
    publisher = stage.publisher()
    first = stage.publish(publisher, range(20))
    wait_for(lambda: len(stage.broker.accepted) == 20)
    stage.broker.stop()

    second = stage.publish(publisher, range(20, 30))
    stage.broker.receipts = True
    stage.broker.start()

    assert publisher.wait_delivered(E, 10)
    assert stage.accepted() == first + first + second
    assert stage.outbox.recorded == first + second


def test_publisher_without_broker_messages_wait(stage: Stage) -> None:
    publisher = stage.publisher()
    ids = stage.publish(publisher, range(5))
    wait_for(lambda: stage.outbox.recorded == ids)

    stage.link.start()

    assert publisher.wait_delivered(E, 10)
    assert stage.accepted() == ids


def test_publish_full_blocks_until_aborted(stage: Stage) -> None:
    publisher = stage.publisher(pending=10, window=10)
    stop = threading.Event()
    stage.publish(publisher, range(20))
    wait_for(lambda: publisher.state().pending == 10)

    threading.Timer(0.05, stop.set).start()
    with pytest.raises(PublishAborted):
        publisher.publish(message(21), abort=stop.is_set)

    assert publisher.statistics(E).undelivered == 20


def test_publish_without_wait_is_accepted_beyond_the_limit(stage: Stage) -> None:
    publisher = stage.publisher(pending=1, window=1)
    stage.publish(publisher, range(2))
    wait_for(lambda: publisher.state().pending == 1)
    publisher.publish(message(2), wait=False)

    stage.link.start()

    assert publisher.wait_delivered(E, 10)
    assert len(stage.accepted()) == 3


def test_publish_blocked_continues_when_there_is_room(stage: Stage) -> None:
    publisher = stage.publisher(pending=5, window=5)
    thread = threading.Thread(target=stage.publish, args=(publisher, range(50)), daemon=True)
    thread.start()
    wait_for(lambda: publisher.state().pending == 5)

    stage.link.start()
    thread.join(10)

    assert publisher.wait_delivered(E, 10)
    assert len(stage.accepted()) == 50


def test_publisher_unconfirmed_is_bounded_by_the_window(stage: Stage) -> None:
    stage.link.start()
    stage.broker.receipts = False
    publisher = stage.publisher(pending=100, window=30, batch=20)

    stage.publish(publisher, range(100))
    wait_for(lambda: publisher.state().unconfirmed == 30 or len(stage.broker.accepted) >= 20)

    assert publisher.state().unconfirmed <= 30


def test_publisher_delivery_is_recorded_with_the_next_messages(stage: Stage) -> None:
    stage.link.start()
    publisher = stage.publisher()
    publisher.publish(message(1))
    wait_for(lambda: len(stage.broker.accepted) == 1)
    publisher.publish(message(2))
    wait_for(lambda: len(stage.broker.accepted) == 2)

    assert stage.outbox.calls == [(1, 0), (1, 1)]


def test_publisher_delivery_without_next_message_is_recorded_soon(stage: Stage) -> None:
    stage.link.start()
    publisher = stage.publisher()
    publisher.publish(message(1))

    wait_for(lambda: stage.outbox.calls == [(1, 0), (0, 1)], timeout=2)


def test_wait_delivered_records_deliveries_immediately(stage: Stage) -> None:
    stage.link.start()
    publisher = Publisher(stage.link, stage.outbox, delivery_seconds=60)
    publisher.publish(message(1))

    assert publisher.wait_delivered(E, 5)
    assert publisher.close(5)


def test_publisher_gathering_is_recorded_immediately_for_a_waiting_caller(stage: Stage) -> None:
    stage.link.start()
    publisher = Publisher(stage.link, stage.outbox, gather_seconds=60)
    stage.publishers.append(publisher)
    ids = stage.publish(publisher, range(1))
    wait_for(lambda: len(stage.broker.accepted) == 1)

    ids += stage.publish(publisher, range(1, 50))
    assert len(stage.broker.accepted) == 1

    assert publisher.wait_delivered(E, 5)
    assert stage.accepted() == ids
    assert [new for new, _ in stage.outbox.calls if new] == [1, 49]


def test_publisher_gathered_messages_are_sent_when_due(stage: Stage) -> None:
    stage.link.start()
    publisher = Publisher(stage.link, stage.outbox, gather_seconds=0.05)
    stage.publishers.append(publisher)

    for number in range(3):
        stage.publish(publisher, range(number, number + 1))
        wait_for(lambda: len(stage.broker.accepted) == number + 1, timeout=2)  # noqa: B023


def test_publisher_gathering_while_idle_is_sent_without_another_call(stage: Stage) -> None:
    stage.link.start()
    publisher = Publisher(stage.link, stage.outbox, gather_seconds=0.3)
    stage.publishers.append(publisher)
    stage.publish(publisher, range(1))
    assert publisher.wait_delivered(E, 5)

    stage.publish(publisher, range(1, 2))
    assert len(stage.broker.accepted) == 1
    wait_for(lambda: len(stage.broker.accepted) == 2, timeout=2)


def test_publisher_recording_deliveries_does_not_delay_messages(stage: Stage) -> None:
    stage.link.start()
    publisher = Publisher(stage.link, stage.outbox, gather_seconds=0.1, delivery_seconds=0.2)
    stage.publishers.append(publisher)
    stage.publish(publisher, range(1))
    wait_for(lambda: any(delivered for _, delivered in stage.outbox.calls))
    assert publisher._gather_left() <= 0


def test_publisher_counts_executions_separately(stage: Stage) -> None:
    stage.link.start()
    publisher = stage.publisher()
    publisher.publish(message(1, "a"))
    publisher.publish(message(2, "b"))
    publisher.publish(message(3, "b"))

    assert publisher.wait_delivered("a", 5)
    assert publisher.wait_delivered("b", 5)
    assert publisher.statistics("b").delivered == 2
    assert publisher.statistics("b").latency_p99 is not None
    publisher.forget("b")
    assert publisher.statistics("b").delivered == 0
    assert publisher.statistics("a").delivered == 1


def test_oldest_unconfirmed_age_grows_in_an_outage_then_is_zero(stage: Stage) -> None:
    publisher = stage.publisher()
    assert publisher.oldest_unconfirmed_age() == 0
    stage.publish(publisher, range(2))
    wait_for(lambda: publisher.oldest_unconfirmed_age() > 0.05)

    stage.link.start()

    assert publisher.wait_delivered(E, 5)
    assert publisher.oldest_unconfirmed_age() == 0


def test_publisher_close_waits_for_unconfirmed_messages(stage: Stage) -> None:
    stage.link.start()
    publisher = stage.publisher()
    ids = stage.publish(publisher, range(500))

    assert publisher.close(10)
    assert stage.outbox.delivered == ids
    with pytest.raises(PublishAborted):
        publisher.publish(message(1))


def test_publisher_close_unconfirmed_returns_false(stage: Stage) -> None:
    publisher = stage.publisher()
    stage.publish(publisher, range(3))

    assert not publisher.close(0.05)
    assert stage.outbox.delivered == []


def test_publisher_close_with_failing_outbox_ends(stage: Stage) -> None:
    stage.link.start()
    stage.outbox.failure = BackendUnreachable("no database")
    publisher = stage.publisher()
    stage.publish(publisher, range(3))

    assert not publisher.close(0.1)
    assert stage.broker.accepted == []


def test_publisher_sessions_lost_repeatedly_lose_nothing(stage: Stage) -> None:
    stage.link.start()
    publisher = stage.publisher(pending=50, window=50, batch=7)
    done = threading.Event()

    def flap() -> None:
        while not done.wait(0.002):
            stage.broker.cut()

    thread = threading.Thread(target=flap, daemon=True)
    thread.start()
    ids = stage.publish(publisher, range(1000))
    assert publisher.wait_delivered(E, 30)
    done.set()
    thread.join()

    assert list(dict.fromkeys(stage.accepted())) == ids
    assert stage.outbox.recorded == ids
    assert sorted(stage.outbox.delivered) == sorted(ids)


class Fence:
    """Leases of a test: `valid` by the local clock; `lost` in the database, which may be `down` first."""

    def __init__(self) -> None:
        self.valid = True
        self.lost: set[str] = set()
        self.down = 0
        self.proofs = 0

    def may_send(self, executions: Collection[str | None]) -> bool:
        return self.valid or E not in executions

    def prove(self) -> None:
        self.proofs += 1
        if self.down:
            self.down -= 1
            raise OSError("database down")
        self.valid = True
        if self.lost:
            raise ExecutionsLost(self.lost)


def test_publisher_expired_lease_is_proven_before_sending(stage: Stage) -> None:
    stage.link.start()
    fence = Fence()
    fence.valid, fence.down = False, 1
    publisher = stage.publisher(fence=fence)
    ids = stage.publish(publisher, range(5))
    assert publisher.wait_delivered(E, 10)
    assert stage.accepted() == ids
    assert fence.proofs == 2


def test_publisher_lost_lease_sends_nothing_more(stage: Stage) -> None:
    stage.link.start()
    fence = Fence()
    fence.valid, fence.lost = False, {E}
    publisher = stage.publisher(fence=fence)
    stage.publish(publisher, range(5))
    other = message(1, "execution-2")
    publisher.publish(other)
    assert publisher.wait_delivered("execution-2", 10)
    assert publisher.wait_delivered(E, 10)
    assert stage.accepted() == [other.id]
    with pytest.raises(PublishAborted, match="another process has closed"):
        publisher.publish(message(9))


def test_publisher_execution_lost_in_record_keeps_the_others(stage: Stage) -> None:
    stage.link.start()
    record = stage.outbox.record

    def refusing(new: Any, delivered: Any) -> None:
        if any(one.execution_id == E for one in new):
            raise ExecutionsLost({E})
        record(new, delivered)

    stage.outbox.record = refusing  # type: ignore[method-assign]
    publisher = stage.publisher(gather_seconds=0.05)
    stage.publish(publisher, range(3))
    other = message(1, "execution-2")
    publisher.publish(other)
    assert publisher.wait_delivered("execution-2", 10)
    assert publisher.wait_delivered(E, 10)
    assert stage.accepted() == stage.outbox.recorded == [other.id]


def test_publisher_lease_that_expires_while_sending_ends_the_session(stage: Stage) -> None:
    stage.link.start()
    answers = [True, False]

    class Expiring(Fence):
        def may_send(self, executions: Collection[str | None]) -> bool:
            return answers.pop(0) if answers else self.valid

    publisher = stage.publisher(fence=Expiring())
    ids = stage.publish(publisher, range(1))
    assert publisher.wait_delivered(E, 10)
    assert answers == []
    assert stage.accepted() == ids
