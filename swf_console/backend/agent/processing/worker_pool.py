"""The workers of one run in one process: the free ones, the busy ones, and the waiting slices."""

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

# a number of a message: it must not make a list that fills the memory
MOST_WORKERS = 100_000
WORKERS = 30
AT_ONCE = 500  # batch size of slices that take no time


@dataclass(frozen=True, slots=True)
class Terms:
    """The workers that a run requests; times in seconds of the wall clock. `asked_at`: time of the request.

    `queue` is the queue of its slices.
    """

    run_number: int
    workers: int
    processing_time: float
    rampup_time: float
    rampdown_time: float
    asked_at: datetime
    queue: str = SLICES_QUEUE

    def due(self, number: int) -> datetime:
        """When a worker starts: evenly spread over the ramp-up time, the last at its end."""
        return self.asked_at + timedelta(seconds=self.rampup_time * (number + 1) / self.workers)


def terms_of(notice: Message, *, realtime: bool) -> Terms:
    """The terms in the content of a run_imminent_worker message. Raises BadMessage.

    In fast mode all times are 0.
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
    """A slice and the worker that processes it."""

    piece: Slice
    worker: str
    began: datetime
    ends: float


@dataclass(slots=True)
class WorkerPool:
    """Not thread-safe: the owner locks. `notice` is not acknowledged until the last worker has ended."""

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
        """The run of these workers."""
        return self.terms.run_number

    @property
    def instant(self) -> bool:
        """Whether a slice takes no time."""
        return self.terms.processing_time <= 0

    def worker_id(self, number: int) -> str:
        """The name of a worker; it does not depend on the process."""
        return f"run-{self.run_number}-worker-{number:05d}"

    def due(self, now: datetime) -> list[int]:
        """The workers of this process that are due and not started."""
        return list(itertools.takewhile(lambda number: self.terms.due(number) <= now, self.mine))

    def overdue(self, before: datetime) -> list[int]:
        """The workers that were due `before`, and do not run in this process."""
        ours = {*self.free, *(job.worker for job in self.busy.values())}
        due = itertools.takewhile(lambda n: self.terms.due(n) <= before, range(self.terms.workers))
        return [number for number in due if self.worker_id(number) not in ours]

    def uncovered(self) -> int:
        """How many more slices to request; 0 while another subscription is not worth it.

        Each subscription has its own prefetch, and a broker serves few of them faster than many.
        """
        members = len(self.free) + len(self.busy)
        wanted = max(members, AT_ONCE) if self.instant and members else members
        missing = wanted - self.covered
        return missing if missing > self.covered // 8 or not self.mine else 0

    def worker_for(self, piece: Slice) -> str:
        """A free worker for a slice that takes no time; a repeated slice gets the same worker."""
        return self.free[zlib.crc32(piece.req_id.encode()) % len(self.free)]

    def assign(self, now: datetime, clock: float) -> list[Job]:
        """Assign the waiting slices to free workers."""
        jobs = []
        while self.waiting and self.free:
            piece = self.waiting.popleft()
            job = Job(piece, self.free.popleft(), now, clock + self.terms.processing_time)
            self.busy[piece.source.id] = job
            jobs.append(job)
        return jobs

    def pop_finished(self, clock: float) -> list[Job]:
        """Remove and return the finished jobs; the caller returns their workers to `free`."""
        done = []
        # in order of start, and all take the same time: the first that has not ended ends the search
        for key in list(itertools.takewhile(lambda key: self.busy[key].ends <= clock, self.busy)):
            done.append(self.busy.pop(key))
        return done

    def next_end(self) -> float | None:
        """When the next slice is finished: all take the same time, so the first started ends first."""
        return next((job.ends for job in self.busy.values()), None)

    def beats(self, now: datetime) -> list[WorkerBeat]:
        """The heartbeat of each worker of this process."""
        idle = [WorkerBeat(worker, IDLE, now) for worker in self.free]
        return idle + [
            WorkerBeat(job.worker, PROCESSING, now, job.piece.slice_id, job.piece.tf_filename)
            for job in self.busy.values()
        ]
