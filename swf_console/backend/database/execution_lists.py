"""Pages and counts of executions, at the same cost for a hundred and for a million."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, FromClause, Select, select

from .records.pages import Page
from .records.workflows import ExecutionFilter, ExecutionSummary
from .sql.dialect import (
    Conditions,
    capped,
    matching,
    starts_with,
    starts_with_often,
)
from .sql.keyset import (
    Branch,
    Order,
    cursor_of,
    one_page,
)
from .tables.workflows import definitions, executions

COUNT_CAP = 10_001
FEW_MATCHES = 5_000
FEW_DEFINITIONS = 30

_c = executions.c
_OWN = (
    _c.execution_id,
    _c.workflow_definition_id,
    _c.namespace,
    _c.status,
    _c.start_time,
    _c.end_time,
    _c.executed_by,
    _c.error_message,
    _c.owner,
    _c.lease_expires_at,
    _c.stop_requested_at,
)
_OF_DEFINITION = (definitions.c.workflow_name, definitions.c.version)
# what a list can be ordered by: each order has its index, and none of its columns is ever empty
ORDERS = {
    "started": (_c.start_time, _c.execution_id),
    "id": (_c.execution_id,),
    "status": (_c.status, _c.start_time, _c.execution_id),
    "user": (_c.executed_by, _c.start_time, _c.execution_id),
}
SUMMARY = (*_OWN, *_OF_DEFINITION)
ALL = (*SUMMARY, _c.parameter_values, _c.performance_metrics, _c.execution_environment, _c.stack_trace)
WITH_DEFINITION = executions.join(definitions, definitions.c.id == _c.workflow_definition_id)


def page(
    connection: Connection,
    wanted: ExecutionFilter,
    after: str | None = None,
    limit: int = 50,
    *,
    newest_first: bool = True,
    order_by: str = "started",
) -> Page[ExecutionSummary]:
    """List executions in one of the ORDERS without their JSON; UsageError for a cursor that is none.

    `newest_first` is the order turned round: from the highest to the lowest.
    """
    order = Order(ORDERS[order_by], after, limit, newest_first)
    branches = _branches(connection, wanted)
    return one_page(connection, branches, _OWN, order, ExecutionSummary, _with_definition)


def cursor(execution: ExecutionSummary, order_by: str = "started") -> str:
    """The cursor that stands for one execution of such a list."""
    return cursor_of([getattr(execution, column.name) for column in ORDERS[order_by]])


def count(connection: Connection, wanted: ExecutionFilter, cap: int = COUNT_CAP) -> int:
    """Count executions, up to `cap`."""
    conditions = _simple(wanted)
    if wanted.workflow_name is not None:
        conditions.append(_c.workflow_definition_id.in_(_ids_of(connection, wanted.workflow_name)))
    if wanted.id_prefix:
        conditions.append(starts_with(connection, _c.execution_id, wanted.id_prefix))
    return capped(connection, select(_c.execution_id).where(*conditions), cap)


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
        # those of a small namespace lie far apart in the order of the list, or there are none
        few = capped(connection, select(_c.execution_id).where(*conditions), FEW_MATCHES) < FEW_MATCHES
    if wanted.id_prefix:
        by_index = starts_with(connection, _c.execution_id, wanted.id_prefix)
        # A rare prefix is found by its index and sorted; a common one is soon met in the order of the list.
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
