"""Figures of the whole database for those who watch it, each at a bounded price."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, func, select

from .columns import utc_now
from .records import Agent
from .tables.monitor import agents
from .tables.processing import tf_slices, workers
from .tables.workflows import executions, messages

RECENT = timedelta(hours=1)
MOST_MESSAGES = 20_000
MOST_AGENTS = 500

_m = messages.c


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts by status, messages of the last hour (the newest 20,000), and the agents that are present."""

    executions: dict[str, int]
    slices: dict[str, int]
    workers: dict[str, int]
    messages: dict[tuple[str, bool], int] = field(default_factory=dict)
    latencies: tuple[float, ...] = ()
    agents: tuple[Agent, ...] = ()

    @property
    def undelivered(self) -> int:
        """Messages that no broker has confirmed."""
        return sum(count for (_, delivered), count in self.messages.items() if not delivered)


def collect(connection: Connection) -> Figures:
    """Read all figures."""
    recent, latencies = _recent(connection)
    return Figures(
        executions=_by(connection, executions.c.status),
        slices=_by(connection, tf_slices.c.status),
        workers=_by(connection, workers.c.status),
        messages=recent,
        latencies=latencies,
        agents=tuple(_agents(connection)),
    )


def _by(connection: Connection, column: Column[Any]) -> dict[str, int]:
    query = select(column, func.count()).group_by(column)
    return {row[0]: row[1] for row in connection.execute(query)}


def _recent(connection: Connection) -> tuple[dict[tuple[str, bool], int], tuple[float, ...]]:
    since = utc_now() - RECENT
    query = select(_m.message_type, _m.sent_at, _m.delivered_at).where(_m.sent_at >= since)
    counts: dict[tuple[str, bool], int] = {}
    latencies: list[float] = []
    for kind, sent, delivered in connection.execute(query.order_by(_m.sent_at.desc()).limit(MOST_MESSAGES)):
        key = (kind, delivered is not None)
        counts[key] = counts.get(key, 0) + 1
        if delivered is not None:
            latencies.append(_seconds(sent, delivered))
    return counts, tuple(latencies)


def _agents(connection: Connection) -> Sequence[Agent]:
    query = select(*agents.c).where(agents.c.operational_state != "EXITED")
    rows = connection.execute(query.order_by(agents.c.last_heartbeat.desc().nulls_last()).limit(MOST_AGENTS))
    return [Agent(**row._mapping) for row in rows]


def _seconds(begin: datetime, end: datetime) -> float:
    return max(0.0, (end - begin).total_seconds())


def look(connection: Connection) -> None:
    """Ask the database anything, to see whether it answers."""
    connection.execute(select(1))
