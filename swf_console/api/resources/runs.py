"""`/runs/`: DAQ runs."""

from typing import Any

from pydantic import MISSING

from ...backend.database import Connection, runs
from ...backend.database.records.workflows import Run
from ..operation import Operation, Request, Response, existing, list_response
from ..schemas import Natural, RequestSchema, ResponseRow, Timestamp

BASE = "/api/runs"
ROW = ResponseRow("Run", Run)


class RunKey(RequestSchema):
    run_id: Natural


class RunCreate(RequestSchema):
    """A run to store."""

    run_number: Natural
    start_time: Timestamp | MISSING = MISSING
    end_time: Timestamp | MISSING | None = MISSING
    run_conditions: Any | MISSING = MISSING


class RunQuery(RequestSchema):
    run_number: Natural | MISSING = MISSING


RunUpdate = RunCreate.changes("RunUpdate", "run_number")


def find(connection: Connection, run: int) -> Run | None:
    """A run by its id, else by its number, which some programs send as the id."""
    by_id = runs.rows.get(connection, run)
    return by_id or runs.rows.named(connection, "run_number", run)


def create(connection: Connection, request: Request) -> Response:
    """Store a run; an existing one of that number is not changed."""
    row = {"start_time": request.now, **request.body}
    stored, created = runs.rows.ensure(connection, row, "run_number")
    return Response(ROW(stored), 201 if created else 200)


def get(connection: Connection, request: Request) -> Response:
    """Read a run."""
    return Response(ROW(_known(connection, request)))


def change(connection: Connection, request: Request) -> Response:
    """Change a run."""
    before = _known(connection, request)
    return Response(ROW(runs.rows.change(connection, before.run_id, request.body) or before))


def list_runs(connection: Connection, request: Request) -> Response:
    """List runs, the highest number first."""
    return list_response(request, runs.rows.listed(connection, request.filters(), request.window), ROW)


def _known(connection: Connection, request: Request) -> Run:
    run_id = request.keys["run_id"]
    return existing(find(connection, run_id), "run_id", f"Run not found: {run_id}")


OPERATIONS = (
    Operation("POST", BASE, create, "Store a run", writes=True, body=RunCreate, row=ROW, creates=True),
    Operation("GET", BASE, list_runs, "List runs", query=RunQuery, row=ROW, is_list=True),
    Operation("GET", f"{BASE}/{{run_id}}", get, "Read a run", keys=RunKey, row=ROW),
    Operation(
        "PATCH",
        f"{BASE}/{{run_id}}",
        change,
        "Change a run",
        writes=True,
        body=RunUpdate,
        keys=RunKey,
        row=ROW,
    ),
)
