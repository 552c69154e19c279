"""The performance metrics of an execution, as they are stored."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .execution import ExecutionOutcome


def performance_metrics(
    outcome: ExecutionOutcome,
    *,
    publish_latency: Mapping[str, float | None] | None = None,
    retries: int = 0,
    undelivered: int = 0,
    database_seconds: float = 0.0,
    realtime: bool = False,
) -> dict[str, Any]:
    """The `performance_metrics` of an execution; all times in seconds.

    `publish_latency` holds p50, p95 and p99 from the send to the broker's receipt.
    """
    sent = outcome.messages_by_type
    latency = publish_latency or {}
    metrics: dict[str, Any] = {
        "reason": outcome.reason,
        "realtime": realtime,
        "simulated_seconds": round(outcome.simulated_seconds, 6),
        "wall_seconds": round(outcome.wall_seconds, 6),
        "run_number": outcome.run_number,
        "stf_count": outcome.stf_count,
        "stf_per_second": _rate(outcome.stf_count, outcome.wall_seconds),
        "messages": sum(sent.values()),
        "messages_by_type": sent,
        "publish_latency": {name: latency.get(name) for name in ("p50", "p95", "p99")},
        "retries": retries,
        "undelivered": undelivered,
        "database_seconds": round(database_seconds, 6),
    }
    if outcome.stop_reason:
        metrics["stop_reason"] = outcome.stop_reason
    if outcome.lateness is not None:
        metrics["lateness"] = asdict(outcome.lateness)
    return metrics


def _rate(count: int, seconds: float) -> float | None:
    return round(count / seconds, 3) if count and seconds > 0 else None
