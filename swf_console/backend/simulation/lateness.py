"""How late the events of a paced run were."""

import math
from dataclasses import dataclass

from ..durations import Durations

FRESH = 1000


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
        self._fresh: list[float] = []
        self._durations = Durations()
        self._last = 0.0

    def add(self, seconds: float) -> None:
        """Note one event that was `seconds` late; where nothing is scheduled, nothing is.

        This is done in the moment when the event is due, so it is counted later, a thousand at a time.
        """
        self._fresh.append(seconds)
        if len(self._fresh) == FRESH:
            self._count()

    def _count(self) -> None:
        fresh, self._fresh = self._fresh, []
        for seconds in fresh:
            if math.isfinite(seconds):
                self._durations.add(seconds)
                self._last = seconds

    def summary(self) -> LatenessSummary:
        """What is worth keeping."""
        self._count()
        late = self._durations
        return LatenessSummary(
            late.count, late.percentile(0.5) or 0.0, late.percentile(0.99) or 0.0, late.longest, self._last
        )
