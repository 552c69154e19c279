"""How simulated time passes: as fast as possible, or paced by the wall clock."""

import math
import time
from dataclasses import dataclass
from typing import Protocol

from simpy import Environment

from ..core.durations import DurationHistogram
from .ports import StopSignal

BATCH = 1000


@dataclass(frozen=True, slots=True)
class LatenessSummary:
    """Wall seconds between when events were due and when they happened; `last` is the drift at the end."""

    events: int
    p50: float
    p99: float
    max: float
    last: float


class Lateness:
    """Counts how late each event was."""

    def __init__(self) -> None:
        self._uncounted: list[float] = []
        self._durations = DurationHistogram()
        self._last = 0.0

    def add(self, seconds: float) -> None:
        """Record one event that was `seconds` late (not finite if nothing was scheduled).

        Called when an event is due, so the statistics are computed later, a thousand at a time.
        """
        self._uncounted.append(seconds)
        if len(self._uncounted) == BATCH:
            self._count()

    def _count(self) -> None:
        fresh, self._uncounted = self._uncounted, []
        for seconds in fresh:
            if math.isfinite(seconds):
                self._durations.add(seconds)
                self._last = seconds

    def summary(self) -> LatenessSummary:
        """The statistics so far."""
        self._count()
        late = self._durations
        return LatenessSummary(
            late.count, late.percentile(0.5) or 0.0, late.percentile(0.99) or 0.0, late.longest, self._last
        )


LONGEST_WAIT = 3600.0
NEVER = float("inf")


class Clock(Protocol):
    """Steps the simulation until a stop is requested; what a step raises ends it too."""

    def run(self, env: Environment, stop: StopSignal) -> None:
        """Step until stopped."""

    def lateness(self) -> LatenessSummary | None:
        """How late the events were; None if no event was due at a wall-clock time."""


class FastClock:
    """As fast as SimPy and the sends allow."""

    def run(self, env: Environment, stop: StopSignal) -> None:
        """Step until stopped."""
        step = env.step
        while not stop.is_set:
            step()

    def lateness(self) -> LatenessSummary | None:
        """None: no event has a due time."""
        return None


class RealtimeClock:
    """An event of simulated time t is due t / `factor` wall seconds after the start.

    The schedule is absolute, so that lateness never adds up: a late event is processed immediately, and the
    following events keep their due times.
    """

    def __init__(self, factor: float = 1.0) -> None:
        if not factor > 0:
            raise ValueError(f"the factor of a clock must be greater than 0: {factor}")
        self._factor = factor
        self._lateness = Lateness()

    def run(self, env: Environment, stop: StopSignal) -> None:
        """Step when each event is due, until stopped; a stop request ends the wait immediately."""
        start = time.monotonic() - env.now / self._factor
        while not stop.is_set:
            due = start + env.peek() / self._factor
            late = time.monotonic() - due
            while late < 0 and due != NEVER:
                if stop.wait(min(-late, LONGEST_WAIT)):
                    return
                late = time.monotonic() - due
            self._lateness.add(late)
            env.step()

    def lateness(self) -> LatenessSummary:
        """How late the events were."""
        return self._lateness.summary()
