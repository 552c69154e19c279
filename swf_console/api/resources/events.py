"""`/system-state-events/`: what happened in a run, and when."""

from typing import Annotated, Any

from pydantic import MISSING

from ...backend.database import Connection, runs
from ...backend.database.records.workflows import StateEvent
from ..operation import Answer, Asked, Operation, listed
from ..schemas import Line, Moment, Natural, ResponseRow, Schema, Word

BASE = "/api/system-state-events"
ROW = ResponseRow("SystemStateEvent", StateEvent)


class StateEventCreate(Schema):
    """An event to store."""

    timestamp: Moment | MISSING = MISSING
    run_number: Natural
    event_type: Annotated[str, Line(50)]
    state: Annotated[str, Line(20, blank=True)] | MISSING | None = MISSING
    substate: Annotated[str, Line(20, blank=True)] | MISSING | None = MISSING
    event_data: Any | MISSING = MISSING


class StateEventFilter(Schema):
    run_number: Natural | MISSING = MISSING
    event_type: Annotated[str, Line(50)] | MISSING = MISSING
    state: Word | MISSING = MISSING
    substate: Word | MISSING = MISSING


def create(connection: Connection, asked: Asked) -> Answer:
    """Store an event, once however often it is sent."""
    said = asked.body
    data = said.get("event_data")
    event = StateEvent(
        timestamp=said.get("timestamp", asked.now),
        run_number=said["run_number"],
        event_type=said["event_type"],
        state=said.get("state") or "",
        substate=said.get("substate"),
        event_data={} if data is None else data,
    )
    stored, made = runs.insert_event_once(connection, event)
    return Answer(ROW(stored), 201 if made else 200)


def list_events(connection: Connection, asked: Asked) -> Answer:
    """List events, the newest first."""
    given = asked.filters()
    return listed(asked, runs.event_rows.listed(connection, given, asked.window), ROW)


OPERATIONS = (
    Operation("POST", BASE, create, "Store an event", writes=True, body=StateEventCreate, row=ROW, made=True),
    Operation("GET", BASE, list_events, "List events", query=StateEventFilter, row=ROW, is_list=True),
)
