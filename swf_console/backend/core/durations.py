"""DurationHistogram counted in logarithmic buckets: memory does not grow with their number."""

import math

SHORTEST = 1e-6
PER_OCTAVE = 8  # bucket edges are 2 ** (1 / 8) apart: the error of a percentile is below 9 %
OCTAVES = 40


class DurationHistogram:
    """Counts durations in seconds, from 1 microsecond to 12 days; percentiles are accurate to 9 %."""

    def __init__(self) -> None:
        self._counts = [0] * (OCTAVES * PER_OCTAVE)
        self.count = 0
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration; out of range counts in the first or last bucket, NaN is ignored."""
        if not math.isfinite(seconds):
            return
        bucket = math.ceil(PER_OCTAVE * math.log2(seconds / SHORTEST)) if seconds > SHORTEST else 0
        self._counts[min(bucket, len(self._counts) - 1)] += 1
        self.count += 1
        self.longest = max(self.longest, seconds)

    def percentile(self, share: float) -> float | None:
        """The duration that a fraction `share` (0 to 1) did not exceed; None if nothing was counted."""
        wanted = math.ceil(share * self.count)
        seen = 0
        for bucket, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(self.longest, SHORTEST * 2 ** (bucket / PER_OCTAVE))
        return None
