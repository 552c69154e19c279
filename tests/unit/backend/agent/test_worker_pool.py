"""The workers of a run in one process: when they come, what they are given; calls at a time to come."""

import itertools
import threading
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from swf_console.backend.agent.executor import TimerQueue
from swf_console.backend.agent.message import ExecutionView, Message
from swf_console.backend.agent.processing.slices import Sample, Slice, cut
from swf_console.backend.agent.processing.worker_pool import AT_ONCE, Terms, WorkerPool
from swf_console.backend.messaging.message import read

START = datetime(2026, 1, 1, tzinfo=UTC)


def crew(
    workers: int, *, share: Sequence[int] | None = None, seconds: float = 30.0, rampup: float = 300
) -> WorkerPool:
    terms = Terms(100010, workers, seconds, rampup, 60.0, START)
    return WorkerPool(message("notice"), terms, deque(range(workers) if share is None else share))


def message(identity: str) -> Message:
    return Message(read({"message-id": identity}, "{}"), ExecutionView())


def piece(number: int) -> Slice:
    source = message(f"slice {number}")
    return Slice(source, 100010, f"a_tf_001_slice_{number:03d}.tf", number, f"request {number}")


def test_workers_come_evenly_and_the_last_when_the_ramp_up_is_over() -> None:
    ours = crew(30)
    assert ours.due(START) == []
    assert len(ours.due(START + timedelta(seconds=100))) == 10
    assert len(ours.due(START + timedelta(seconds=300))) == 30


def test_slices_are_given_to_who_is_free_in_the_order_of_their_coming() -> None:
    ours = crew(2)
    ours.free.extend(["a", "b"])
    ours.waiting.extend(piece(number) for number in range(3))
    begun = ours.assign(START, 10.0)
    assert [(job.worker, job.piece.slice_id) for job in begun] == [("a", 0), ("b", 1)]
    assert (ours.next_end(), len(ours.waiting)) == (40.0, 1)
    assert ours.pop_finished(39.9) == []
    assert ours.pop_finished(40.0) == begun
    assert ours.next_end() is None


def test_the_broker_gives_as_many_slices_as_there_are_workers_in_few_subscriptions() -> None:
    ours, feeds = crew(1000), []
    while ours.mine:
        ours.free.append(ours.worker_id(ours.mine.popleft()))
        if more := ours.uncovered():
            ours.covered += more
            feeds.append(more)
        uncovered = len(ours.free) - ours.covered
        assert uncovered <= len(ours.free) / 8  # who has no feed has nothing to do
    assert ours.covered == 1000
    assert len(feeds) < 50


def test_slices_that_take_no_time_come_in_batches_but_only_to_who_has_a_worker() -> None:
    ours = crew(3, share=[], seconds=0)
    assert ours.uncovered() == 0
    ours.free.append("a")
    assert ours.uncovered() == AT_ONCE
    assert ours.worker_for(piece(1)) == ours.worker_for(piece(1)) == "a"


@pytest.mark.parametrize("count", [1, 7, 15, 150, 400])
def test_the_slices_of_a_sample_share_its_tfs_and_leave_none_out(count: int) -> None:
    made = cut(Sample("a_tf_001.tf", "a.stf", 100, 150), count, 100010, {})
    assert [one.slice_id for one in made] == list(range(count))
    assert sum(one.tf_count for one in made) == 150
    assert (made[0].tf_first, made[-1].tf_last) == (100, 249)
    assert all(one.tf_last - one.tf_first + 1 == one.tf_count for one in made)
    assert all(one.tf_last + 1 == other.tf_first for one, other in itertools.pairwise(made))
    assert max(one.tf_count for one in made) - min(one.tf_count for one in made) <= 1


def test_calls_come_in_the_order_of_their_time_and_one_that_fails_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("swf_console.backend.agent.executor.RETRY_SECONDS", 0.01)
    schedule, called, done = TimerQueue(), [], threading.Event()

    def failing() -> None:
        called.append("fails")
        if called.count("fails") < 2:
            raise RuntimeError("not now")
        done.set()

    schedule.after(0.05, failing)
    schedule.after(0.02, lambda: called.append("second"))
    schedule.after(0.0, lambda: called.append("first"))
    assert done.wait(5)
    schedule.close(1)
    schedule.after(0, lambda: called.append("too late"))
    assert called == ["first", "second", "fails", "fails"]
