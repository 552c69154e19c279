"""The message table: outbox of what we send, record of what others sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from .columns import JsonText, UtcDateTime, UuidText, encode, encoded
from .message_lists import COUNT_CAP, count, counts, page, types
from .records import Message, NewMessage
from .statements import insert_into
from .tables.workflows import messages

__all__ = [
    "COUNT_CAP",
    "count",
    "counts",
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
_VALUES = {
    "message_content": bindparam("content", type_=JsonText),
    "message_metadata": bindparam("metadata", type_=JsonText),
}
_INSERT = messages.insert().values(_VALUES)
_ALL = select(
    _c.message_id,
    _c.message_type,
    _c.sender_agent,
    _c.namespace,
    _c.execution_id,
    _c.run_id,
    _c.queue_name,
    _c.sent_at,
    _c.delivered_at,
    _c.message_content.label("content"),
    _c.message_metadata.label("metadata"),
    _c.correlation_id,
)

_MARK = {
    "sqlite": text(
        """
        UPDATE swf_workflow_messages SET delivered_at = :at WHERE message_id = :id
        """
    ).bindparams(bindparam("at", type_=UtcDateTime), bindparam("id", type_=UuidText)),
    "postgresql": text(
        """
        UPDATE swf_workflow_messages AS m SET delivered_at = d.at
        FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS d (id, at)
        WHERE m.message_id = d.id
        """
    ),
}


def insert(connection: Connection, new: Sequence[NewMessage]) -> None:
    """Store messages with one multi-row statement; IntegrityError where one is there already."""
    if new:
        connection.execute(_INSERT, [_row(message) for message in new])


def record(connection: Connection, new: Sequence[NewMessage]) -> int:
    """Store those messages that are not there yet, whoever else records them; return how many were new.

    Names that are longer than their columns are cut: messages of others may hold anything.
    """
    if not new:
        return 0
    query = (
        insert_into(connection, messages)
        .values(_VALUES)
        .on_conflict_do_nothing(index_elements=["message_id"])
    )
    return sum(connection.execute(query, _cut(_row(message))).rowcount for message in new)


def mark_delivered(connection: Connection, delivered: Sequence[tuple[str, datetime]]) -> None:
    """Note when the broker confirmed each message, in one statement."""
    if not delivered:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(_MARK["sqlite"], [{"id": one, "at": at} for one, at in delivered])
    else:
        ids, times = zip(*delivered, strict=True)
        connection.execute(_MARK["postgresql"], {"ids": list(ids), "times": list(times)})


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


def _row(message: NewMessage) -> dict[str, Any]:
    content = message.content_json
    return {
        "message_id": message.message_id,
        "message_type": message.message_type,
        "sender_agent": message.sender_agent,
        "namespace": message.namespace,
        "execution_id": message.execution_id,
        "run_id": message.run_id,
        "content": encode(message.content) if content is None else encoded(content),
        "metadata": None if message.metadata is None else encode(message.metadata),
        "sent_at": message.sent_at,
        "delivered_at": message.delivered_at,
        "queue_name": message.queue_name,
        "correlation_id": message.correlation_id,
    }


def _cut(row: dict[str, Any]) -> dict[str, Any]:
    for name, longest in _LENGTHS:
        value = row[name]
        if value is not None and (len(value) > longest or "\x00" in value):
            row[name] = value.replace("\x00", "\ufffd")[:longest]
    return row
