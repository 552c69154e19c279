"""`/stf-files/`: STF files, known by their names."""

from ...database import Connection, file_reports
from ...database.records.processing import NumberedStfFile
from ...database.sql.types import uuid_from
from ..fields import Body, Field, Problems
from ..kinds import LARGEST_BIG, Choice, Document, Identifier, Integer, Name
from ..operation import Answer, Asked, Operation, listed
from ..shown import Shown
from .runs import find as find_run

BASE = "/api/stf-files"
STATUSES = ("registered", "processing", "processed", "failed", "done")
KEY = Field("file_id", Identifier())
SHOWN = Shown("StfFile", NumberedStfFile, run=(lambda row: row.run_id, {"type": "integer"}))
NEW = Body(
    Field("run", Integer(0), required=True, about="The run's id"),
    Field("stf_filename", Name(255), required=True),
    Field("file_size_bytes", Integer(0, LARGEST_BIG), null=True),
    Field("checksum", Name(64, blank=True), null=True),
    Field("machine_state", Name(64), default="physics"),
    Field("status", Choice(STATUSES), default="registered"),
    Field("metadata", Document(), null=True),
    Field("workflow_id", Identifier(), null=True),
    Field("daq_state", Name(20), null=True),
    Field("daq_substate", Name(20), null=True),
    Field("workflow_status", Name(30), null=True),
    Field("tf_count", Integer(0), null=True),
)
CHANGE = NEW.partially("run", "stf_filename")
QUERY = (
    Field("stf_filename", Name(255)),
    Field("run_number", Integer(0)),
    Field("run", Integer(0)),
    Field("status", Name(20)),
    Field("machine_state", Name(64)),
)


def create(connection: Connection, asked: Asked) -> Answer:
    """Register an STF; one of that name stays as it is."""
    row = dict(asked.body)
    run = find_run(connection, row.pop("run"))
    if run is None:
        raise Problems.of("run", f'Invalid pk "{asked.body["run"]}" - object does not exist.')
    row |= {"run_id": run.run_id, "file_id": uuid_from("stf", row["stf_filename"])}
    stored, made = file_reports.stf_rows.ensure(connection, row, "stf_filename")
    return Answer(SHOWN(stored), 201 if made else 200)


def get(connection: Connection, asked: Asked) -> Answer:
    """Read an STF."""
    return Answer(_shown(file_reports.stf_rows.get(connection, asked.keys["file_id"])))


def change(connection: Connection, asked: Asked) -> Answer:
    """Change an STF."""
    return Answer(_shown(file_reports.stf_rows.change(connection, asked.keys["file_id"], asked.body)))


def list_files(connection: Connection, asked: Asked) -> Answer:
    """List STF files, the newest first."""
    given = asked.filters(*(field.name for field in QUERY))
    return listed(asked, file_reports.stf_rows.listed(connection, given, asked.window), SHOWN)


def _shown(found: NumberedStfFile | None) -> dict[str, object]:
    if found is None:
        raise Problems.of("file_id", "There is no STF file of this id.")
    return SHOWN(found)


OPERATIONS = (
    Operation("POST", BASE, create, "Register an STF", writes=True, body=NEW, row=SHOWN, made=True),
    Operation("GET", BASE, list_files, "List STF files", query=QUERY, row=SHOWN, is_list=True),
    Operation("GET", f"{BASE}/{{file_id}}", get, "Read an STF", keys=(KEY,), row=SHOWN),
    Operation(
        "PATCH",
        f"{BASE}/{{file_id}}",
        change,
        "Change an STF",
        writes=True,
        body=CHANGE,
        keys=(KEY,),
        row=SHOWN,
    ),
)
