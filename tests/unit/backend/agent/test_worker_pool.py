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


def test_terms_due_spreads_workers_over_the_ramp_up() -> None:
    ours = crew(30)
    assert ours.due(START) == []
    assert len(ours.due(START + timedelta(seconds=100))) == 10
    assert len(ours.due(START + timedelta(seconds=300))) == 30


def test_worker_pool_assign_is_in_order_of_arrival() -> None:
    ours = crew(2)
    ours.free.extend(["a", "b"])
    ours.waiting.extend(piece(number) for number in range(3))
    begun = ours.assign(START, 10.0)
    assert [(job.worker, job.piece.slice_id) for job in begun] == [("a", 0), ("b", 1)]
    assert (ours.next_end(), len(ours.waiting)) == (40.0, 1)
    assert ours.pop_finished(39.9) == []
    assert ours.pop_finished(40.0) == begun
    assert ours.next_end() is None


def test_worker_pool_uncovered_requests_one_slice_per_worker() -> None:
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


def test_worker_pool_instant_slices_come_in_batches_once_workers_exist() -> None:
    ours = crew(3, share=[], seconds=0)
    assert ours.uncovered() == 0
    ours.free.append("a")
    assert ours.uncovered() == AT_ONCE
    assert ours.worker_for(piece(1)) == ours.worker_for(piece(1)) == "a"


@pytest.mark.parametrize("count", [1, 7, 15, 150, 400])
def test_cut_slices_share_all_tfs_of_the_sample(count: int) -> None:
    made = cut(Sample("a_tf_001.tf", "a.stf", 100, 150), count, 100010, {})
    assert [one.slice_id for one in made] == list(range(count))
    assert sum(one.tf_count for one in made) == 150
    assert (made[0].tf_first, made[-1].tf_last) == (100, 249)
    assert all(one.tf_last - one.tf_first + 1 == one.tf_count for one in made)
    assert all(one.tf_last + 1 == other.tf_first for one, other in itertools.pairwise(made))
    assert max(one.tf_count for one in made) - min(one.tf_count for one in made) <= 1


def test_timer_queue_calls_in_time_order_and_retries_failures(
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
