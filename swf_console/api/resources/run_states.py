"""`/run-states/`: the state of a run; its counters are computed from its slices, whatever was sent."""

from typing import Annotated, Any

from pydantic import MISSING

from ...backend.database import Connection, run_counters, runs
from ...backend.database.records.workflows import RunState
from ..operation import Operation, Request, Response, existing, list_response
from ..schemas import Document, Natural, RequestSchema, ResponseRow, ShortText, Timestamp, Word

BASE = "/api/run-states"
ROW = ResponseRow("RunState", RunState)
UNKNOWN = {"phase": "unknown", "state": "unknown", "target_worker_count": 0}


class RunStateKey(RequestSchema):
    run_number: Natural


class RunStateCreate(RequestSchema):
    """A run's state to store."""

    run_number: Natural
    phase: Word = "unknown"
    state: Word = "unknown"
    substate: Annotated[str, ShortText(20, blank=True)] | MISSING | None = MISSING
    target_worker_count: Natural = 0
    active_worker_count: Natural = 0
    state_changed_at: Timestamp | MISSING = MISSING
    metadata: Document | MISSING | None = MISSING


class RunStateQuery(RequestSchema):
    run_number: Natural | MISSING = MISSING
    phase: Word | MISSING = MISSING
    state: Word | MISSING = MISSING


RunStateUpdate = RunStateCreate.changes("RunStateUpdate", "run_number")


def create(connection: Connection, request: Request) -> Response:
    """Store a run's state; an existing one only gets the metadata that it lacks."""
    row = {"state_changed_at": request.now, **request.body}
    stored, created = runs.state_rows.ensure(connection, row)
    if not created and isinstance(row.get("metadata"), dict):
        lacking = {**row["metadata"], **(stored.metadata or {})}
        runs.state_rows.change(connection, stored.run_number, {"metadata": lacking})
    return Response(_with_fresh_counters(connection, stored.run_number), 201 if created else 200)


def get(connection: Connection, request: Request) -> Response:
    """Read a run's state."""
    found = runs.state_rows.get(connection, request.keys["run_number"])
    state = existing(found, "run_number", f"Run state not found: {request.keys['run_number']}")
    return Response(ROW(run_counters.with_counters(connection, state)))


def change(connection: Connection, request: Request) -> Response:
    """Change a run's state; an unknown one is created."""
    run_number = request.keys["run_number"]
    if runs.state_rows.change(connection, run_number, request.body) is None:
        row = {"state_changed_at": request.now, **UNKNOWN, **request.body, "run_number": run_number}
        runs.state_rows.ensure(connection, row)
    return Response(_with_fresh_counters(connection, run_number))


def list_states(connection: Connection, request: Request) -> Response:
    """List the states of runs, the highest number first."""
    found = runs.state_rows.listed(connection, request.filters(), request.window)
    return list_response(request, found, lambda row: ROW(run_counters.with_counters(connection, row)))


def _with_fresh_counters(connection: Connection, run_number: int) -> dict[str, Any]:
    run_counters.recount(connection, run_number)
    stored = runs.state_rows.get(connection, run_number)
    return ROW(stored) if stored else {"run_number": run_number}


OPERATIONS = (
    Operation(
        "POST", BASE, create, "Store a run's state", writes=True, body=RunStateCreate, row=ROW, creates=True
    ),
    Operation(
        "GET",
        BASE,
        list_states,
        "List the states of runs",
        query=RunStateQuery,
        row=ROW,
        is_list=True,
        max_rows=1000,
    ),
    Operation("GET", f"{BASE}/{{run_number}}", get, "Read a run's state", keys=RunStateKey, row=ROW),
    Operation(
        "PATCH",
        f"{BASE}/{{run_number}}",
        change,
        "Change a run's state, or create it",
        writes=True,
        body=RunStateUpdate,
        keys=RunStateKey,
        row=ROW,
    ),
)
