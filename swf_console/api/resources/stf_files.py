"""`/stf-files/`: STF files, identified by name."""

from typing import Annotated, Any

from pydantic import MISSING, Field

from ...backend.database import Connection, files
from ...backend.database.records.processing import NumberedStfFile
from ..operation import Operation, Request, Response, existing, list_response
from ..schemas import (
    LARGEST_BIG,
    Document,
    FileName,
    FileStatus,
    Identifier,
    Integer,
    Natural,
    Problems,
    RequestSchema,
    ResponseRow,
    ShortText,
    Word,
)
from .runs import find as find_run

BASE = "/api/stf-files"
ROW = ResponseRow("StfFile", NumberedStfFile, run=(int, lambda row: row.run_id))


class StfFileKey(RequestSchema):
    file_id: Identifier


class StfFileCreate(RequestSchema):
    """An STF to register."""

    run: Natural = Field(description="The run's id")
    stf_filename: FileName
    file_size_bytes: Annotated[int, Integer(0, LARGEST_BIG)] | MISSING | None = MISSING
    checksum: Annotated[str, ShortText(64, blank=True)] | MISSING | None = MISSING
    machine_state: Annotated[str, ShortText(64)] = "physics"
    status: FileStatus = "registered"
    metadata: Document | MISSING | None = MISSING
    workflow_id: Identifier | MISSING | None = MISSING
    daq_state: Word | MISSING | None = MISSING
    daq_substate: Word | MISSING | None = MISSING
    workflow_status: Annotated[str, ShortText(30)] | MISSING | None = MISSING
    tf_count: Natural | MISSING | None = MISSING


class StfFileQuery(RequestSchema):
    stf_filename: FileName | MISSING = MISSING
    run_number: Natural | MISSING = MISSING
    run: Natural | MISSING = MISSING
    status: Word | MISSING = MISSING
    machine_state: Annotated[str, ShortText(64)] | MISSING = MISSING


StfFileUpdate = StfFileCreate.changes("StfFileUpdate", "run", "stf_filename")


def create(connection: Connection, request: Request) -> Response:
    """Register an STF; an existing one of that name is not changed."""
    row = dict(request.body)
    run = find_run(connection, row.pop("run"))
    if run is None:
        raise Problems.of("run", f'Invalid pk "{request.body["run"]}" - object does not exist.')
    row |= {"run_id": run.run_id, "file_id": files.stf_id(row["stf_filename"])}
    stored, created = files.stf_rows.ensure(connection, row, "stf_filename")
    return Response(ROW(stored), 201 if created else 200)


def get(connection: Connection, request: Request) -> Response:
    """Read an STF."""
    return Response(_existing_row(request, files.stf_rows.get(connection, request.keys["file_id"])))


def change(connection: Connection, request: Request) -> Response:
    """Change an STF."""
    found = files.stf_rows.change(connection, request.keys["file_id"], request.body)
    return Response(_existing_row(request, found))


def list_files(connection: Connection, request: Request) -> Response:
    """List STF files, the newest first."""
    return list_response(request, files.stf_rows.listed(connection, request.filters(), request.window), ROW)


def _existing_row(request: Request, found: NumberedStfFile | None) -> dict[str, Any]:
    return ROW(existing(found, "file_id", f"STF file not found: {request.keys['file_id']}"))


OPERATIONS = (
    Operation(
        "POST", BASE, create, "Register an STF", writes=True, body=StfFileCreate, row=ROW, creates=True
    ),
    Operation("GET", BASE, list_files, "List STF files", query=StfFileQuery, row=ROW, is_list=True),
    Operation("GET", f"{BASE}/{{file_id}}", get, "Read an STF", keys=StfFileKey, row=ROW),
    Operation(
        "PATCH",
        f"{BASE}/{{file_id}}",
        change,
        "Change an STF",
        writes=True,
        body=StfFileUpdate,
        keys=StfFileKey,
        row=ROW,
    ),
)
