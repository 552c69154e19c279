"""`/workflow-messages/`: recorded messages."""

import json
import uuid
from typing import Annotated, Any

from pydantic import MISSING, Field

from ...backend.database import Connection, messages
from ...backend.database.records.messages import MessageRecord, NewMessage
from ...backend.database.sql.types import uuid_from
from ..operation import Operation, Request, Response, list_response
from ..schemas import Document, Identifier, Name, RequestSchema, ResponseRow, ShortText, Timestamp

BASE = "/api/workflow-messages"
MAX_ROWS = 1000
ROW = ResponseRow(
    "WorkflowMessage",
    MessageRecord,
    message_content=(Any, lambda row: row.content),
    message_metadata=(Any, lambda row: row.metadata),
    msg_type=(str, lambda row: row.message_type),
)
_COPIED = ("namespace", "execution_id", "run_id", "delivered_at", "queue_name", "correlation_id")


class MessageCreate(RequestSchema):
    """A message to record."""

    message_id: Identifier | MISSING | None = MISSING
    message_type: Annotated[str, ShortText(50)] | MISSING | None = MISSING
    msg_type: Annotated[str, ShortText(50)] | MISSING | None = Field(
        MISSING, description="Alias of message_type"
    )
    sender_agent: Name | MISSING | None = MISSING
    sender: Name | MISSING | None = Field(MISSING, description="Alias of sender_agent")
    namespace: Name | MISSING | None = MISSING
    execution_id: Name | MISSING | None = MISSING
    run_id: Annotated[str, ShortText(50)] | MISSING | None = MISSING
    message_content: Any | MISSING = MISSING
    message_metadata: Document | MISSING | None = MISSING
    sent_at: Timestamp | MISSING | None = MISSING
    delivered_at: Timestamp | MISSING | None = MISSING
    queue_name: Name | MISSING | None = MISSING
    correlation_id: Name | MISSING | None = MISSING


class MessageQuery(RequestSchema):
    execution_id: Name | MISSING = MISSING
    namespace: Name | MISSING = MISSING
    msg_type: Annotated[str, ShortText(50)] | MISSING = MISSING
    run_id: Annotated[str, ShortText(50)] | MISSING = MISSING
    sender_agent: Name | MISSING = MISSING
    since: Timestamp | MISSING = MISSING


def create(connection: Connection, request: Request) -> Response:
    """Record a message, once, and pass it to the live stream."""
    body = request.body
    content = body.get("message_content")
    new = NewMessage(
        message_id=body.get("message_id") or _derived_id(body),
        message_type=body.get("message_type") or body.get("msg_type") or "",
        sent_at=body.get("sent_at") or request.now,
        content={} if content is None else content,
        sender_agent=body.get("sender_agent") or body.get("sender"),
        metadata=body.get("message_metadata"),
        **{name: body.get(name) for name in _COPIED},
    )
    created = messages.record(connection, [new]) == 1
    stored = messages.get(connection, new.message_id)
    document = ROW(stored) if stored else {"message_id": new.message_id}
    return Response(document, 201 if created else 200, published=(new,) if created else ())


def list_messages(connection: Connection, request: Request) -> Response:
    """List messages, the newest first."""
    filters = request.filters()
    found = messages.listed(connection, filters, filters.pop("since", None), request.window)
    return list_response(request, found, ROW)


def _derived_id(body: dict[str, Any]) -> str:
    """An id from the content, so that a message sent again is the same row; random without sent_at."""
    if body.get("sent_at") is None:
        return str(uuid.uuid4())
    return uuid_from("message", json.dumps(body, sort_keys=True, default=str))


OPERATIONS = (
    Operation(
        "POST", BASE, create, "Record a message", writes=True, body=MessageCreate, row=ROW, creates=True
    ),
    Operation(
        "GET",
        BASE,
        list_messages,
        "List messages",
        query=MessageQuery,
        row=ROW,
        is_list=True,
        max_rows=MAX_ROWS,
    ),
)
