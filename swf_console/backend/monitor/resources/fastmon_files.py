"""`/fastmon-files/`: TF samples, known by their names."""

from typing import Any

from ...database import Connection, file_reports
from ...database.records.processing import NamedFastmonFile
from ...database.sql.types import uuid_from
from ..fields import Body, Field, Problems
from ..kinds import LARGEST_BIG, Choice, Document, Identifier, Integer, Name
from ..operation import Answer, Asked, Operation, listed, one_or_many
from ..shown import Shown

BASE = "/api/fastmon-files"
STATUSES = ("registered", "processing", "processed", "failed", "done")
KEY = Field("tf_file_id", Identifier())
SHOWN = Shown("FastmonFile", NamedFastmonFile, stf_file=(lambda row: row.stf_filename, {"type": "string"}))
NEW = Body(
    Field("stf_file", Name(255), required=True, about="The STF's name, or its id"),
    Field("tf_filename", Name(255), required=True),
    Field("tf_first", Integer(), null=True),
    Field("tf_last", Integer(), null=True),
    Field("tf_count", Integer(0), null=True),
    Field("file_size_bytes", Integer(0, LARGEST_BIG), null=True),
    Field("checksum", Name(64, blank=True), null=True),
    Field("status", Choice(STATUSES), default="registered"),
    Field("metadata", Document(), null=True),
)
CHANGE = NEW.partially("stf_file", "tf_filename")
QUERY = (
    Field("tf_filename", Name(255)),
    Field("stf_filename", Name(255)),
    Field("run_number", Integer(0)),
    Field("status", Name(20)),
)


def create(connection: Connection, asked: Asked) -> Answer:
    """Register TF samples; those of a name that is there stay as they are."""
    parents = file_reports.stf_ids(connection, (one["stf_file"] for one in asked.bodies))
    stored = [_create(connection, one, index, asked, parents) for index, one in enumerate(asked.bodies)]
    return one_or_many(asked, [SHOWN(row) for row, _ in stored], made=any(made for _, made in stored))


def get(connection: Connection, asked: Asked) -> Answer:
    """Read a TF sample."""
    return Answer(_shown(file_reports.fastmon_rows.get(connection, asked.keys["tf_file_id"])))


def change(connection: Connection, asked: Asked) -> Answer:
    """Change a TF sample."""
    return Answer(_shown(file_reports.fastmon_rows.change(connection, asked.keys["tf_file_id"], asked.body)))


def list_files(connection: Connection, asked: Asked) -> Answer:
    """List TF samples, the newest first."""
    given = asked.filters(*(field.name for field in QUERY))
    return listed(asked, file_reports.fastmon_rows.listed(connection, given, asked.window), SHOWN)


def _create(
    connection: Connection, said: dict[str, Any], index: int, asked: Asked, parents: dict[str, str]
) -> tuple[NamedFastmonFile, bool]:
    row = dict(said)
    name = row.pop("stf_file")
    stf_file_id = parents.get(name) or _by_id(connection, name)
    if stf_file_id is None:
        text = f'Object with stf_filename="{name}" does not exist.'
        raise Problems.of(asked.field("stf_file", index), text)
    row |= {"stf_file_id": stf_file_id, "tf_file_id": uuid_from("tf", row["tf_filename"])}
    return file_reports.fastmon_rows.ensure(connection, row, "tf_filename")


def _by_id(connection: Connection, text: str) -> str | None:
    try:
        identity = str(Identifier().read(text))
    except ValueError:
        return None
    return identity if file_reports.stf_name(connection, identity) is not None else None


def _shown(found: NamedFastmonFile | None) -> dict[str, object]:
    if found is None:
        raise Problems.of("tf_file_id", "There is no TF sample of this id.")
    return SHOWN(found)


OPERATIONS = (
    Operation(
        "POST", BASE, create, "Register TF samples", writes=True, body=NEW, bulk=True, row=SHOWN, made=True
    ),
    Operation("GET", BASE, list_files, "List TF samples", query=QUERY, row=SHOWN, is_list=True),
    Operation("GET", f"{BASE}/{{tf_file_id}}", get, "Read a TF sample", keys=(KEY,), row=SHOWN),
    Operation(
        "PATCH",
        f"{BASE}/{{tf_file_id}}",
        change,
        "Change a TF sample",
        writes=True,
        body=CHANGE,
        keys=(KEY,),
        row=SHOWN,
    ),
)
