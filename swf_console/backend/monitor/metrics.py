"""The figures as Prometheus reads them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from ..database.figures import Figures
    from ..messaging.recorder import RecorderState

BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)


@dataclass(frozen=True, slots=True)
class Monitor:
    """What the monitor knows of itself."""

    errors: Mapping[str, int]
    streamed: Mapping[str, int]
    clients: int
    cut_off: int
    broker_up: bool
    recorder: "RecorderState | None"


def exposition(figures: "Figures | None", monitor: Monitor) -> bytes:
    """The text of `/metrics`; without `figures` the database did not answer."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected([*_of_database(figures), *_of_monitor(monitor)]))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _of_database(figures: "Figures | None") -> Iterator[Metric]:
    yield GaugeMetricFamily("swf_database_up", "Whether the database answers", value=int(figures is not None))
    if figures is None:
        return
    yield _by_status("swf_executions", "Executions by status", figures.executions)
    yield _by_status("swf_slices", "TF slices by status", figures.slices)
    yield _by_status("swf_workers", "Workers by status", figures.workers)
    messages = GaugeMetricFamily(
        "swf_messages_recent",
        "Messages of the last hour, the newest 20,000 at most, by type and delivery",
        labels=("type", "delivered"),
    )
    for (kind, delivered), count in sorted(figures.messages.items()):
        messages.add_metric((kind, "true" if delivered else "false"), count)
    yield messages
    yield GaugeMetricFamily(
        "swf_outbox_depth", "Messages of the last hour that no broker confirmed", value=figures.undelivered
    )
    yield _latency(figures.latencies)
    yield from _agents(figures)


def _agents(figures: "Figures") -> Iterator[Metric]:
    states: dict[tuple[str, str], int] = {}
    ages = GaugeMetricFamily(
        "swf_agent_heartbeat_age_seconds", "Time since an agent was heard of", labels=("agent",)
    )
    now = datetime.now(UTC)
    for agent in figures.agents:
        key = (agent.operational_state, agent.status)
        states[key] = states.get(key, 0) + 1
        if agent.last_heartbeat is not None:
            age = max(0.0, (now - agent.last_heartbeat).total_seconds())
            ages.add_metric((agent.instance_name,), age)
    counts = GaugeMetricFamily("swf_agents", "Agents that have not ended", labels=("state", "status"))
    for labels, count in sorted(states.items()):
        counts.add_metric(labels, count)
    yield counts
    yield ages


def _of_monitor(monitor: Monitor) -> Iterator[Metric]:
    errors = CounterMetricFamily("swf_errors", "Errors that the monitor met", labels=("backend",))
    for backend, count in sorted(({"database": 0} | dict(monitor.errors)).items()):
        errors.add_metric((backend,), count)
    yield errors
    yield GaugeMetricFamily("swf_broker_up", "Whether the broker is connected", value=int(monitor.broker_up))
    streamed = CounterMetricFamily("swf_messages_streamed", "Messages since the start", labels=("type",))
    for kind, count in sorted(monitor.streamed.items()):
        streamed.add_metric((kind,), count)
    yield streamed
    yield GaugeMetricFamily("swf_stream_clients", "Clients of the live stream", value=monitor.clients)
    yield CounterMetricFamily("swf_stream_clients_cut_off", "Clients too slow", value=monitor.cut_off)
    if monitor.recorder is not None:
        yield CounterMetricFamily("swf_messages_recorded", "Messages stored", value=monitor.recorder.stored)
        yield CounterMetricFamily(
            "swf_messages_unreadable", "Messages that are no JSON object", value=monitor.recorder.unreadable
        )


def _by_status(name: str, about: str, counts: Mapping[str, int]) -> Metric:
    metric = GaugeMetricFamily(name, about, labels=("status",))
    for status, count in sorted(counts.items()):
        metric.add_metric((status,), count)
    return metric


def _latency(seconds: Sequence[float]) -> Metric:
    buckets = [(str(edge), float(sum(value <= edge for value in seconds))) for edge in BUCKETS]
    return HistogramMetricFamily(
        "swf_publish_latency_seconds",
        "From sending a message to the broker's confirmation, of the last hour",
        buckets=[*buckets, ("+Inf", float(len(seconds)))],
        sum_value=sum(seconds),
    )
