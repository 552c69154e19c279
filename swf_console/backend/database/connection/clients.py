"""Programs that use a database now, as far as they are recorded in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, select

from ..tables.agents import agents
from ..tables.workflows import executions
from .engine import server_time


@dataclass(frozen=True, slots=True)
class Client:
    """An active agent, or the program that runs an execution; None is unknown."""

    kind: Literal["agent", "execution"]
    name: str
    user: str | None = None
    host: str | None = None
    pid: int | None = None
    version: str | None = None
    heard_at: datetime | None = None


def active_clients(connection: Connection, heard_within: timedelta) -> tuple[Client, ...]:
    """List agents with a heartbeat no older than that, and running executions with a valid lease.

    It reads only columns of the first revision, because it runs before an upgrade adds others.
    """
    now = server_time(connection)
    a, e = agents.c, executions.c
    active_agents = (
        select(a.instance_name, a.hostname, a.pid, a.last_heartbeat)
        .where(a.operational_state != "EXITED", a.last_heartbeat >= now - heard_within)
        .order_by(a.instance_name)
    )
    running = (
        select(e.execution_id, e.executed_by, e.execution_environment)
        .where(e.status == "running", e.lease_expires_at >= now)
        .order_by(e.execution_id)
    )
    found = [
        Client("agent", row.instance_name, host=row.hostname, pid=row.pid, heard_at=row.last_heartbeat)
        for row in connection.execute(active_agents)
    ]
    for row in connection.execute(running):
        recorded = row.execution_environment or {}
        version = (recorded.get("packages") or {}).get("swf-console")
        found.append(
            Client(
                "execution",
                row.execution_id,
                row.executed_by,
                recorded.get("host"),
                recorded.get("pid"),
                version,
            )
        )
    return tuple(found)
