"""Executions: started with a lease, renewed by their owner, ended exactly once; their pages and counts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    FromClause,
    Select,
    bindparam,
    func,
    or_,
    select,
    type_coerce,
    update,
)

from ..core.sanitize import storable
from . import messages
from .records.messages import MessageFilter
from .records.pages import COUNT_CAP, Listing, Page, Window
from .records.workflows import Execution, ExecutionFilter, ExecutionSummary, NewExecution
from .sql.dialect import Conditions, capped, matching, starts_with, starts_with_often
from .sql.keyset import Branch, Order, cursor_of, one_page
from .sql.offset import TableGateway
from .tables.workflows import definitions, executions

RUNNING = "running"
# an end must be recorded whatever its texts are: PostgreSQL refuses NUL, and both refuse lone surrogates
LONGEST_MESSAGE, LONGEST_TRACE = 10_000, 200_000
FEW_MATCHES = 5_000
FEW_DEFINITIONS = 30
MOST_COUNTED = 20

_c = executions.c
_OWN = tuple(_c[name] for name in ExecutionSummary.__dataclass_fields__ if name in _c)
_OF_DEFINITION = (definitions.c.workflow_name, definitions.c.version)
# orders of the list: each has an index, and no column is nullable, as a cursor cannot point into NULLs
ORDERS = {
    "started": (_c.start_time, _c.execution_id),
    "id": (_c.execution_id,),
    "status": (_c.status, _c.start_time, _c.execution_id),
    "user": (_c.executed_by, _c.start_time, _c.execution_id),
}
_SUMMARY = (*_OWN, *_OF_DEFINITION)
_ALL = (*(_c[name] for name in Execution.__dataclass_fields__ if name in _c), *_OF_DEFINITION)
_WITH_DEFINITION = executions.join(definitions, definitions.c.id == _c.workflow_definition_id)
# executed every second during a run: built once
_LEASES = select(_c.execution_id, _c.stop_requested_at).where(
    _c.status == RUNNING, _c.owner == bindparam("owner")
)

rows: TableGateway[Execution] = TableGateway(
    executions,
    _c.execution_id,
    Execution,
    columns={column.name: column for column in _ALL},
    within=_WITH_DEFINITION,
    filters={"status": _c.status, "namespace": _c.namespace, "executed_by": _c.executed_by},
    order=(_c.start_time.desc(), _c.execution_id.desc()),
)


def insert(connection: Connection, new: NewExecution) -> None:
    """Store a new execution; IntegrityError if its id exists already."""
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
    query = select(*_ALL).select_from(_WITH_DEFINITION).where(_c.execution_id == execution_id)
    row = connection.execute(query).first()
    return None if row is None else Execution(**row._mapping)


def renew(connection: Connection, owner: str, expires_at: datetime) -> list[str]:
    """Extend the leases of the owner's running executions; return the ids for which a stop is requested."""
    # the status is a condition: an execution that another process has closed is not revived
    extended = (
        update(executions)
        .where(_c.owner == owner, _c.status == RUNNING)
        .values(lease_expires_at=expires_at)
        .returning(_c.execution_id, _c.stop_requested_at)
    )
    return [row.execution_id for row in connection.execute(extended) if row.stop_requested_at is not None]


def request_stop(connection: Connection, execution_id: str, when: datetime) -> bool:
    """Request the stop of a running execution; False if it is not running. The first time is kept."""
    request = (
        update(executions)
        .where(_c.execution_id == execution_id, _c.status == RUNNING)
        .values(stop_requested_at=_first_of(_c.stop_requested_at, when))
    )
    return connection.execute(request).rowcount == 1


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
    """End a running execution; False if it is not running (any more): the first call wins.

    With `lease_expired_before` its lease must have expired by then, so that an owner that renewed it in time
    keeps its execution.
    """
    # check and change are one statement: of two concurrent calls only one changes the row
    conditions = [_c.execution_id == execution_id, _c.status == RUNNING]
    if lease_expired_before is not None:
        conditions.append(_c.lease_expires_at < lease_expired_before)
    values: dict[str, Any] = {"status": status, "end_time": end_time}
    given = {
        "performance_metrics": performance_metrics,
        "error_message": storable(error_message, LONGEST_MESSAGE),
        "stack_trace": storable(stack_trace, LONGEST_TRACE),
    }
    values.update((name, value) for name, value in given.items() if value is not None)
    return connection.execute(update(executions).where(*conditions).values(values)).rowcount == 1


def owned(connection: Connection, execution_ids: Collection[str]) -> set[str]:
    """Those of the executions that a runner of this project executes or executed."""
    wanted = _c.execution_id.in_(execution_ids), _c.owner.is_not(None)
    return set(connection.scalars(select(_c.execution_id).where(*wanted)))


def expired(connection: Connection, now: datetime) -> list[ExecutionSummary]:
    """List running executions with an expired lease; those without a lease belong to other programs."""
    return _running(connection, _c.lease_expires_at < now)


def leases(connection: Connection, owner: str) -> dict[str, datetime | None]:
    """Map the running executions of an owner to the time of the stop request; None without a request."""
    return {row[0]: row[1] for row in connection.execute(_LEASES, {"owner": owner})}


def held(connection: Connection, owner: str, execution_ids: Collection[str]) -> set[str]:
    """Those of the executions that are running and owned by `owner`.

    PostgreSQL locks the rows until the end of the transaction, so that none can be closed before what is
    written with this proof; SQLite has one writer at a time.
    """
    query = select(_c.execution_id).where(
        _c.execution_id.in_(execution_ids), _c.owner == owner, _c.status == RUNNING
    )
    return set(connection.scalars(query.with_for_update(read=True)))


def of_request(connection: Connection, namespace: str, request_id: str, since: datetime) -> str | None:
    """The execution that was started since then for a request id; its environment has the id."""
    recorded = type_coerce(_c.execution_environment, JSON)["request_id"].as_string()
    query = select(_c.execution_id).where(
        _c.namespace == namespace, _c.start_time >= since, recorded == request_id
    )
    return connection.scalar(query.limit(1))


def owned_by(connection: Connection, owner: str) -> list[ExecutionSummary]:
    """List the running executions of an owner, oldest first."""
    return _running(connection, _c.owner == owner)


def recent(connection: Connection, namespace: str, since: datetime) -> list[str]:
    """List the executions of a namespace that are running or ended since then, oldest first."""
    either = or_(_c.status == RUNNING, _c.end_time >= since)
    query = select(_c.execution_id).where(_c.namespace == namespace, either)
    return list(connection.scalars(query.order_by(_c.start_time, _c.execution_id)))


def page(
    connection: Connection,
    wanted: ExecutionFilter,
    after: str | None = None,
    limit: int = 50,
    *,
    newest_first: bool = True,
    order_by: str = "started",
) -> Page[ExecutionSummary]:
    """List executions in one of the ORDERS without their JSON; UsageError for an invalid cursor.

    `newest_first` is descending order.
    """
    order = Order(ORDERS[order_by], after, limit, newest_first)
    branches = _branches(connection, wanted)
    return one_page(connection, branches, _OWN, order, ExecutionSummary, _with_definition)


def cursor(execution: ExecutionSummary, order_by: str = "started") -> str:
    """The cursor of one execution in such a list."""
    return cursor_of([getattr(execution, column.name) for column in ORDERS[order_by]])


def count(connection: Connection, wanted: ExecutionFilter, cap: int = COUNT_CAP) -> int:
    """Count executions, up to `cap`."""
    conditions = _simple(wanted)
    if wanted.workflow_name is not None:
        conditions.append(_c.workflow_definition_id.in_(_ids_of(connection, wanted.workflow_name)))
    if wanted.id_prefix:
        conditions.append(starts_with(connection, _c.execution_id, wanted.id_prefix))
    return capped(connection, select(_c.execution_id).where(*conditions), cap)


def stf_counts(connection: Connection, found: Sequence[ExecutionSummary]) -> dict[str, int]:
    """STFs by execution id: from the metrics of ended executions, counted for running ones.

    A count stops at COUNT_CAP, and only the first MOST_COUNTED running executions are counted.
    """
    ended = [one.execution_id for one in found if one.status != RUNNING]
    running = [one.execution_id for one in found if one.status == RUNNING]
    counts = _recorded_stfs(connection, ended) if ended else {}
    for execution_id in running[:MOST_COUNTED]:
        wanted = MessageFilter(execution_id=execution_id, message_type="stf_gen")
        counts[execution_id] = messages.count(connection, wanted)
    return counts


def listed(connection: Connection, equal: Mapping[str, Any], window: Window) -> Listing[Execution]:
    """List executions, newest first; `workflow_name` is a filter on the joined definition."""
    own = {name: value for name, value in equal.items() if name != "workflow_name"}
    workflow_name = equal.get("workflow_name")
    if workflow_name is None:
        return rows.listed(connection, own, window)
    ids = _ids_of(connection, workflow_name)
    return rows.listed(connection, own, window, _c.workflow_definition_id.in_(ids))


def _running(connection: Connection, condition: Any) -> list[ExecutionSummary]:
    query = select(*_SUMMARY).select_from(_WITH_DEFINITION).where(_c.status == RUNNING, condition)
    # sorted in Python: with ORDER BY, SQLite walks the whole index of start times instead of finding the few
    found = [ExecutionSummary(**row._mapping) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (one.start_time, one.execution_id))


def _first_of(column: Any, value: datetime) -> Any:
    return func.coalesce(column, bindparam(None, value, column.type))


def _with_definition(rows: FromClause) -> Select[Any]:
    joined = rows.outerjoin(definitions, definitions.c.id == rows.c.workflow_definition_id)
    return select(*rows.c, *_OF_DEFINITION).select_from(joined)


def _simple(wanted: ExecutionFilter) -> Conditions:
    equal = (
        (_c.status, wanted.status),
        (_c.namespace, wanted.namespace),
        (_c.executed_by, wanted.executed_by),
        (_c.workflow_definition_id, wanted.definition_id),
    )
    return matching(equal, _c.start_time, wanted.since, wanted.until)


def _branches(connection: Connection, wanted: ExecutionFilter) -> list[Branch]:
    conditions, few = _simple(wanted), False
    if wanted.namespace is not None and not wanted.id_prefix:
        # matches of a small namespace are far apart in the order of the list: reading in order would scan it
        few = capped(connection, select(_c.execution_id).where(*conditions), FEW_MATCHES) < FEW_MATCHES
    if wanted.id_prefix:
        by_index = starts_with(connection, _c.execution_id, wanted.id_prefix)
        # a rare prefix is found by its index and sorted; a common one is soon met in the order of the list
        few = capped(connection, select(_c.execution_id).where(by_index), FEW_MATCHES) < FEW_MATCHES
        conditions.append(
            by_index if few else starts_with_often(connection, _c.execution_id, wanted.id_prefix)
        )
    if wanted.workflow_name is None:
        return [Branch(conditions, few)]
    ids = _ids_of(connection, wanted.workflow_name)
    if few or len(ids) > FEW_DEFINITIONS:
        return [Branch([*conditions, _c.workflow_definition_id.in_(ids)], few)]
    return [Branch([*conditions, _c.workflow_definition_id == one]) for one in ids]


def _ids_of(connection: Connection, workflow_name: str) -> Sequence[int]:
    query = select(definitions.c.id).where(definitions.c.workflow_name == workflow_name)
    return connection.scalars(query).all()


def _recorded_stfs(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    metric = type_coerce(_c.performance_metrics, JSON)["stf_count"].as_string()
    rows = connection.execute(select(_c.execution_id, metric).where(_c.execution_id.in_(ids)))
    return {row[0]: int(text) for row in rows if (text := str(row[1])).isascii() and text.isdecimal()}
