"""Statistics of one execution's messages, in memory that does not grow with their number."""

from dataclasses import dataclass

from ..core.durations import DurationHistogram


@dataclass(frozen=True, slots=True)
class PublishStatistics:
    """Statistics of one execution's messages; latencies are seconds from publish() to the receipt."""

    delivered: int = 0
    undelivered: int = 0
    resent: int = 0
    latency_p50: float | None = None
    latency_p95: float | None = None
    latency_p99: float | None = None
    outbox_seconds: float = 0.0


class PublishCounters:
    """The counters of one execution."""

    def __init__(self) -> None:
        self.latency = DurationHistogram()
        self.published = 0
        self.delivered = 0
        self.resent = 0
        self.outbox_seconds = 0.0

    @property
    def undelivered(self) -> int:
        """Published, but not yet both confirmed by the broker and recorded as delivered."""
        return self.published - self.delivered

    def snapshot(self) -> PublishStatistics:
        """The current statistics."""
        return PublishStatistics(
            delivered=self.delivered,
            undelivered=self.undelivered,
            resent=self.resent,
            latency_p50=self.latency.percentile(0.50),
            latency_p95=self.latency.percentile(0.95),
            latency_p99=self.latency.percentile(0.99),
            outbox_seconds=self.outbox_seconds,
        )
