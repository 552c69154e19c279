"""`/workflow-messages/`: what went over the broker."""

import json
import uuid
from typing import Any

from ...database import Connection, messages
from ...database.records.messages import Message, NewMessage
from ...database.sql.types import uuid_from
from ..fields import Body, Field
from ..kinds import Anything, Document, Identifier, Moment, Name
from ..operation import Answer, Asked, Operation, listed
from ..shown import Shown

BASE = "/api/workflow-messages"
MOST = 1000
SHOWN = Shown(
    "WorkflowMessage",
    Message,
    message_content=(lambda row: row.content, {}),
    message_metadata=(lambda row: row.metadata, {}),
    msg_type=(lambda row: row.message_type, {"type": "string"}),
)
NEW = Body(
    Field("message_id", Identifier(), null=True),
    Field("message_type", Name(50), null=True),
    Field("msg_type", Name(50), null=True, about="Another name of message_type"),
    Field("sender_agent", Name(100), null=True),
    Field("sender", Name(100), null=True, about="Another name of sender_agent"),
    Field("namespace", Name(100), null=True),
    Field("execution_id", Name(100), null=True),
    Field("run_id", Name(50), null=True),
    Field("message_content", Anything(), null=True),
    Field("message_metadata", Document(), null=True),
    Field("sent_at", Moment(), null=True),
    Field("delivered_at", Moment(), null=True),
    Field("queue_name", Name(100), null=True),
    Field("correlation_id", Name(100), null=True),
)
QUERY = (
    Field("execution_id", Name(100)),
    Field("namespace", Name(100)),
    Field("msg_type", Name(50)),
    Field("run_id", Name(50)),
    Field("sender_agent", Name(100)),
    Field("since", Moment()),
)
_FILTERS = tuple(field.name for field in QUERY if field.name != "since")
_SAME = ("namespace", "execution_id", "run_id", "delivered_at", "queue_name", "correlation_id")


def create(connection: Connection, asked: Asked) -> Answer:
    """Record a message, once however often it is sent, and give it to the live stream."""
    said = asked.body
    content = said.get("message_content")
    new = NewMessage(
        message_id=said.get("message_id") or _identity(said),
        message_type=said.get("message_type") or said.get("msg_type") or "",
        sent_at=said.get("sent_at") or asked.now,
        content={} if content is None else content,
        sender_agent=said.get("sender_agent") or said.get("sender"),
        metadata=said.get("message_metadata"),
        **{name: said.get(name) for name in _SAME},
    )
    made = messages.record(connection, [new]) == 1
    stored = messages.get(connection, new.message_id)
    shown = SHOWN(stored) if stored else {"message_id": new.message_id}
    return Answer(shown, 201 if made else 200, published=(new,) if made else ())


def list_messages(connection: Connection, asked: Asked) -> Answer:
    """List messages, the newest first."""
    since = asked.query.get("since")
    found = messages.listed(connection, asked.filters(*_FILTERS), since, asked.window)
    return listed(asked, found, SHOWN)


def _identity(said: dict[str, Any]) -> str:
    """The same message sent again is the same row; without a time of sending nothing tells that it is."""
    if said.get("sent_at") is None:
        return str(uuid.uuid4())
    return uuid_from("message", json.dumps(said, sort_keys=True, default=str))


OPERATIONS = (
    Operation("POST", BASE, create, "Record a message", writes=True, body=NEW, row=SHOWN, made=True),
    Operation("GET", BASE, list_messages, "List messages", query=QUERY, row=SHOWN, is_list=True, most=MOST),
)
