"""Durations counted in logarithmic buckets: the same few kilobytes for ten of them or ten million."""

import math

SHORTEST = 1e-6
PER_OCTAVE = 8
OCTAVES = 40


class Durations:
    """Counts durations in seconds, from a microsecond to twelve days; percentiles are right to 9 %."""

    def __init__(self) -> None:
        self._counts = [0] * (OCTAVES * PER_OCTAVE)
        self.count = 0
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration; what is out of range is counted at the edge, what is no number not at all."""
        if not math.isfinite(seconds):
            return
        bucket = math.ceil(PER_OCTAVE * math.log2(seconds / SHORTEST)) if seconds > SHORTEST else 0
        self._counts[min(bucket, len(self._counts) - 1)] += 1
        self.count += 1
        self.longest = max(self.longest, seconds)

    def percentile(self, share: float) -> float | None:
        """The duration that `share` (0 to 1) of all did not exceed; None where nothing was counted."""
        wanted = math.ceil(share * self.count)
        seen = 0
        for bucket, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(self.longest, SHORTEST * 2 ** (bucket / PER_OCTAVE))
        return None
