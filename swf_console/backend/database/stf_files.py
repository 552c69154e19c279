"""STF files: registered once whoever says so, and a status that only goes forward."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from . import runs
from .records.pages import Page
from .records.processing import NewStfFile, StfFile
from .sql import dialect
from .sql.dialect import given, insert_unless_there
from .sql.keyset import Branch, Order, one_page
from .sql.types import uuid_from
from .tables.processing import stf_files
from .tables.workflows import runs as run_table

_c = stf_files.c
_GIVEN = (
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
_inserts: dict[str, Any] = {}


def register(connection: Connection, new: Sequence[NewStfFile]) -> None:
    """Store STFs, and their runs, unless they are there already."""
    for first in {one.run_number: one for one in reversed(new)}.values():
        runs.ensure(connection, first.run_number, first.started_at, first.run_conditions)
    connection.execute(_insert(connection), [_row(one) for one in new])


def advance(connection: Connection, wanted: Sequence[tuple[str, str]]) -> None:
    """Bring STFs forward, each (name, status); those that are there or further already stay."""
    dialect.advance(connection, _c.stf_filename, dialect.FILE_STATUSES, wanted)


def find(connection: Connection, stf_filename: str) -> StfFile | None:
    """Read an STF by its name."""
    row = connection.execute(select(*_c).where(_c.stf_filename == stf_filename)).first()
    return None if row is None else StfFile(**row._mapping)


def of_run(
    connection: Connection, run_number: int, after: str | None = None, limit: int = 200
) -> Page[StfFile]:
    """List the STFs of a run by name; none where there is no such run."""
    run = runs.find(connection, run_number)
    branches = [] if run is None else [Branch([_c.run_id == run.run_id])]
    order = Order((_c.stf_filename,), after, limit, newest_first=False)
    return one_page(connection, branches, tuple(_c), order, StfFile)


def _insert(connection: Connection) -> Any:
    dialect = connection.dialect.name
    if dialect not in _inserts:
        run = select(run_table.c.run_id).where(run_table.c.run_number == bindparam("run_number"))
        values = {name: given(_c[name]) for name in _GIVEN} | {"run_id": run.scalar_subquery()}
        _inserts[dialect] = insert_unless_there(connection, stf_files, ["stf_filename"], values)
    return _inserts[dialect]


def _row(new: NewStfFile) -> dict[str, Any]:
    return {
        "file_id": uuid_from("stf", new.stf_filename),
        "run_number": new.run_number,
        **{name: getattr(new, name) for name in _GIVEN if name != "file_id"},
    }
