"""`/workers/`: workers that process slices."""

from typing import Annotated

from pydantic import MISSING

from ...backend.database import Connection, workers
from ...backend.database.records.processing import Worker
from ..operation import Answer, Asked, Operation, listed
from ..schemas import (
    AnyInteger,
    Document,
    FileName,
    Line,
    Moment,
    Natural,
    Problems,
    ResponseRow,
    Schema,
    Word,
)

BASE = "/api/workers"
ROW = ResponseRow("Worker", Worker)


class WorkerKey(Schema):
    worker_id: FileName


class WorkerCreate(Schema):
    """A worker to store."""

    worker_id: FileName
    run_number: Natural
    panda_job: Annotated[str, Line(255, blank=True)] = ""
    location: Annotated[str, Line(255, blank=True)] = ""
    status: Word = "starting"
    current_slice_id: AnyInteger | MISSING | None = MISSING
    tf_filename: Annotated[str, Line(255, blank=True)] | MISSING | None = MISSING
    slices_completed: Natural = 0
    last_heartbeat: Moment | MISSING | None = MISSING
    started_at: Moment | MISSING = MISSING
    ended_at: Moment | MISSING | None = MISSING
    metadata: Document | MISSING | None = MISSING


class WorkerFilter(Schema):
    run_number: Natural | MISSING = MISSING
    status: Word | MISSING = MISSING
    location: FileName | MISSING = MISSING


WorkerUpdate = WorkerCreate.changes("WorkerUpdate", "worker_id")


def create(connection: Connection, asked: Asked) -> Answer:
    """Store a worker; one of that id stays as it is."""
    stored, made = workers.rows.ensure(connection, {"started_at": asked.now, **asked.body})
    return Answer(ROW(stored), 201 if made else 200)


def get(connection: Connection, asked: Asked) -> Answer:
    """Read a worker."""
    return Answer(_shown(workers.rows.get(connection, asked.keys["worker_id"])))


def change(connection: Connection, asked: Asked) -> Answer:
    """Change a worker."""
    return Answer(_shown(workers.rows.change(connection, asked.keys["worker_id"], asked.body)))


def list_workers(connection: Connection, asked: Asked) -> Answer:
    """List workers in the order of their start."""
    given = asked.filters()
    return listed(asked, workers.rows.listed(connection, given, asked.window), ROW)


def _shown(found: Worker | None) -> dict[str, object]:
    if found is None:
        raise Problems.of("worker_id", "There is no worker of this id.")
    return ROW(found)


OPERATIONS = (
    Operation("POST", BASE, create, "Store a worker", writes=True, body=WorkerCreate, row=ROW, made=True),
    Operation("GET", BASE, list_workers, "List workers", query=WorkerFilter, row=ROW, is_list=True),
    Operation("GET", f"{BASE}/{{worker_id:path}}", get, "Read a worker", keys=WorkerKey, row=ROW),
    Operation(
        "PATCH",
        f"{BASE}/{{worker_id:path}}",
        change,
        "Change a worker",
        writes=True,
        body=WorkerUpdate,
        keys=WorkerKey,
        row=ROW,
    ),
)
