"""`/workers/`: workers that process slices."""

from typing import Annotated, Any

from pydantic import MISSING

from ...backend.database import Connection, workers
from ...backend.database.records.processing import Worker
from ..operation import Operation, Request, Response, existing, list_response
from ..schemas import (
    AnyInteger,
    Document,
    FileName,
    Natural,
    RequestSchema,
    ResponseRow,
    ShortText,
    Timestamp,
    Word,
)

BASE = "/api/workers"
ROW = ResponseRow("Worker", Worker)


class WorkerKey(RequestSchema):
    worker_id: FileName


class WorkerCreate(RequestSchema):
    """A worker to store."""

    worker_id: FileName
    run_number: Natural
    panda_job: Annotated[str, ShortText(255, blank=True)] = ""
    location: Annotated[str, ShortText(255, blank=True)] = ""
    status: Word = "starting"
    current_slice_id: AnyInteger | MISSING | None = MISSING
    tf_filename: Annotated[str, ShortText(255, blank=True)] | MISSING | None = MISSING
    slices_completed: Natural = 0
    last_heartbeat: Timestamp | MISSING | None = MISSING
    started_at: Timestamp | MISSING = MISSING
    ended_at: Timestamp | MISSING | None = MISSING
    metadata: Document | MISSING | None = MISSING


class WorkerQuery(RequestSchema):
    run_number: Natural | MISSING = MISSING
    status: Word | MISSING = MISSING
    location: FileName | MISSING = MISSING


WorkerUpdate = WorkerCreate.changes("WorkerUpdate", "worker_id")


def create(connection: Connection, request: Request) -> Response:
    """Store a worker; an existing one of that id is not changed."""
    stored, created = workers.rows.ensure(connection, {"started_at": request.now, **request.body})
    return Response(ROW(stored), 201 if created else 200)


def get(connection: Connection, request: Request) -> Response:
    """Read a worker."""
    return Response(_existing_row(request, workers.rows.get(connection, request.keys["worker_id"])))


def change(connection: Connection, request: Request) -> Response:
    """Change a worker."""
    found = workers.rows.change(connection, request.keys["worker_id"], request.body)
    return Response(_existing_row(request, found))


def list_workers(connection: Connection, request: Request) -> Response:
    """List workers in the order of their start."""
    return list_response(request, workers.rows.listed(connection, request.filters(), request.window), ROW)


def _existing_row(request: Request, found: Worker | None) -> dict[str, Any]:
    return ROW(existing(found, "worker_id", f"Worker not found: {request.keys['worker_id']}"))


OPERATIONS = (
    Operation("POST", BASE, create, "Store a worker", writes=True, body=WorkerCreate, row=ROW, creates=True),
    Operation("GET", BASE, list_workers, "List workers", query=WorkerQuery, row=ROW, is_list=True),
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
