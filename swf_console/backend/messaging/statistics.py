"""Figures of one execution's messages, in memory that does not grow with their number."""

import math
from collections import Counter
from dataclasses import dataclass, field

FASTEST = 1e-5
STEPS_PER_DECADE = 40
BUCKETS = 8 * STEPS_PER_DECADE


@dataclass(frozen=True, slots=True)
class PublishStatistics:
    """What was published for one execution; latencies are seconds from publish() to the receipt."""

    messages_by_type: dict[str, int] = field(default_factory=dict)
    delivered: int = 0
    undelivered: int = 0
    resent: int = 0
    latency_p50: float | None = None
    latency_p95: float | None = None
    latency_p99: float | None = None
    outbox_seconds: float = 0.0


class Histogram:
    """Durations in logarithmic buckets: a percentile is right within 6 percent, from 10 us to 1000 s."""

    def __init__(self) -> None:
        self._counts = [0] * (BUCKETS + 1)
        self._total = 0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        place = int(math.log10(seconds / FASTEST) * STEPS_PER_DECADE) + 1 if seconds > FASTEST else 0
        self._counts[min(place, BUCKETS)] += 1
        self._total += 1

    def percentile(self, share: float) -> float | None:
        """The upper bound (seconds) of the bucket in which that share of all durations is reached."""
        wanted = share * self._total
        reached = 0
        for place, count in enumerate(self._counts):
            reached += count
            if count and reached >= wanted:
                return float(FASTEST * 10 ** (place / STEPS_PER_DECADE))
        return None


class Tally:
    """The running figures of one execution."""

    def __init__(self) -> None:
        self.by_type: Counter[str] = Counter()
        self.latency = Histogram()
        self.published = 0
        self.delivered = 0
        self.resent = 0
        self.outbox_seconds = 0.0

    @property
    def undelivered(self) -> int:
        """Published, and not yet both confirmed by the broker and written down as such."""
        return self.published - self.delivered

    def snapshot(self) -> PublishStatistics:
        """The figures as they are now."""
        return PublishStatistics(
            messages_by_type=dict(self.by_type),
            delivered=self.delivered,
            undelivered=self.undelivered,
            resent=self.resent,
            latency_p50=self.latency.percentile(0.50),
            latency_p95=self.latency.percentile(0.95),
            latency_p99=self.latency.percentile(0.99),
            outbox_seconds=self.outbox_seconds,
        )
