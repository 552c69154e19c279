"""Pages and counts of messages, at the same cost for a thousand and for ten million."""

from sqlalchemy import Connection, func, select

from .paging import Order, one_page
from .records import MessageFilter, MessageSummary, Page
from .statements import Conditions, capped, matching, starts_with_unindexed
from .tables.workflows import messages

COUNT_CAP = 10_001
FEW_TYPES = 40
MOST_TYPES = 500

_c = messages.c
_SUMMARY = (
    _c.message_id,
    _c.message_type,
    _c.sender_agent,
    _c.namespace,
    _c.execution_id,
    _c.run_id,
    _c.queue_name,
    _c.sent_at,
    _c.delivered_at,
)
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
    return one_page(connection, _branches(connection, wanted), _SUMMARY, order, MessageSummary)


def count(connection: Connection, wanted: MessageFilter, cap: int = COUNT_CAP) -> int:
    """Count messages, up to `cap`."""
    total = 0
    for conditions in _branches(connection, wanted):
        total += capped(connection, select(_c.message_id).where(*conditions), cap - total)
    return total


def counts(connection: Connection, execution_id: str) -> dict[str, int]:
    """Count an execution's messages by type, exactly."""
    query = select(_c.message_type, func.count()).where(_c.execution_id == execution_id)
    return dict(connection.execute(query.group_by(_c.message_type)).tuples().all())


def types(connection: Connection) -> list[str]:
    """List the message types there are (500 at most), leaping through an index from one to the next."""
    first = select(func.min(_c.message_type).label("kind")).cte("kinds", recursive=True)
    following = select(func.min(_c.message_type)).where(_c.message_type > first.c.kind).scalar_subquery()
    kinds = first.union_all(select(following).where(first.c.kind.is_not(None)))
    found = connection.scalars(select(kinds.c.kind).limit(MOST_TYPES))
    return [kind for kind in found if kind is not None]


def _branches(connection: Connection, wanted: MessageFilter) -> list[Conditions]:
    conditions = _simple(wanted)
    if wanted.message_type is None:
        return [conditions]
    if not wanted.message_type.endswith("*"):
        return [[*conditions, _c.message_type == wanted.message_type]]
    prefix = wanted.message_type[:-1]
    if not prefix:
        return [conditions]
    matching = [kind for kind in types(connection) if kind.startswith(prefix)]
    if len(matching) > FEW_TYPES:
        return [[*conditions, starts_with_unindexed(_c.message_type, prefix)]]
    return [[*conditions, _c.message_type == kind] for kind in matching]


def _simple(wanted: MessageFilter) -> Conditions:
    equal = {
        _c.namespace: wanted.namespace,
        _c.execution_id: wanted.execution_id,
        _c.run_id: wanted.run_id,
        _c.sender_agent: wanted.sender,
    }
    return matching(equal, _c.sent_at, wanted.since, wanted.until)
