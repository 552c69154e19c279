"""`/runs/`: DAQ runs."""

from typing import Any

from pydantic import MISSING

from ...backend.database import Connection, runs
from ...backend.database.records.workflows import Run
from ..operation import Answer, Asked, Operation, listed
from ..schemas import Moment, Natural, Problems, ResponseRow, Schema

BASE = "/api/runs"
ROW = ResponseRow("Run", Run)


class RunKey(Schema):
    run_id: Natural


class RunCreate(Schema):
    """A run to store."""

    run_number: Natural
    start_time: Moment | MISSING = MISSING
    end_time: Moment | MISSING | None = MISSING
    run_conditions: Any | MISSING = MISSING


class RunFilter(Schema):
    run_number: Natural | MISSING = MISSING


RunUpdate = RunCreate.changes("RunUpdate", "run_number")


def find(connection: Connection, run: int) -> Run | None:
    """A run by its id, else by its number, which programs take for one."""
    by_id = runs.rows.get(connection, run)
    return by_id or runs.rows.named(connection, "run_number", run)


def create(connection: Connection, asked: Asked) -> Answer:
    """Store a run; one of that number stays as it is."""
    row = {"start_time": asked.now, **asked.body}
    stored, made = runs.rows.ensure(connection, row, "run_number")
    return Answer(ROW(stored), 201 if made else 200)


def get(connection: Connection, asked: Asked) -> Answer:
    """Read a run."""
    return Answer(ROW(_known(connection, asked)))


def change(connection: Connection, asked: Asked) -> Answer:
    """Change a run."""
    before = _known(connection, asked)
    return Answer(ROW(runs.rows.change(connection, before.run_id, asked.body) or before))


def list_runs(connection: Connection, asked: Asked) -> Answer:
    """List runs, the highest number first."""
    return listed(asked, runs.rows.listed(connection, asked.filters(), asked.window), ROW)


def _known(connection: Connection, asked: Asked) -> Run:
    found = find(connection, asked.keys["run_id"])
    if found is None:
        raise Problems.of("run_id", "There is no run of this id.")
    return found


OPERATIONS = (
    Operation("POST", BASE, create, "Store a run", writes=True, body=RunCreate, row=ROW, made=True),
    Operation("GET", BASE, list_runs, "List runs", query=RunFilter, row=ROW, is_list=True),
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
