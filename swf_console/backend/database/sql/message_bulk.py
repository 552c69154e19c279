"""Bulk inserts of messages, for each driver: the hot path of a run, by measurement.

SQLite takes tuples. PostgreSQL takes one JSON document as one parameter: it needs a sixth of the client's
time of a list of values, and passes the content to the server unparsed.
"""

from collections.abc import Sequence
from datetime import datetime
from json.encoder import encode_basestring_ascii
from typing import Any

from sqlalchemy import Connection

from ..records.messages import NewMessage
from .types import (
    encode,
    encoded,
    sqlite_time,
    utc,
    uuid_digits,
)

INSERT = {
    "sqlite": """
        INSERT INTO swf_workflow_messages (message_id, message_type, sent_at, delivered_at, message_content,
            message_metadata, namespace, execution_id, run_id, sender_agent, queue_name, correlation_id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (message_id) DO NOTHING
        """,
    "postgresql": """
        INSERT INTO swf_workflow_messages (message_id, message_type, sent_at, delivered_at, message_content,
            message_metadata, namespace, execution_id, run_id, sender_agent, queue_name, correlation_id)
        SELECT message_id, message_type, sent_at, delivered_at, coalesce(message_content, 'null'),
            message_metadata, namespace, execution_id, run_id, sender_agent, queue_name, correlation_id
        FROM json_to_recordset(%(rows)s) AS r (message_id uuid, message_type text, sent_at timestamptz,
            delivered_at timestamptz, message_content jsonb, message_metadata jsonb, namespace text,
            execution_id text, run_id text, sender_agent text, queue_name text, correlation_id text)
        ON CONFLICT (message_id) DO NOTHING
        """,
}
MARK = {
    "sqlite": "UPDATE swf_workflow_messages SET delivered_at = ?, is_successful = 1 WHERE message_id = ?",
    "postgresql": """
        UPDATE swf_workflow_messages AS m SET delivered_at = d.at, is_successful = true
        FROM unnest(CAST(%(ids)s AS uuid[]), CAST(%(times)s AS timestamptz[])) AS d (id, at)
        WHERE m.message_id = d.id
        """,
}


def store(connection: Connection, new: Sequence[NewMessage]) -> int:
    """Insert the messages that do not exist yet with one statement; return the number of new rows."""
    dialect = connection.dialect.name
    if dialect == "sqlite":
        return connection.exec_driver_sql(INSERT[dialect], [_tuple(message) for message in new]).rowcount
    rows = f"[{','.join(map(_object, new))}]"
    return connection.exec_driver_sql(INSERT[dialect], {"rows": rows}).rowcount


def mark(connection: Connection, delivered: Sequence[tuple[str, datetime]]) -> None:
    """Set the delivery times of messages with one statement."""
    if connection.dialect.name == "sqlite":
        pairs = [(sqlite_time(at), uuid_digits(one)) for one, at in delivered]
        connection.exec_driver_sql(MARK["sqlite"], pairs)
        return
    ids = ",".join(one for one, _ in delivered)
    times = ",".join(utc(at).isoformat() for _, at in delivered)
    connection.exec_driver_sql(MARK["postgresql"], {"ids": f"{{{ids}}}", "times": f"{{{times}}}"})


def _content(message: NewMessage) -> str:
    return encode(message.content) if message.content_json is None else encoded(message.content_json)


def _tuple(message: NewMessage) -> tuple[Any, ...]:
    return (
        uuid_digits(message.message_id),
        message.message_type,
        sqlite_time(message.sent_at),
        sqlite_time(message.delivered_at),
        _content(message),
        None if message.metadata is None else encode(message.metadata),
        message.namespace,
        message.execution_id,
        message.run_id,
        message.sender_agent,
        message.queue_name,
        message.correlation_id,
    )


def _object(message: NewMessage) -> str:
    delivered_at = message.delivered_at
    return (
        f'{{"message_id":"{uuid_digits(message.message_id)}"'
        f',"message_type":{_text(message.message_type)}'
        f',"sent_at":"{utc(message.sent_at).isoformat()}"'
        f',"delivered_at":{"null" if delivered_at is None else _text(utc(delivered_at).isoformat())}'
        f',"message_content":{_content(message)}'
        f',"message_metadata":{"null" if message.metadata is None else encode(message.metadata)}'
        f',"namespace":{_text(message.namespace)}'
        f',"execution_id":{_text(message.execution_id)}'
        f',"run_id":{_text(message.run_id)}'
        f',"sender_agent":{_text(message.sender_agent)}'
        f',"queue_name":{_text(message.queue_name)}'
        f',"correlation_id":{_text(message.correlation_id)}}}'
    )


def _text(value: str | None) -> str:
    return "null" if value is None else encode_basestring_ascii(value)
