"""`/stf-files/`: STF files, known by their names."""

from typing import Annotated

from pydantic import MISSING, Field

from ...backend.database import Connection, files
from ...backend.database.records.processing import NumberedStfFile
from ..operation import Answer, Asked, Operation, listed
from ..schemas import (
    LARGEST_BIG,
    Document,
    FileName,
    FileStatus,
    Identifier,
    Integer,
    Line,
    Natural,
    Problems,
    ResponseRow,
    Schema,
    Word,
)
from .runs import find as find_run

BASE = "/api/stf-files"
ROW = ResponseRow("StfFile", NumberedStfFile, run=(int, lambda row: row.run_id))


class StfFileKey(Schema):
    file_id: Identifier


class StfFileCreate(Schema):
    """An STF to register."""

    run: Natural = Field(description="The run's id")
    stf_filename: FileName
    file_size_bytes: Annotated[int, Integer(0, LARGEST_BIG)] | MISSING | None = MISSING
    checksum: Annotated[str, Line(64, blank=True)] | MISSING | None = MISSING
    machine_state: Annotated[str, Line(64)] = "physics"
    status: FileStatus = "registered"
    metadata: Document | MISSING | None = MISSING
    workflow_id: Identifier | MISSING | None = MISSING
    daq_state: Word | MISSING | None = MISSING
    daq_substate: Word | MISSING | None = MISSING
    workflow_status: Annotated[str, Line(30)] | MISSING | None = MISSING
    tf_count: Natural | MISSING | None = MISSING


class StfFileFilter(Schema):
    stf_filename: FileName | MISSING = MISSING
    run_number: Natural | MISSING = MISSING
    run: Natural | MISSING = MISSING
    status: Word | MISSING = MISSING
    machine_state: Annotated[str, Line(64)] | MISSING = MISSING


StfFileUpdate = StfFileCreate.changes("StfFileUpdate", "run", "stf_filename")


def create(connection: Connection, asked: Asked) -> Answer:
    """Register an STF; one of that name stays as it is."""
    row = dict(asked.body)
    run = find_run(connection, row.pop("run"))
    if run is None:
        raise Problems.of("run", f'Invalid pk "{asked.body["run"]}" - object does not exist.')
    row |= {"run_id": run.run_id, "file_id": files.stf_id(row["stf_filename"])}
    stored, made = files.stf_rows.ensure(connection, row, "stf_filename")
    return Answer(ROW(stored), 201 if made else 200)


def get(connection: Connection, asked: Asked) -> Answer:
    """Read an STF."""
    return Answer(_shown(files.stf_rows.get(connection, asked.keys["file_id"])))


def change(connection: Connection, asked: Asked) -> Answer:
    """Change an STF."""
    return Answer(_shown(files.stf_rows.change(connection, asked.keys["file_id"], asked.body)))


def list_files(connection: Connection, asked: Asked) -> Answer:
    """List STF files, the newest first."""
    given = asked.filters()
    return listed(asked, files.stf_rows.listed(connection, given, asked.window), ROW)


def _shown(found: NumberedStfFile | None) -> dict[str, object]:
    if found is None:
        raise Problems.of("file_id", "There is no STF file of this id.")
    return ROW(found)


OPERATIONS = (
    Operation("POST", BASE, create, "Register an STF", writes=True, body=StfFileCreate, row=ROW, made=True),
    Operation("GET", BASE, list_files, "List STF files", query=StfFileFilter, row=ROW, is_list=True),
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
