"""Messages as they were recorded, whole and in order: what an agent that comes late has missed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, or_, select

from .message_columns import SUMMARY
from .records.messages import Message
from .records.pages import Page
from .sql.keyset import Branch, Order, one_page
from .tables.workflows import executions, messages

_c = messages.c
_e = executions.c
# the columns' own names: in a page of several branches a label would hide them
_WHOLE = (*SUMMARY, _c.message_content, _c.message_metadata, _c.correlation_id)


def recent_executions(connection: Connection, namespace: str, since: datetime) -> list[str]:
    """List the executions of a namespace that run, or have ended since then; oldest first."""
    recent = or_(_e.status == "running", _e.end_time >= since)
    query = select(_e.execution_id).where(_e.namespace == namespace, recent)
    return list(connection.scalars(query.order_by(_e.start_time, _e.execution_id)))


def page(
    connection: Connection,
    execution_id: str,
    types: Sequence[str],
    destinations: Sequence[str],
    after: str | None = None,
    limit: int = 500,
) -> Page[Message]:
    """List an execution's messages of these types to these destinations, oldest first."""
    wanted = [
        _c.execution_id == execution_id,
        _c.message_type.in_(types),
        _c.queue_name.in_(destinations),
    ]
    order = Order((_c.sent_at, _c.message_id), after, limit, newest_first=False)
    return one_page(connection, [Branch(wanted)], _WHOLE, order, _message)


def _message(message_content: object, message_metadata: dict[str, object] | None, **rest: object) -> Message:
    return Message(content=message_content, metadata=message_metadata, **rest)  # type: ignore[arg-type]
