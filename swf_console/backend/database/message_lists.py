"""Pages and counts of messages, at the same cost for a thousand and for ten million."""

from sqlalchemy import Connection, func, select

from .message_columns import SUMMARY
from .records.messages import MessageFilter, MessageSummary
from .records.pages import Page
from .sql.dialect import (
    Conditions,
    capped,
    matching,
    residual,
    starts_with_often,
)
from .sql.keyset import (
    Branch,
    Order,
    cursor_of,
    one_page,
)
from .tables.workflows import messages

COUNT_CAP = 10_001
FEW_TYPES = 40
MOST_TYPES = 500

_c = messages.c
_KEY = (_c.sent_at, _c.message_id)


def page(
    connection: Connection,
    wanted: MessageFilter,
    after: str | None = None,
    limit: int = 50,
    *,
    newest_first: bool = True,
) -> Page[MessageSummary]:
    """List messages by time of sending without their content; UsageError for a cursor that is none."""
    order = Order(_KEY, after, limit, newest_first)
    return one_page(connection, _branches(connection, wanted), SUMMARY, order, MessageSummary)


def cursor(message: MessageSummary) -> str:
    """The cursor that stands for one message of the list."""
    return cursor_of([message.sent_at, message.message_id])


def count(connection: Connection, wanted: MessageFilter, cap: int = COUNT_CAP) -> int:
    """Count messages, up to `cap`."""
    total = 0
    for branch in _branches(connection, wanted):
        total += capped(connection, select(_c.message_id).where(*branch.conditions), cap - total)
    return total


def counts(connection: Connection, execution_id: str) -> dict[str, int]:
    """Count an execution's messages by type, exactly."""
    query = select(_c.message_type, func.count()).where(_c.execution_id == execution_id)
    return {row[0]: row[1] for row in connection.execute(query.group_by(_c.message_type))}


def types(connection: Connection, execution_id: str | None = None) -> list[str]:
    """List the message types there are (500 at most), leaping through an index from one to the next."""
    among = [] if execution_id is None else [_c.execution_id == execution_id]
    first = select(func.min(_c.message_type).label("kind")).where(*among).cte("kinds", recursive=True)
    following = select(func.min(_c.message_type)).where(*among, _c.message_type > first.c.kind)
    kinds = first.union_all(select(following.scalar_subquery()).where(first.c.kind.is_not(None)))
    found = connection.scalars(select(kinds.c.kind).limit(MOST_TYPES))
    return [kind for kind in found if kind is not None]


def _branches(connection: Connection, wanted: MessageFilter) -> list[Branch]:
    conditions, kind = _simple(wanted), wanted.message_type
    few = wanted.run_id is not None and wanted.execution_id is None
    if kind is not None and not kind.endswith("*"):
        column = residual(_c.message_type) if few else _c.message_type
        return [Branch([*conditions, column == kind], few)]
    prefix = (kind or "*")[:-1]
    if not prefix and wanted.execution_id is None:
        return [Branch(conditions, few)]
    kinds = [] if few else types(connection, wanted.execution_id)
    matching_kinds = [kind for kind in kinds if kind.startswith(prefix)]
    if few or len(matching_kinds) > FEW_TYPES:
        return [Branch([*conditions, starts_with_often(connection, _c.message_type, prefix)], few)]
    return [Branch([*conditions, _c.message_type == kind]) for kind in matching_kinds]


def _simple(wanted: MessageFilter) -> Conditions:
    # An execution or a run has few messages beside a namespace or a sender, which is checked on them.
    narrow = wanted.execution_id is not None or wanted.run_id is not None
    run_id = _c.run_id if wanted.execution_id is None else residual(_c.run_id)
    equal = (
        (_c.execution_id, wanted.execution_id),
        (run_id, wanted.run_id),
        (residual(_c.namespace) if narrow else _c.namespace, wanted.namespace),
        (residual(_c.sender_agent) if narrow else _c.sender_agent, wanted.sender),
    )
    return matching(equal, _c.sent_at, wanted.since, wanted.until)
