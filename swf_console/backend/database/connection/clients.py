"""Programs that use a database now, as far as it knows them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, select

from ..tables.agents import agents
from ..tables.workflows import executions
from .engine import server_time


@dataclass(frozen=True, slots=True)
class Client:
    """A living agent, or the program that runs an execution; None is what it has not said of itself."""

    kind: Literal["agent", "execution"]
    name: str
    user: str | None = None
    host: str | None = None
    pid: int | None = None
    version: str | None = None
    heard_at: datetime | None = None


def alive(connection: Connection, heard_within: timedelta) -> tuple[Client, ...]:
    """List agents with a heartbeat no older than that, and running executions whose lease holds.

    Columns of the first version alone are read: it is asked before an upgrade adds the others.
    """
    now = server_time(connection)
    a, e = agents.c, executions.c
    beating = (
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
        for row in connection.execute(beating)
    ]
    for row in connection.execute(running):
        told = row.execution_environment or {}
        version = (told.get("packages") or {}).get("swf-console")
        found.append(
            Client("execution", row.execution_id, row.executed_by, told.get("host"), told.get("pid"), version)
        )
    return tuple(found)
