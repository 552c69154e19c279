"""Executions whose messages an agent that comes late has missed."""

from datetime import datetime

from sqlalchemy import Connection, or_, select

from .tables.workflows import executions

_e = executions.c


def recent_executions(connection: Connection, namespace: str, since: datetime) -> list[str]:
    """List the executions of a namespace that run, or have ended since then; oldest first."""
    recent = or_(_e.status == "running", _e.end_time >= since)
    query = select(_e.execution_id).where(_e.namespace == namespace, recent)
    return list(connection.scalars(query.order_by(_e.start_time, _e.execution_id)))
