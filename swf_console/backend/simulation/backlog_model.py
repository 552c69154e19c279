"""The queue of slices over time: by a formula, and by a SimPy model that gives the same numbers."""

import math
from bisect import bisect_right
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import simpy

from .capacity import Workload

Method = Literal["formula", "model"]

POINTS = 120
MOST_MODELLED = 30_000


@dataclass(frozen=True, slots=True)
class BacklogPoint:
    """Slices at a simulated second: waiting for a worker, being processed, finished."""

    tick: float
    waiting: int
    in_work: int
    done: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """The queue of slices; ticks and times in simulated seconds.

    `drain_seconds` counts from `end_run` to the last finished slice; None without workers.
    `unfinished` slices are not done when the ramp-down time after `end_run` ends.
    """

    method: Method
    slices: int
    workers_ready: float
    points: tuple[BacklogPoint, ...]
    peak: int
    peak_tick: float
    waiting_at_end: int
    drain_seconds: float | None
    unfinished: int


def sampled(stf_ticks: Sequence[float], rate: float) -> list[float]:
    """The STFs that a sampling rate selects, evenly spread, always the first: 5 % are the 1st, 21st, ..."""
    return [tick for n, tick in enumerate(stf_ticks) if _share(n + 1, rate) > _share(n, rate)]


def ready_ticks(work: Workload, requested: float) -> list[float]:
    """When each worker is ready: at even intervals, the last when the ramp-up time is over."""
    return [requested + work.rampup_time * (number + 1) / work.workers for number in range(work.workers)]


def starts_by_formula(arrivals: Sequence[float], seconds: float, ready: Sequence[float]) -> list[float]:
    """The start of each slice: when it has arrived and a worker is free.

    Exact for slices that are taken in order and all take the same time: workers then become free in the
    order in which they started.
    """
    starts: list[float] = []
    new = freed = 0
    for arrival in arrivals:
        again = starts[freed] + seconds if freed < len(starts) else math.inf
        if new < len(ready) and ready[new] <= again:
            free, new = ready[new], new + 1
        else:
            free, freed = again, freed + 1
        starts.append(max(arrival, free))
    return starts


def starts_by_model(arrivals: Sequence[float], seconds: float, ready: Sequence[float]) -> list[float]:
    """starts_by_formula() from a SimPy model: workers become ready, then take one slice after the other."""
    env = simpy.Environment(0.0)
    queue = simpy.Store(env)
    starts: list[float] = []

    def daq() -> Generator[simpy.Event, Any, None]:
        for arrival in arrivals:
            yield env.timeout(max(0.0, arrival - env.now))
            queue.put(arrival)

    def worker(tick: float) -> Generator[simpy.Event, Any, None]:
        yield env.timeout(tick)
        while True:
            yield queue.get()
            starts.append(env.now)
            yield env.timeout(seconds)

    env.process(daq())
    for tick in ready[: len(arrivals)]:
        env.process(worker(tick))
    env.run()
    return starts


def predict_backlog(
    stf_ticks: Sequence[float],
    work: Workload,
    *,
    run_imminent: float,
    end_run: float,
    method: Method = "formula",
) -> Backlog | None:
    """The backlog of the slices of these STFs; None if they are too many for the model (30,000).

    The last worker is ready `rampup_time` after `run_imminent`; messages take no time.
    """
    ticks = sampled(stf_ticks, work.stf_sampling_rate)
    arrivals = [tick for tick in ticks for _ in range(work.slices_per_sample)]
    if method == "model" and len(arrivals) > MOST_MODELLED:
        return None
    ready = ready_ticks(work, run_imminent)
    starts: list[float] = []
    if ready:
        by = starts_by_model if method == "model" else starts_by_formula
        starts = by(arrivals, work.slice_processing_time, ready)
    flow = _SliceCounts(arrivals, starts, work.slice_processing_time)
    peak, peak_tick = flow.peak()
    last = starts[-1] + work.slice_processing_time if starts else end_run
    return Backlog(
        method=method,
        slices=len(arrivals),
        workers_ready=run_imminent + work.rampup_time,
        points=flow.points(run_imminent, max(last, end_run)),
        peak=peak,
        peak_tick=peak_tick,
        waiting_at_end=flow.at(end_run).waiting,
        drain_seconds=max(0.0, last - end_run) if ready or not arrivals else None,
        unfinished=len(arrivals) - flow.at(end_run + work.rampdown_time).done,
    )


@dataclass(frozen=True, slots=True)
class _SliceCounts:
    """When slices arrive and when they are started, both in order."""

    arrivals: Sequence[float]
    starts: Sequence[float]
    seconds: float

    def at(self, tick: float) -> BacklogPoint:
        created = bisect_right(self.arrivals, tick)
        started = bisect_right(self.starts, tick)
        done = bisect_right(self.starts, tick - self.seconds)
        return BacklogPoint(tick, created - started, started - done, done)

    def points(self, first: float, last: float) -> tuple[BacklogPoint, ...]:
        step = (last - first) / (POINTS - 1)
        return tuple(self.at(first + n * step if n < POINTS - 1 else last) for n in range(POINTS))

    def peak(self) -> tuple[int, float]:
        """The longest queue and its tick: only an arrival can make the queue longer."""
        highest, when = 0, self.arrivals[0] if self.arrivals else 0.0
        for n, tick in enumerate(islice(self.arrivals, 1, None), 1):
            if tick == self.arrivals[n - 1]:
                continue
            waiting = n - bisect_right(self.starts, self.arrivals[n - 1])
            if waiting > highest:
                highest, when = waiting, self.arrivals[n - 1]
        if self.arrivals:
            waiting = len(self.arrivals) - bisect_right(self.starts, self.arrivals[-1])
            if waiting > highest:
                highest, when = waiting, self.arrivals[-1]
        return highest, when


def _share(stfs: int, rate: float) -> int:
    """How many of the first `stfs` are sampled: rounded up, as the agents do."""
    return math.ceil(stfs * rate - 1e-9) if stfs else 0
