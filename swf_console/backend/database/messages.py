"""The message table: outbox of what we send, record of what others sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from .message_columns import WHOLE
from .message_lists import COUNT_CAP, count, counts, cursor, page, types
from .records.messages import Message, NewMessage
from .sql.message_bulk import mark, store
from .sql.types import clean, encoded
from .tables.workflows import messages

__all__ = [
    "COUNT_CAP",
    "acknowledge",
    "count",
    "counts",
    "cursor",
    "get",
    "has",
    "insert",
    "mark_delivered",
    "page",
    "record",
    "types",
    "undelivered",
]

_c = messages.c
_LENGTHS = (
    ("message_type", 50),
    ("sender_agent", 100),
    ("namespace", 100),
    ("execution_id", 100),
    ("run_id", 50),
    ("queue_name", 100),
    ("correlation_id", 100),
)
_ALL = select(*WHOLE)


def insert(connection: Connection, new: Sequence[NewMessage]) -> None:
    """Store messages with one multi-row statement; IntegrityError where one is there already."""
    if new:
        store(connection, new)


def record(connection: Connection, new: Sequence[NewMessage]) -> int:
    """Store those messages that are not there yet, whoever else records them; return how many were new.

    Names that are longer than their columns are cut: messages of others may hold anything.
    """
    return store(connection, [_cut(message) for message in new], unless_there=True) if new else 0


def mark_delivered(connection: Connection, delivered: Sequence[tuple[str, datetime]]) -> None:
    """Note when the broker confirmed each message, in one statement."""
    if delivered:
        mark(connection, delivered)


def acknowledge(connection: Connection, message_id: str, when: datetime) -> bool:
    """Note that the work of a message is done; False where it was before, so that once is enough."""
    done = update(messages).where(_c.message_id == message_id, _c.acknowledged_at.is_(None))
    return connection.execute(done.values(acknowledged_at=when)).rowcount == 1


def get(connection: Connection, message_id: str) -> Message | None:
    """Read a message with its content."""
    row = connection.execute(_ALL.where(_c.message_id == message_id)).first()
    return None if row is None else Message(**row._mapping)


def undelivered(connection: Connection, execution_id: str, limit: int = 10_000) -> list[Message]:
    """List messages of an execution that no broker confirmed, oldest first."""
    query = _ALL.where(_c.execution_id == execution_id, _c.delivered_at.is_(None)).order_by(_c.sent_at)
    return [Message(**row._mapping) for row in connection.execute(query.limit(limit))]


def has(connection: Connection, execution_id: str, message_type: str) -> bool:
    """Say whether the execution sent a message of this type."""
    query = select(_c.message_id).where(_c.execution_id == execution_id, _c.message_type == message_type)
    return connection.scalar(query.limit(1)) is not None


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
