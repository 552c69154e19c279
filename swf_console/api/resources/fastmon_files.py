"""`/fastmon-files/`: TF samples, identified by name."""

from typing import Annotated, Any

from pydantic import MISSING, Field

from ...backend.database import Connection, files
from ...backend.database.records.processing import NamedFastmonFile
from ..operation import Operation, Request, Response, bulk_response, existing, list_response
from ..schemas import (
    IDENTIFIER,
    LARGEST_BIG,
    AnyInteger,
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

BASE = "/api/fastmon-files"
ROW = ResponseRow("FastmonFile", NamedFastmonFile, stf_file=(str, lambda row: row.stf_filename))


class FastmonFileKey(RequestSchema):
    tf_file_id: Identifier


class FastmonFileCreate(RequestSchema):
    """A TF sample to register."""

    stf_file: FileName = Field(description="The STF's name, or its id")
    tf_filename: FileName
    tf_first: AnyInteger | MISSING | None = MISSING
    tf_last: AnyInteger | MISSING | None = MISSING
    tf_count: Natural | MISSING | None = MISSING
    file_size_bytes: Annotated[int, Integer(0, LARGEST_BIG)] | MISSING | None = MISSING
    checksum: Annotated[str, ShortText(64, blank=True)] | MISSING | None = MISSING
    status: FileStatus = "registered"
    metadata: Document | MISSING | None = MISSING


class FastmonFileQuery(RequestSchema):
    tf_filename: FileName | MISSING = MISSING
    stf_filename: FileName | MISSING = MISSING
    run_number: Natural | MISSING = MISSING
    status: Word | MISSING = MISSING


FastmonFileUpdate = FastmonFileCreate.changes("FastmonFileUpdate", "stf_file", "tf_filename")


def create(connection: Connection, request: Request) -> Response:
    """Register TF samples; existing ones of the same name are not changed."""
    parents = files.stf_ids(connection, (one["stf_file"] for one in request.bodies))
    stored = [_create(connection, one, index, request, parents) for index, one in enumerate(request.bodies)]
    return bulk_response(
        request, [ROW(row) for row, _ in stored], created=any(created for _, created in stored)
    )


def get(connection: Connection, request: Request) -> Response:
    """Read a TF sample."""
    return Response(_existing_row(request, files.fastmon_rows.get(connection, request.keys["tf_file_id"])))


def change(connection: Connection, request: Request) -> Response:
    """Change a TF sample."""
    found = files.fastmon_rows.change(connection, request.keys["tf_file_id"], request.body)
    return Response(_existing_row(request, found))


def list_files(connection: Connection, request: Request) -> Response:
    """List TF samples, the newest first."""
    return list_response(
        request, files.fastmon_rows.listed(connection, request.filters(), request.window), ROW
    )


def _create(
    connection: Connection, body: dict[str, Any], index: int, request: Request, parents: dict[str, str]
) -> tuple[NamedFastmonFile, bool]:
    row = dict(body)
    name = row.pop("stf_file")
    stf_file_id = parents.get(name) or _by_id(connection, name)
    if stf_file_id is None:
        text = f'Object with stf_filename="{name}" does not exist.'
        raise Problems.of(request.field("stf_file", index), text)
    row |= {"stf_file_id": stf_file_id, "tf_file_id": files.fastmon_id(row["tf_filename"])}
    return files.fastmon_rows.ensure(connection, row, "tf_filename")


def _by_id(connection: Connection, text: str) -> str | None:
    try:
        identity = IDENTIFIER.validate_python(text)
    except ValueError:
        return None
    return identity if files.stf_name(connection, identity) is not None else None


def _existing_row(request: Request, found: NamedFastmonFile | None) -> dict[str, Any]:
    return ROW(existing(found, "tf_file_id", f"TF sample not found: {request.keys['tf_file_id']}"))


OPERATIONS = (
    Operation(
        "POST",
        BASE,
        create,
        "Register TF samples",
        writes=True,
        body=FastmonFileCreate,
        bulk=True,
        row=ROW,
        creates=True,
    ),
    Operation("GET", BASE, list_files, "List TF samples", query=FastmonFileQuery, row=ROW, is_list=True),
    Operation("GET", f"{BASE}/{{tf_file_id}}", get, "Read a TF sample", keys=FastmonFileKey, row=ROW),
    Operation(
        "PATCH",
        f"{BASE}/{{tf_file_id}}",
        change,
        "Change a TF sample",
        writes=True,
        body=FastmonFileUpdate,
        keys=FastmonFileKey,
        row=ROW,
    ),
)
