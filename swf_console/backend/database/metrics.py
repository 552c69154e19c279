"""Metrics of the whole database for monitoring, each at a bounded cost."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, func, select

from .sql.types import utc_now
from .tables.agents import agents
from .tables.processing import tf_slices, workers
from .tables.workflows import executions, messages

RECENT = timedelta(hours=1)
MOST_MESSAGES = 20_000
MOST_AGENTS = 500
EDGES = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)

_a = agents.c
_m = messages.c


@dataclass(frozen=True, slots=True)
class MessageCount:
    """The number of messages of a type that are delivered, or not."""

    message_type: str
    delivered: bool
    count: int


@dataclass(frozen=True, slots=True)
class AgentCount:
    """The number of agents in a state."""

    operational_state: str
    status: str
    count: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds from sending to the broker's receipt: how many took at most each of the edges."""

    count: int
    sum: float
    at_most: dict[str, int]


@dataclass(frozen=True, slots=True)
class DatabaseMetrics:
    """Counts by status, messages of the last hour (the newest 20,000), and agents that have not exited.

    `outbox_depth` counts messages without a receipt of the broker; `heartbeat_ages` are seconds by agent.
    """

    executions: dict[str, int]
    slices: dict[str, int]
    workers: dict[str, int]
    messages: tuple[MessageCount, ...]
    outbox_depth: int
    publish_latency: Latency
    agents: tuple[AgentCount, ...]
    heartbeat_ages: dict[str, float]


def collect(connection: Connection) -> DatabaseMetrics:
    """Read all metrics."""
    recent, latency = _recent(connection)
    states, ages = _agents(connection)
    return DatabaseMetrics(
        executions=_by(connection, executions.c.status),
        slices=_by(connection, tf_slices.c.status),
        workers=_by(connection, workers.c.status),
        messages=recent,
        outbox_depth=sum(one.count for one in recent if not one.delivered),
        publish_latency=latency,
        agents=states,
        heartbeat_ages=ages,
    )


def ping(connection: Connection) -> None:
    """Execute a trivial query, to check that the database answers."""
    connection.execute(select(1))


def _by(connection: Connection, column: Column[Any]) -> dict[str, int]:
    query = select(column, func.count()).group_by(column)
    return {row[0]: row[1] for row in sorted(connection.execute(query), key=lambda row: str(row[0]))}


def _recent(connection: Connection) -> tuple[tuple[MessageCount, ...], Latency]:
    since = utc_now() - RECENT
    query = select(_m.message_type, _m.sent_at, _m.delivered_at, _m.is_successful).where(_m.sent_at >= since)
    rows = connection.execute(query.order_by(_m.sent_at.desc()).limit(MOST_MESSAGES)).all()
    counts = Counter(
        (row.message_type, row.delivered_at is not None or bool(row.is_successful)) for row in rows
    )
    seconds = [_seconds(row.sent_at, row.delivered_at) for row in rows if row.delivered_at is not None]
    return tuple(MessageCount(*key, count) for key, count in sorted(counts.items())), _latency(seconds)


def _latency(seconds: Sequence[float]) -> Latency:
    at_most = {str(edge): sum(value <= edge for value in seconds) for edge in EDGES}
    return Latency(len(seconds), round(sum(seconds), 6), at_most)


def _agents(connection: Connection) -> tuple[tuple[AgentCount, ...], dict[str, float]]:
    query = select(_a.instance_name, _a.operational_state, _a.status, _a.last_heartbeat)
    present = query.where(_a.operational_state != "EXITED")
    newest = present.order_by(_a.last_heartbeat.desc().nulls_last()).limit(MOST_AGENTS)
    rows = connection.execute(newest).all()
    counts = Counter((row.operational_state, row.status) for row in rows)
    return tuple(AgentCount(*key, count) for key, count in sorted(counts.items())), _ages(rows)


def _ages(rows: Iterable[Any]) -> dict[str, float]:
    now = utc_now()
    heard = [row for row in rows if row.last_heartbeat is not None]
    return {row.instance_name: round(_seconds(row.last_heartbeat, now), 3) for row in heard}


def _seconds(begin: datetime, end: datetime) -> float:
    return max(0.0, (end - begin).total_seconds())
