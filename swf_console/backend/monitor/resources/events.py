"""`/system-state-events/`: what happened in a run, and when."""

from ...database import Connection, runs
from ...database.records.workflows import StateEvent
from ..fields import Body, Field
from ..kinds import Anything, Integer, Moment, Name
from ..operation import Answer, Asked, Operation, listed
from ..shown import Shown

BASE = "/api/system-state-events"
SHOWN = Shown("SystemStateEvent", StateEvent)
NEW = Body(
    Field("timestamp", Moment()),
    Field("run_number", Integer(0), required=True),
    Field("event_type", Name(50), required=True),
    Field("state", Name(20, blank=True), null=True),
    Field("substate", Name(20, blank=True), null=True),
    Field("event_data", Anything(), null=True),
)
QUERY = (
    Field("run_number", Integer(0)),
    Field("event_type", Name(50)),
    Field("state", Name(20)),
    Field("substate", Name(20)),
)


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
    return Answer(SHOWN(stored), 201 if made else 200)


def list_events(connection: Connection, asked: Asked) -> Answer:
    """List events, the newest first."""
    given = asked.filters(*(field.name for field in QUERY))
    return listed(asked, runs.event_rows.listed(connection, given, asked.window), SHOWN)


OPERATIONS = (
    Operation("POST", BASE, create, "Store an event", writes=True, body=NEW, row=SHOWN, made=True),
    Operation("GET", BASE, list_events, "List events", query=QUERY, row=SHOWN, is_list=True),
)
