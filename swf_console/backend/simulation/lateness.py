"""How late events were, counted in buckets: the same few kilobytes for ten events or ten million."""

import math
from dataclasses import dataclass

SMALLEST = 1e-6
PER_OCTAVE = 8
BUCKETS = 40 * PER_OCTAVE


@dataclass(frozen=True, slots=True)
class LatenessSummary:
    """Wall seconds between when events were due and when they happened; `last` is the drift at the end."""

    events: int
    p50: float
    p99: float
    max: float
    last: float


class Lateness:
    """A histogram over logarithmic buckets; percentiles are right to 9 %."""

    def __init__(self) -> None:
        self._counts = [0] * BUCKETS
        self._events = 0
        self._max = 0.0
        self._last = 0.0

    def add(self, seconds: float) -> None:
        """Count one event that was `seconds` late."""
        if not math.isfinite(seconds):
            return
        bucket = math.ceil(PER_OCTAVE * math.log2(seconds / SMALLEST)) if seconds > SMALLEST else 0
        self._counts[min(bucket, BUCKETS - 1)] += 1
        self._events += 1
        self._last = seconds
        self._max = max(self._max, seconds)

    def percentile(self, share: float) -> float:
        """The lateness that `share` (0 to 1) of the events did not exceed."""
        wanted = math.ceil(share * self._events)
        seen = 0
        for bucket, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(self._max, SMALLEST * 2 ** (bucket / PER_OCTAVE))
        return 0.0

    def summary(self) -> LatenessSummary:
        """What is worth keeping."""
        return LatenessSummary(
            self._events, self.percentile(0.5), self.percentile(0.99), self._max, self._last
        )
