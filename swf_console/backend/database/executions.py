"""The life of executions: begun with a lease, renewed by their owner, ended exactly once."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from .execution_lists import ALL, COUNT_CAP, ORDERS, SUMMARY, WITH_DEFINITION, count, cursor, page
from .records.workflows import Execution, ExecutionSummary, NewExecution
from .tables.workflows import executions

__all__ = [
    "COUNT_CAP",
    "ORDERS",
    "count",
    "cursor",
    "expired",
    "finish",
    "get",
    "insert",
    "leases",
    "owned_by",
    "page",
    "renew",
    "request_stop",
]

RUNNING = "running"

_c = executions.c
# asked every second for as long as a run lasts: made once
_LEASES = select(_c.execution_id, _c.stop_requested_at).where(
    _c.status == RUNNING, _c.owner == bindparam("owner")
)


def insert(connection: Connection, new: NewExecution) -> None:
    """Store a new execution; IntegrityError where its id is there already."""
    connection.execute(
        executions.insert(),
        {
            "execution_id": new.execution_id,
            "workflow_definition_id": new.workflow_definition_id,
            "namespace": new.namespace,
            "parameter_values": new.parameter_values,
            "status": new.status,
            "start_time": new.start_time,
            "executed_by": new.executed_by,
            "execution_environment": new.execution_environment,
            "owner": new.owner,
            "lease_expires_at": new.lease_expires_at,
        },
    )


def get(connection: Connection, execution_id: str) -> Execution | None:
    """Read an execution with all its columns."""
    query = select(*ALL).select_from(WITH_DEFINITION).where(_c.execution_id == execution_id)
    row = connection.execute(query).first()
    return None if row is None else Execution(**row._mapping)


def renew(connection: Connection, owner: str, expires_at: datetime) -> list[str]:
    """Extend the owner's leases on what runs; return the ids among them that are asked to stop."""
    extended = (
        update(executions)
        .where(_c.owner == owner, _c.status == RUNNING)
        .values(lease_expires_at=expires_at)
        .returning(_c.execution_id, _c.stop_requested_at)
    )
    return [row.execution_id for row in connection.execute(extended) if row.stop_requested_at is not None]


def request_stop(connection: Connection, execution_id: str, when: datetime) -> bool:
    """Ask a running execution to stop; False where it does not run. The first time asked is kept."""
    asked = (
        update(executions)
        .where(_c.execution_id == execution_id, _c.status == RUNNING)
        .values(stop_requested_at=_first_of(_c.stop_requested_at, when))
    )
    return connection.execute(asked).rowcount == 1


def finish(
    connection: Connection,
    execution_id: str,
    *,
    status: str,
    end_time: datetime,
    performance_metrics: dict[str, Any] | None = None,
    error_message: str | None = None,
    stack_trace: str | None = None,
    lease_expired_before: datetime | None = None,
) -> bool:
    """End a running execution; False where it does not run (any more): the first to end it wins.

    With `lease_expired_before` its lease must have run out by then, so that an owner that came back in time
    keeps its execution.
    """
    conditions = [_c.execution_id == execution_id, _c.status == RUNNING]
    if lease_expired_before is not None:
        conditions.append(_c.lease_expires_at < lease_expired_before)
    values: dict[str, Any] = {"status": status, "end_time": end_time}
    given = {
        "performance_metrics": performance_metrics,
        "error_message": error_message,
        "stack_trace": stack_trace,
    }
    values.update((name, value) for name, value in given.items() if value is not None)
    return connection.execute(update(executions).where(*conditions).values(values)).rowcount == 1


def expired(connection: Connection, now: datetime) -> list[ExecutionSummary]:
    """List running executions whose lease ran out; those without a lease belong to others."""
    return _running(connection, _c.lease_expires_at < now)


def leases(connection: Connection, owner: str) -> dict[str, datetime | None]:
    """Map the running executions of an owner to when they were asked to stop; None where nobody asked."""
    return {row[0]: row[1] for row in connection.execute(_LEASES, {"owner": owner})}


def owned_by(connection: Connection, owner: str) -> list[ExecutionSummary]:
    """List the running executions of an owner, oldest first."""
    return _running(connection, _c.owner == owner)


def _running(connection: Connection, condition: Any) -> list[ExecutionSummary]:
    query = select(*SUMMARY).select_from(WITH_DEFINITION).where(_c.status == RUNNING, condition)
    # sorted here: for an order SQLite would rather walk through every execution there is than find the few
    found = [ExecutionSummary(**row._mapping) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (one.start_time, one.execution_id))


def _first_of(column: Any, value: datetime) -> Any:
    return func.coalesce(column, bindparam(None, value, column.type))
