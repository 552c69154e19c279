"""`/run-states/`: where a run stands; its counters are those of its slices, whatever was sent."""

from typing import Any

from ...database import Connection, run_counters, runs
from ...database.records.workflows import RunState
from ..fields import Body, Field, Problems
from ..kinds import Document, Integer, Moment, Name
from ..operation import Answer, Asked, Operation, listed
from ..shown import Shown

BASE = "/api/run-states"
KEY = Field("run_number", Integer(0))
SHOWN = Shown("RunState", RunState)
UNKNOWN = {"phase": "unknown", "state": "unknown", "target_worker_count": 0}
NEW = Body(
    Field("run_number", Integer(0), required=True),
    Field("phase", Name(20), default="unknown"),
    Field("state", Name(20), default="unknown"),
    Field("substate", Name(20, blank=True), null=True),
    Field("target_worker_count", Integer(0), default=0),
    Field("active_worker_count", Integer(0), default=0),
    Field("state_changed_at", Moment()),
    Field("metadata", Document(), null=True),
)
CHANGE = NEW.partially("run_number")


def create(connection: Connection, asked: Asked) -> Answer:
    """Store a run's state; one that is there stays, and gets the metadata that it lacks."""
    row = {"state_changed_at": asked.now, **asked.body}
    stored, made = runs.state_rows.ensure(connection, row)
    if not made and isinstance(row.get("metadata"), dict):
        lacking = {**row["metadata"], **(stored.metadata or {})}
        runs.state_rows.change(connection, stored.run_number, {"metadata": lacking})
    return Answer(_settled(connection, stored.run_number), 201 if made else 200)


def get(connection: Connection, asked: Asked) -> Answer:
    """Read a run's state."""
    found = runs.state_rows.get(connection, asked.keys["run_number"])
    if found is None:
        raise Problems.of("run_number", "There is no state of this run.")
    return Answer(SHOWN(run_counters.with_counters(connection, found)))


def change(connection: Connection, asked: Asked) -> Answer:
    """Change a run's state; an unknown one is made."""
    run_number = asked.keys["run_number"]
    if runs.state_rows.change(connection, run_number, asked.body) is None:
        row = {"state_changed_at": asked.now, **UNKNOWN, **asked.body, "run_number": run_number}
        runs.state_rows.ensure(connection, row)
    return Answer(_settled(connection, run_number))


def list_states(connection: Connection, asked: Asked) -> Answer:
    """List the states of runs, the highest number first."""
    found = runs.state_rows.listed(connection, asked.filters("run_number", "phase", "state"), asked.window)
    return listed(asked, found, lambda row: SHOWN(run_counters.with_counters(connection, row)))


def _settled(connection: Connection, run_number: int) -> dict[str, Any]:
    run_counters.refresh(connection, run_number)
    stored = runs.state_rows.get(connection, run_number)
    return SHOWN(stored) if stored else {"run_number": run_number}


OPERATIONS = (
    Operation("POST", BASE, create, "Store a run's state", writes=True, body=NEW, row=SHOWN, made=True),
    Operation(
        "GET",
        BASE,
        list_states,
        "List the states of runs",
        query=(KEY, Field("phase", Name(20)), Field("state", Name(20))),
        row=SHOWN,
        is_list=True,
        most=1000,
    ),
    Operation("GET", f"{BASE}/{{run_number}}", get, "Read a run's state", keys=(KEY,), row=SHOWN),
    Operation(
        "PATCH",
        f"{BASE}/{{run_number}}",
        change,
        "Change a run's state, or make it",
        writes=True,
        body=CHANGE,
        keys=(KEY,),
        row=SHOWN,
    ),
)
