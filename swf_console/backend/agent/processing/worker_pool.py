"""The workers of one run in one process: which are free, which have a slice, and which slices wait."""

import itertools
import zlib
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ...core.destinations import SLICES_QUEUE
from ...database.records.processing import WorkerBeat
from ...database.workers import IDLE, PROCESSING
from ..message import Message
from .slices import Slice

MOST_WORKERS = 100_000
WORKERS = 30
AT_ONCE = 500  # slices that take no time are given out in batches


@dataclass(frozen=True, slots=True)
class Terms:
    """What a run requests of its workers; times in seconds of the wall clock. `asked_at` is when it did.

    `queue` is where its slices wait.
    """

    run_number: int
    workers: int
    processing_time: float
    rampup_time: float
    rampdown_time: float
    asked_at: datetime
    queue: str = SLICES_QUEUE

    def due(self, number: int) -> datetime:
        """When a worker is to be there: they come evenly, the last when the ramp-up time is over."""
        return self.asked_at + timedelta(seconds=self.rampup_time * (number + 1) / self.workers)


def terms_of(notice: Message, *, realtime: bool) -> Terms:
    """The terms of a run_imminent_worker notice, whose content this is. Raises BadMessage.

    A run in fast mode takes no time, and neither do its workers.
    """

    def seconds(name: str) -> float:
        return max(0.0, notice.number(name, 0.0)) if realtime else 0.0

    return Terms(
        run_number=notice.run_number,
        workers=min(notice.integer("target_worker_count", WORKERS), MOST_WORKERS),
        processing_time=seconds("slice_processing_time"),
        rampup_time=seconds("worker_rampup_time"),
        rampdown_time=seconds("worker_rampdown_time"),
        asked_at=notice.time,
        queue=notice.text("slice_destination", None) or SLICES_QUEUE,
    )


@dataclass(slots=True)
class Job:
    """A slice with the worker that has it."""

    piece: Slice
    worker: str
    began: datetime
    ends: float


@dataclass(slots=True)
class WorkerPool:
    """Not thread-safe: its owner sees to that. `notice` is kept until the last worker has gone."""

    notice: Message
    terms: Terms
    mine: deque[int]
    free: deque[str] = field(default_factory=deque)
    busy: dict[str, Job] = field(default_factory=dict)
    waiting: deque[Slice] = field(default_factory=deque)
    covered: int = 0
    over_since: float | None = None

    @property
    def run_number(self) -> int:
        """The run they work for."""
        return self.terms.run_number

    @property
    def instant(self) -> bool:
        """Whether a slice takes no time."""
        return self.terms.processing_time <= 0

    def worker_id(self, number: int) -> str:
        """The name of a worker, the same whichever process it is."""
        return f"run-{self.run_number}-worker-{number:05d}"

    def due(self, now: datetime) -> list[int]:
        """The workers of our share that are to be there by now, and are not yet."""
        return list(itertools.takewhile(lambda number: self.terms.due(number) <= now, self.mine))

    def overdue(self, before: datetime) -> list[int]:
        """The workers that should have been there `before`, and are not ours."""
        ours = {*self.free, *(job.worker for job in self.busy.values())}
        due = itertools.takewhile(lambda n: self.terms.due(n) <= before, range(self.terms.workers))
        return [number for number in due if self.worker_id(number) not in ours]

    def uncovered(self) -> int:
        """How many more slices the broker should give us; 0 as long as that is hardly worth another feed."""
        members = len(self.free) + len(self.busy)
        wanted = max(members, AT_ONCE) if self.instant and members else members
        missing = wanted - self.covered
        return missing if missing > self.covered // 8 or not self.mine else 0

    def worker_for(self, piece: Slice) -> str:
        """A free worker, for a slice that takes no time: the same one if it comes again."""
        return self.free[zlib.crc32(piece.req_id.encode()) % len(self.free)]

    def assign(self, now: datetime, clock: float) -> list[Job]:
        """Give the waiting slices to free workers."""
        jobs = []
        while self.waiting and self.free:
            piece = self.waiting.popleft()
            job = Job(piece, self.free.popleft(), now, clock + self.terms.processing_time)
            self.busy[piece.source.id] = job
            jobs.append(job)
        return jobs

    def pop_finished(self, clock: float) -> list[Job]:
        """The slices whose time is over; their workers are free again once they are back in `free`."""
        done = []
        for key in list(itertools.takewhile(lambda key: self.busy[key].ends <= clock, self.busy)):
            done.append(self.busy.pop(key))
        return done

    def next_end(self) -> float | None:
        """When the next slice is finished: all take the same time, so the first started is the first done."""
        return next((job.ends for job in self.busy.values()), None)

    def beats(self, now: datetime) -> list[WorkerBeat]:
        """The heartbeat of each of our workers."""
        idle = [WorkerBeat(worker, IDLE, now) for worker in self.free]
        return idle + [
            WorkerBeat(job.worker, PROCESSING, now, job.piece.slice_id, job.piece.tf_filename)
            for job in self.busy.values()
        ]
