"""Metrics in the text format of Prometheus."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from ..backend.database.metrics import DatabaseMetrics, Latency
from .ingest import IngestState


@dataclass(frozen=True, slots=True)
class MonitorStats:
    """Counters and states of the monitor process itself."""

    errors: Mapping[str, int]
    streamed: Mapping[str, int]
    clients: int
    cut_off: int
    broker_up: bool
    ingest: IngestState | None


def exposition(database: DatabaseMetrics | None, stats: MonitorStats) -> bytes:
    """The text of `/metrics`; `database` is None if the database did not answer."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_FixedMetrics([*_of_database(database), *_of_monitor(stats)]))
    return generate_latest(registry)


class _FixedMetrics(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _of_database(database: DatabaseMetrics | None) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "swf_database_up", "Whether the database answers", value=int(database is not None)
    )
    if database is None:
        return
    yield _by_status("swf_executions", "Executions by status", database.executions)
    yield _by_status("swf_slices", "TF slices by status", database.slices)
    yield _by_status("swf_workers", "Workers by status", database.workers)
    messages = GaugeMetricFamily(
        "swf_messages_recent",
        "Messages of the last hour, the newest 20,000 at most, by type and delivery",
        labels=("type", "delivered"),
    )
    for one in database.messages:
        messages.add_metric((one.message_type, "true" if one.delivered else "false"), one.count)
    yield messages
    yield GaugeMetricFamily(
        "swf_outbox_depth", "Messages of the last hour that no broker confirmed", value=database.outbox_depth
    )
    yield _latency(database.publish_latency)
    yield from _agents(database)


def _agents(database: DatabaseMetrics) -> Iterator[Metric]:
    counts = GaugeMetricFamily("swf_agents", "Agents that have not exited", labels=("state", "status"))
    for one in database.agents:
        counts.add_metric((one.operational_state, one.status), one.count)
    yield counts
    ages = GaugeMetricFamily(
        "swf_agent_heartbeat_age_seconds", "Time since the last heartbeat of an agent", labels=("agent",)
    )
    for name, age in sorted(database.heartbeat_ages.items()):
        ages.add_metric((name,), age)
    yield ages


def _of_monitor(stats: MonitorStats) -> Iterator[Metric]:
    errors = CounterMetricFamily("swf_errors", "Errors of the monitor", labels=("backend",))
    for backend, count in sorted(({"database": 0} | dict(stats.errors)).items()):
        errors.add_metric((backend,), count)
    yield errors
    yield GaugeMetricFamily("swf_broker_up", "Whether the broker is connected", value=int(stats.broker_up))
    streamed = CounterMetricFamily(
        "swf_messages_streamed", "Messages streamed since the start", labels=("type",)
    )
    for message_type, count in sorted(stats.streamed.items()):
        streamed.add_metric((message_type,), count)
    yield streamed
    yield GaugeMetricFamily("swf_stream_clients", "Clients of the live stream", value=stats.clients)
    yield CounterMetricFamily(
        "swf_stream_clients_cut_off", "Clients cut off because they were too slow", value=stats.cut_off
    )
    if stats.ingest is not None:
        yield from _of_ingest(stats.ingest)


def _of_ingest(ingest: IngestState) -> Iterator[Metric]:
    recorder = ingest.recorder
    yield CounterMetricFamily("swf_messages_recorded", "Messages stored", value=recorder.stored)
    yield CounterMetricFamily(
        "swf_messages_unreadable", "Messages that are not a JSON object", value=recorder.unreadable
    )
    yield GaugeMetricFamily(
        "swf_recorder_active",
        "Whether this monitor records; 0 while another one of the database does",
        value=int(recorder.subscribed and not ingest.standby),
    )
    yield GaugeMetricFamily(
        "swf_recorder_durable",
        "Whether the broker stores messages while no monitor is connected",
        value=int(recorder.durable),
    )
    yield CounterMetricFamily(
        "swf_recorder_gaps", "Times without a connection in which messages were missed", value=ingest.gaps
    )
    yield CounterMetricFamily(
        "swf_recorder_missed_messages", "Messages missed, by the broker's counters", value=ingest.missed
    )
    yield CounterMetricFamily(
        "swf_recorder_gaps_of_unknown_size",
        "Gaps of which the broker gave no size",
        value=ingest.unknown_gaps,
    )


def _by_status(name: str, about: str, counts: Mapping[str, int]) -> Metric:
    metric = GaugeMetricFamily(name, about, labels=("status",))
    for status, count in sorted(counts.items()):
        metric.add_metric((status,), count)
    return metric


def _latency(latency: Latency) -> Metric:
    buckets = [(edge, float(count)) for edge, count in latency.at_most.items()]
    return HistogramMetricFamily(
        "swf_publish_latency_seconds",
        "From sending a message to the broker's confirmation, of the last hour",
        buckets=[*buckets, ("+Inf", float(latency.count))],
        sum_value=latency.sum,
    )
