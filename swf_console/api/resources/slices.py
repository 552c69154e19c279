"""`/tf-slices/`: slices of TF samples, identified by (TF sample, slice_id); a result names its slice."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import MISSING, BeforeValidator, Field, TypeAdapter

from ...backend.database import Connection, files, slices
from ...backend.database.records.processing import NewTfSlice, TfSlice
from ..operation import Operation, Request, Response, bulk_response, existing, list_response
from ..schemas import (
    IDENTIFIER,
    LARGEST_BIG,
    AnyInteger,
    Document,
    FileName,
    Identifier,
    Integer,
    Natural,
    Problems,
    RequestSchema,
    ResponseRow,
    Timestamp,
    Word,
)

BASE = "/api/tf-slices"
SYNONYMS = {"done": "completed"}
Status = Annotated[
    Word, BeforeValidator(lambda word: SYNONYMS.get(word, word) if isinstance(word, str) else word)
]
NATURAL, FILE_NAME = TypeAdapter[int](Natural), TypeAdapter[str](FileName)
ROW = ResponseRow(
    "TfSlice",
    TfSlice,
    tf_filename=(str, lambda row: slices.slice_file(row.fastmon_file, row.slice_id)),
)


class SliceKey(RequestSchema):
    id: Annotated[int, Integer(0, LARGEST_BIG)]


class SliceCreate(RequestSchema):
    """A slice to store."""

    slice_id: Natural
    tf_first: AnyInteger
    tf_last: AnyInteger
    tf_count: Natural
    run_number: Natural
    status: Status = "queued"
    retries: Natural = 0
    metadata: Document | MISSING | None = MISSING
    fastmon_file: FileName | MISSING | None = Field(MISSING, description="The TF sample's name, or its id")
    tf_filename: FileName | MISSING | None = Field(
        MISSING, description="Or the slice's file name: the sample's with _slice_<digits>"
    )
    stf_filename: FileName | MISSING | None = MISSING
    assigned_worker: FileName | MISSING | None = MISSING
    assigned_at: Timestamp | MISSING | None = MISSING
    completed_at: Timestamp | MISSING | None = MISSING
    processed_at: Timestamp | MISSING | None = Field(MISSING, description="Alias of completed_at")


class SliceQuery(RequestSchema):
    run_number: Natural | MISSING = MISSING
    slice_id: Natural | MISSING = MISSING
    status: Status | MISSING = MISSING
    assigned_worker: FileName | MISSING = MISSING
    fastmon_file_id: Identifier | MISSING = MISSING
    fastmon_file: FileName | MISSING = MISSING
    stf_filename: FileName | MISSING = MISSING
    tf_filename: FileName | MISSING = Field(MISSING, description="Of a sample, or of a slice")
    id: Natural | MISSING = MISSING
    fastmon_file__tf_filename: FileName | MISSING = Field(MISSING, description="The same as fastmon_file")
    fastmon_file__stf_file__stf_filename: FileName | MISSING = Field(
        MISSING, description="The same as stf_filename"
    )


SliceUpdate = SliceCreate.changes(
    "SliceUpdate", "slice_id", "run_number", "fastmon_file", "tf_filename", "stf_filename"
)
ALIASES = {
    "fastmon_file__tf_filename": "fastmon_file",
    "fastmon_file__stf_file__stf_filename": "stf_filename",
}
_FIELDS = set(NewTfSlice.__dataclass_fields__) - {"fastmon_file"}
_CHANGEABLE = _FIELDS - {"slice_id", "run_number"}


def create(connection: Connection, request: Request) -> Response:
    """Store slices; existing ones of the same key are not changed."""
    known = _sample_ids(connection, request.bodies)
    new = [
        _new_slice(connection, one, request.field("fastmon_file", n), known)
        for n, one in enumerate(request.bodies)
    ]
    created = slices.create(connection, new, known)
    rows = slices.stored(connection, new, known)
    documents = [
        _to_json(row, body.get("tf_filename")) for row, body in zip(rows, request.bodies, strict=True)
    ]
    return bulk_response(request, documents, created=bool(created))


def create_each(connection: Connection, requests: Sequence[Request]) -> list[Response | Exception]:
    """Store one slice for each request, as `create` does."""
    known = _sample_ids(connection, [request.body for request in requests])
    new = [_new_or_problem(connection, request.body, known) for request in requests]
    good = [one for one in new if isinstance(one, NewTfSlice)]
    created = slices.create(connection, good, known)
    rows = iter(slices.stored(connection, good, known))
    responses: list[Response | Exception] = []
    for request, one in zip(requests, new, strict=True):
        if isinstance(one, Problems):
            responses.append(one)
        else:
            document = _to_json(next(rows), request.body.get("tf_filename"))
            responses.append(Response(document, 201 if (one.fastmon_file, one.slice_id) in created else 200))
    return responses


def get(connection: Connection, request: Request) -> Response:
    """Read a slice."""
    slice_id = request.keys["id"]
    return Response(
        ROW(existing(slices.rows.get(connection, slice_id), "id", f"Slice not found: {slice_id}"))
    )


def change(connection: Connection, request: Request) -> Response:
    """Change the slice that the result in the metadata names, else that of the path.

    Clients look slices up by slice_id alone, which may find a slice of another sample."""
    body = request.body
    changes = {name: value for name, value in body.items() if name in _CHANGEABLE}
    if "processed_at" in body:
        changes["completed_at"] = body["processed_at"]
    host = (body.get("metadata") or {}).get("worker_hostname")
    if isinstance(host, str) and host and "assigned_worker" not in body:
        changes["assigned_worker"] = FILE_NAME.validate_python(host[:255])
    slice_id = _slice_id(connection, request)
    after = slices.change(connection, slice_id, changes)
    return Response(ROW(existing(after, "id", f"Slice not found: {slice_id}")))


def list_slices(connection: Connection, request: Request) -> Response:
    """List slices, the oldest first."""
    # the spelling of the monitor's own filters
    filters = {ALIASES.get(name, name): value for name, value in request.filters().items()}
    tf_filename = filters.pop("tf_filename", None)
    found = slices.listed(connection, filters, request.window, tf_filename)
    return list_response(request, found, lambda row: _to_json(row, tf_filename), bare=True)


def _sample_ids(connection: Connection, bodies: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return files.fastmon_ids(connection, {name for one in bodies for name in _parents(one)})


def _new_or_problem(
    connection: Connection, body: Mapping[str, Any], known: dict[str, str]
) -> NewTfSlice | Problems:
    try:
        return _new_slice(connection, body, "fastmon_file", known)
    except Problems as problem:
        return problem


def _new_slice(
    connection: Connection, body: Mapping[str, Any], field: str, known: dict[str, str]
) -> NewTfSlice:
    parent = next((name for name in _parents(body) if name in known), None)
    if parent is None:
        parent = _by_id(connection, body.get("fastmon_file"), known)
    if parent is None:
        given = body.get("fastmon_file") or body.get("tf_filename")
        text = f'Object with tf_filename="{given}" does not exist.' if given else "This field is required."
        raise Problems.of(field, text)
    row = {name: value for name, value in body.items() if name in _FIELDS}
    if row.get("completed_at") is None:
        row["completed_at"] = body.get("processed_at")
    return NewTfSlice(fastmon_file=parent, **row)


def _parents(body: Mapping[str, Any]) -> Iterable[str]:
    """The possible names of its sample, the most likely first."""
    given = [body[name] for name in ("fastmon_file", "tf_filename") if body.get(name)]
    for name in given[:1]:
        yield name
    for name in given:
        yield slices.sample_of(name)[0]


def _by_id(connection: Connection, text: str | None, known: dict[str, str]) -> str | None:
    try:
        identity = IDENTIFIER.validate_python(text)
    except ValueError:
        return None
    found = files.fastmon_rows.get(connection, identity)
    if found is None:
        return None
    known[found.tf_filename] = found.tf_file_id
    return found.tf_filename


def _slice_id(connection: Connection, request: Request) -> int:
    named = _result_key(request.body.get("metadata"))
    key: int = request.keys["id"]
    if named is None:
        return key
    sample, slice_id = named
    found = slices.find(connection, sample, slice_id)
    if found is None:
        raise Problems.of("metadata", f"Slice not found: {slice_id} of {sample}")
    return found.id


def _result_key(metadata: Any) -> tuple[str, int] | None:
    result: Any = metadata
    for step in ("result", "result"):
        result = result.get(step) if isinstance(result, dict) else None
    if not isinstance(result, dict) or not isinstance(result.get("tf_filename"), str):
        return None
    try:
        return slices.sample_of(result["tf_filename"])[0], NATURAL.validate_python(result.get("slice_id"))
    except ValueError:
        return None


def _to_json(row: TfSlice, tf_filename: str | None) -> dict[str, Any]:
    """The row, with tf_filename as the client sent it: programs compare the two."""
    return {**ROW(row), "tf_filename": tf_filename} if tf_filename else ROW(row)


OPERATIONS = (
    Operation(
        "POST",
        BASE,
        create,
        "Store slices",
        writes=True,
        batch_handler=create_each,
        body=SliceCreate,
        bulk=True,
        row=ROW,
        creates=True,
    ),
    Operation("GET", BASE, list_slices, "List slices", query=SliceQuery, row=ROW, is_list=True),
    Operation("GET", f"{BASE}/{{id}}", get, "Read a slice", keys=SliceKey, row=ROW),
    Operation(
        "PATCH",
        f"{BASE}/{{id}}",
        change,
        "Change the slice that metadata.result names, else that of the path",
        writes=True,
        body=SliceUpdate,
        keys=SliceKey,
        row=ROW,
    ),
)
