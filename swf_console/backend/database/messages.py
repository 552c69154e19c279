"""The message table: outbox of sent messages, record of received ones, pages at constant cost."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from .records.messages import MessageFilter, MessageRecord, MessageSummary, NewMessage
from .records.pages import COUNT_CAP, Listing, Page, Window
from .sql.dialect import Conditions, capped, matching, portions, residual, starts_with_often
from .sql.keyset import Branch, Order, cursor_of, one_page
from .sql.message_bulk import mark, store
from .sql.offset import TableGateway
from .sql.types import clean, encoded
from .tables.workflows import messages

FEW_TYPES = 40
MOST_TYPES = 500

_c = messages.c
_KEY = (_c.sent_at, _c.message_id)
_SUMMARY = tuple(_c[name] for name in MessageSummary.__dataclass_fields__)
_WHOLE = (
    *_SUMMARY,
    _c.message_content.label("content"),
    _c.message_metadata.label("metadata"),
    _c.correlation_id,
)
_ALL = select(*_WHOLE)
_LENGTHS = (
    ("message_type", 50),
    ("sender_agent", 100),
    ("namespace", 100),
    ("execution_id", 100),
    ("run_id", 50),
    ("queue_name", 100),
    ("correlation_id", 100),
)

rows: TableGateway[MessageRecord] = TableGateway(
    messages,
    _c.message_id,
    MessageRecord,
    columns={
        **{name: _c[name] for name in MessageRecord.__dataclass_fields__ if name in _c},
        "content": _c.message_content,
        "metadata": _c.message_metadata,
    },
    filters={
        "execution_id": _c.execution_id,
        "namespace": _c.namespace,
        "msg_type": _c.message_type,
        "run_id": _c.run_id,
        "sender_agent": _c.sender_agent,
    },
    order=(_c.sent_at.desc(), _c.message_id.desc()),
)


def record(connection: Connection, new: Sequence[NewMessage]) -> int:
    """Store the messages that do not exist yet, as several recorders may run; return how many were new.

    Names that are longer than their columns are cut: messages of other programs may hold anything.
    """
    return store(connection, [_cut(message) for message in new]) if new else 0


def mark_delivered(connection: Connection, delivered: Sequence[tuple[str, datetime]]) -> None:
    """Store when the broker confirmed each message, in one statement."""
    if delivered:
        mark(connection, delivered)


def acknowledge(connection: Connection, message_id: str, when: datetime) -> bool:
    """Store that a message was processed; False if it was before, so that it is processed once."""
    done = update(messages).where(_c.message_id == message_id, _c.acknowledged_at.is_(None))
    return connection.execute(done.values(acknowledged_at=when)).rowcount == 1


def get(connection: Connection, message_id: str) -> MessageRecord | None:
    """Read a message with its content."""
    row = connection.execute(_ALL.where(_c.message_id == message_id)).first()
    return None if row is None else MessageRecord(**row._mapping)


def with_content(connection: Connection, message_ids: Sequence[str]) -> list[MessageRecord]:
    """Read these messages with their content, in the order of the ids; unknown ones are left out."""
    found: dict[str, MessageRecord] = {}
    for some in portions(message_ids):
        for row in connection.execute(_ALL.where(_c.message_id.in_(some))):
            found[row.message_id] = MessageRecord(**row._mapping)
    return [found[identity] for identity in message_ids if identity in found]


def exists(connection: Connection, execution_id: str, message_type: str) -> bool:
    """Whether the execution sent a message of this type."""
    query = select(_c.message_id).where(_c.execution_id == execution_id, _c.message_type == message_type)
    return connection.scalar(query.limit(1)) is not None


def undelivered(
    connection: Connection, execution_id: str, sender: str | None, limit: int
) -> list[MessageRecord]:
    """Messages that `sender` recorded for an execution and that no broker has confirmed, oldest first."""
    query = _ALL.where(_c.execution_id == execution_id, _c.sender_agent == sender, _c.delivered_at.is_(None))
    return [MessageRecord(**row._mapping) for row in connection.execute(query.order_by(*_KEY).limit(limit))]


def page(
    connection: Connection,
    wanted: MessageFilter,
    after: str | None = None,
    limit: int = 50,
    *,
    newest_first: bool = True,
) -> Page[MessageSummary]:
    """List messages by time of sending without their content; UsageError for an invalid cursor."""
    order = Order(_KEY, after, limit, newest_first)
    return one_page(connection, _branches(connection, wanted), _SUMMARY, order, MessageSummary)


def cursor(message: MessageSummary) -> str:
    """The cursor of one message in the list."""
    return cursor_of([message.sent_at, message.message_id])


def count(connection: Connection, wanted: MessageFilter, cap: int = COUNT_CAP) -> int:
    """Count messages, up to `cap`."""
    total = 0
    for branch in _branches(connection, wanted):
        total += capped(connection, select(_c.message_id).where(*branch.conditions), cap - total)
    return total


def counts(connection: Connection, execution_id: str) -> dict[str, int]:
    """Count all messages of an execution by type."""
    query = select(_c.message_type, func.count()).where(_c.execution_id == execution_id)
    return {row[0]: row[1] for row in connection.execute(query.group_by(_c.message_type))}


def types(connection: Connection, execution_id: str | None = None) -> list[str]:
    """List the existing message types (500 at most)."""
    # a loose index scan: DISTINCT would read every row, neither database skips to the next value by itself
    among = [] if execution_id is None else [_c.execution_id == execution_id]
    first = select(func.min(_c.message_type).label("message_type")).where(*among).cte("types", recursive=True)
    following = select(func.min(_c.message_type)).where(*among, _c.message_type > first.c.message_type)
    found = first.union_all(select(following.scalar_subquery()).where(first.c.message_type.is_not(None)))
    names = connection.scalars(select(found.c.message_type).limit(MOST_TYPES))
    return [name for name in names if name is not None]


def cursor_at(connection: Connection, message_id: str) -> str | None:
    """The cursor of a message; None if the message is unknown."""
    sent_at = connection.scalar(select(_c.sent_at).where(_c.message_id == message_id))
    return None if sent_at is None else cursor_of((sent_at, message_id))


def backfill(
    connection: Connection,
    execution_id: str,
    types: Sequence[str],
    destinations: Sequence[str],
    after: str | None = None,
    limit: int = 500,
) -> Page[MessageRecord]:
    """List an execution's messages of these types to these destinations, with content, oldest first.

    This is what a subscriber that starts during a run has missed.
    """
    wanted = [
        _c.execution_id == execution_id,
        _c.message_type.in_(types),
        _c.queue_name.in_(destinations),
    ]
    order = Order(_KEY, after, limit, newest_first=False)
    return one_page(connection, [wanted], _WHOLE, order, MessageRecord)


def listed(
    connection: Connection, equal: Mapping[str, Any], since: datetime | None, window: Window
) -> Listing[MessageRecord]:
    """List messages with their content, newest first; `since` is the earliest time of sending."""
    more = () if since is None else (_c.sent_at >= since,)
    return rows.listed(connection, equal, window, *more)


def _branches(connection: Connection, wanted: MessageFilter) -> list[Branch]:
    if wanted.namespace is None or not wanted.or_no_namespace:
        return _branches_of(connection, wanted, _simple(wanted))
    # two branches, each served by the index (namespace, time), which OR would not use
    without = replace(wanted, namespace=None)
    return [
        *_branches_of(connection, wanted, _simple(wanted)),
        *_branches_of(connection, without, [*_simple(without), _c.namespace.is_(None)]),
    ]


def _branches_of(connection: Connection, wanted: MessageFilter, conditions: Conditions) -> list[Branch]:
    name = wanted.message_type
    few = wanted.run_id is not None and wanted.execution_id is None
    if name is not None and not name.endswith("*"):
        column = residual(_c.message_type) if few else _c.message_type
        return [Branch([*conditions, column == name], few)]
    prefix = (name or "*")[:-1]
    if not prefix and wanted.execution_id is None:
        return [Branch(conditions, few)]
    known = [] if few else types(connection, wanted.execution_id)
    matches = [each for each in known if each.startswith(prefix)]
    if few or len(matches) > FEW_TYPES:
        return [Branch([*conditions, starts_with_often(connection, _c.message_type, prefix)], few)]
    # one branch per type: each is served by the index (type, time), a prefix condition by none
    return [Branch([*conditions, _c.message_type == each]) for each in matches]


def _simple(wanted: MessageFilter) -> Conditions:
    # an execution or a run has few messages compared with a namespace or a sender: those are checked per row
    narrow = wanted.execution_id is not None or wanted.run_id is not None
    run_id = _c.run_id if wanted.execution_id is None else residual(_c.run_id)
    equal = (
        (_c.execution_id, wanted.execution_id),
        (run_id, wanted.run_id),
        (residual(_c.namespace) if narrow else _c.namespace, wanted.namespace),
        (residual(_c.sender_agent) if narrow else _c.sender_agent, wanted.sender),
    )
    conditions = matching(equal, _c.sent_at, wanted.since, wanted.until)
    if wanted.destination is not None:
        # other monitors record messages without their destination
        there = or_(_c.queue_name == wanted.destination, _c.queue_name.is_(None))
        conditions = [*conditions, there]
    return conditions


def _cut(message: NewMessage) -> NewMessage:
    changed: dict[str, Any] = {}
    for name, longest in _LENGTHS:
        value = getattr(message, name)
        if value is not None and (len(value) > longest or not value.isprintable()):
            changed[name] = clean(value)[:longest]
    given = message.content_json
    if given is not None and (text := encoded(given, of_others=True)) is not given:
        changed["content_json"] = text
    return message._replace(**changed) if changed else message
