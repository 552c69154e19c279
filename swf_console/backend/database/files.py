"""STF files and TF samples: registered once, with a status that only moves forward."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, FromClause, Select, bindparam, select

from . import runs
from .records.pages import Page
from .records.processing import (
    FastmonFile,
    NamedFastmonFile,
    NewFastmonFile,
    NewStfFile,
    NumberedStfFile,
    StfFile,
    StfFilter,
)
from .sql.dialect import advance, given, insert_unless_there, matching, portions
from .sql.keyset import Branch, Order, one_page
from .sql.offset import TableGateway
from .sql.types import uuid_from
from .tables.processing import fastmon_files, stf_files
from .tables.workflows import runs as run_table

STATUSES = ("registered", "processing", "processed", "done", "failed")

_s = stf_files.c
_f = fastmon_files.c
_r = run_table.c
_STF = tuple(_s[name] for name in StfFile.__dataclass_fields__)
_FASTMON = tuple(_f[name] for name in FastmonFile.__dataclass_fields__)
_STF_GIVEN = (
    "file_id",
    "stf_filename",
    "machine_state",
    "file_size_bytes",
    "checksum",
    "daq_state",
    "daq_substate",
    "tf_count",
    "metadata",
)
_FASTMON_GIVEN = (
    "tf_file_id",
    "tf_filename",
    "tf_first",
    "tf_last",
    "tf_count",
    "file_size_bytes",
    "checksum",
    "status",
    "metadata",
)
_FASTMON_IDS = select(_f.tf_filename, _f.tf_file_id).where(
    _f.tf_filename.in_(bindparam("names", expanding=True))
)
_inserts: dict[tuple[str, str], Any] = {}

stf_rows: TableGateway[NumberedStfFile] = TableGateway(
    stf_files,
    _s.file_id,
    NumberedStfFile,
    columns={**{column.name: column for column in _STF}, "run_number": _r.run_number},
    within=stf_files.join(run_table, _r.run_id == _s.run_id),
    filters={
        "stf_filename": _s.stf_filename,
        "run_number": _r.run_number,
        "run": _s.run_id,
        "status": _s.status,
        "machine_state": _s.machine_state,
    },
    order=(_s.created_at.desc(), _s.stf_filename.desc()),
)
fastmon_rows: TableGateway[NamedFastmonFile] = TableGateway(
    fastmon_files,
    _f.tf_file_id,
    NamedFastmonFile,
    columns={
        **{column.name: column for column in _FASTMON},
        "stf_filename": _s.stf_filename,
        "run_number": _r.run_number,
    },
    within=fastmon_files.join(stf_files, _s.file_id == _f.stf_file_id).join(
        run_table, _r.run_id == _s.run_id
    ),
    filters={
        "tf_filename": _f.tf_filename,
        "stf_filename": _s.stf_filename,
        "run_number": _r.run_number,
        "status": _f.status,
    },
    order=(_f.created_at.desc(), _f.tf_filename.desc()),
)


def register_stf_files(connection: Connection, new: Sequence[NewStfFile]) -> None:
    """Store STFs and their runs; existing ones stay unchanged."""
    for first in {one.run_number: one for one in reversed(new)}.values():
        runs.ensure(connection, first.run_number, first.started_at, first.run_conditions)
    connection.execute(_insert_stf_file(connection), [_stf_row(one) for one in new])


def register_fastmon_files(connection: Connection, new: Sequence[NewFastmonFile]) -> None:
    """Store TF samples of registered STFs; existing ones stay unchanged."""
    connection.execute(_insert_fastmon_file(connection), [_fastmon_row(one) for one in new])


def advance_stf_files(connection: Connection, wanted: Sequence[tuple[str, str]]) -> None:
    """Move STFs forward, each (name, status); one that is at this status or later stays."""
    advance(connection, _s.stf_filename, STATUSES, wanted)


def stf_page(
    connection: Connection, wanted: StfFilter, after: str | None = None, limit: int = 50
) -> Page[NumberedStfFile]:
    """List STF files by name, descending."""
    equal = ((_s.status, wanted.status), (_s.machine_state, wanted.machine_state))
    conditions = matching(equal, _s.created_at, wanted.since, wanted.until)
    if wanted.run_number is not None:
        run = runs.find(connection, wanted.run_number)
        if run is None:
            return Page(())
        conditions.append(_s.run_id == run.run_id)
    order = Order((_s.stf_filename,), after, limit)
    return one_page(connection, [conditions], _STF, order, NumberedStfFile, _with_run)


def fastmon_page(
    connection: Connection, run_number: int, after: str | None = None, limit: int = 50
) -> Page[NamedFastmonFile]:
    """List the TF samples of a run, the latest first."""
    run = runs.find(connection, run_number)
    if run is None:
        return Page(())
    stfs = select(_s.file_id).where(_s.run_id == run.run_id)
    branch = Branch([_f.stf_file_id.in_(stfs)], few=True)
    order = Order((_f.created_at, _f.tf_filename), after, limit)
    return one_page(connection, [branch], _FASTMON, order, NamedFastmonFile, _with_stf)


def fastmon_files_of(connection: Connection, stf_filename: str) -> list[FastmonFile]:
    """List the TF samples of an STF by name."""
    query = select(*_FASTMON).join(stf_files, _s.file_id == _f.stf_file_id)
    rows = connection.execute(query.where(_s.stf_filename == stf_filename).order_by(_f.tf_filename))
    return [FastmonFile(**row._mapping) for row in rows]


def stf_ids(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """The ids of these STF files by name; unregistered ones are left out."""
    found: dict[str, str] = {}
    for some in portions(sorted(set(names))):
        query = select(_s.stf_filename, _s.file_id).where(_s.stf_filename.in_(some))
        found.update((row.stf_filename, row.file_id) for row in connection.execute(query))
    return found


def fastmon_ids(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """The ids of these TF samples by name; unregistered ones are left out."""
    found: dict[str, str] = {}
    for some in portions(sorted(set(names))):
        rows = connection.execute(_FASTMON_IDS, {"names": some})
        found.update((row.tf_filename, row.tf_file_id) for row in rows)
    return found


def stf_name(connection: Connection, file_id: str) -> str | None:
    """The name of an STF file; None if the id is not registered."""
    name: Any = connection.scalar(select(_s.stf_filename).where(_s.file_id == file_id))
    return None if name is None else str(name)


def stf_id(stf_filename: str) -> str:
    """The id under which an STF of that name is registered."""
    return uuid_from("stf", stf_filename)


def fastmon_id(tf_filename: str) -> str:
    """The id under which a TF sample of that name is registered."""
    return uuid_from("tf", tf_filename)


def _with_run(page: FromClause) -> Select[Any]:
    return select(page, _r.run_number).join(run_table, _r.run_id == page.c.run_id)


def _with_stf(page: FromClause) -> Select[Any]:
    joined = page.join(stf_files, _s.file_id == page.c.stf_file_id).join(run_table, _r.run_id == _s.run_id)
    return select(page, _s.stf_filename, _r.run_number).select_from(joined)


def _insert_stf_file(connection: Connection) -> Any:
    key = (connection.dialect.name, "stf")
    if key not in _inserts:
        run = select(_r.run_id).where(_r.run_number == bindparam("run_number"))
        values = {name: given(_s[name]) for name in _STF_GIVEN} | {"run_id": run.scalar_subquery()}
        _inserts[key] = insert_unless_there(connection, stf_files, ["stf_filename"], values)
    return _inserts[key]


def _insert_fastmon_file(connection: Connection) -> Any:
    key = (connection.dialect.name, "fastmon")
    if key not in _inserts:
        stf = select(_s.file_id).where(_s.stf_filename == bindparam("stf_filename"))
        values = {name: given(_f[name]) for name in _FASTMON_GIVEN} | {"stf_file_id": stf.scalar_subquery()}
        _inserts[key] = insert_unless_there(connection, fastmon_files, ["tf_filename"], values)
    return _inserts[key]


def _stf_row(new: NewStfFile) -> dict[str, Any]:
    row = {name: getattr(new, name) for name in _STF_GIVEN if name != "file_id"}
    return row | {"file_id": stf_id(new.stf_filename), "run_number": new.run_number}


def _fastmon_row(new: NewFastmonFile) -> dict[str, Any]:
    row = {name: getattr(new, name) for name in _FASTMON_GIVEN if name != "tf_file_id"}
    return row | {"tf_file_id": fastmon_id(new.tf_filename), "stf_filename": new.stf_filename}
