"""`/system-state-events/`: the state events of runs."""

from typing import Annotated, Any

from pydantic import MISSING

from ...backend.database import Connection, runs
from ...backend.database.records.workflows import StateEvent
from ..operation import Operation, Request, Response, list_response
from ..schemas import Natural, RequestSchema, ResponseRow, ShortText, Timestamp, Word

BASE = "/api/system-state-events"
ROW = ResponseRow("SystemStateEvent", StateEvent)


class StateEventCreate(RequestSchema):
    """An event to store."""

    timestamp: Timestamp | MISSING = MISSING
    run_number: Natural
    event_type: Annotated[str, ShortText(50)]
    state: Annotated[str, ShortText(20, blank=True)] | MISSING | None = MISSING
    substate: Annotated[str, ShortText(20, blank=True)] | MISSING | None = MISSING
    event_data: Any | MISSING = MISSING


class StateEventQuery(RequestSchema):
    run_number: Natural | MISSING = MISSING
    event_type: Annotated[str, ShortText(50)] | MISSING = MISSING
    state: Word | MISSING = MISSING
    substate: Word | MISSING = MISSING


def create(connection: Connection, request: Request) -> Response:
    """Store an event; the same event sent again is not stored twice."""
    body = request.body
    data = body.get("event_data")
    event = StateEvent(
        timestamp=body.get("timestamp", request.now),
        run_number=body["run_number"],
        event_type=body["event_type"],
        state=body.get("state") or "",
        substate=body.get("substate"),
        event_data={} if data is None else data,
    )
    stored, created = runs.insert_event_once(connection, event)
    return Response(ROW(stored), 201 if created else 200)


def list_events(connection: Connection, request: Request) -> Response:
    """List events, the newest first."""
    return list_response(request, runs.event_rows.listed(connection, request.filters(), request.window), ROW)


OPERATIONS = (
    Operation(
        "POST", BASE, create, "Store an event", writes=True, body=StateEventCreate, row=ROW, creates=True
    ),
    Operation("GET", BASE, list_events, "List events", query=StateEventQuery, row=ROW, is_list=True),
)
