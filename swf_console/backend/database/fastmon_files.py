"""TF samples: registered once whoever says so, and a status that only goes forward."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from .records.processing import FastmonFile, NewFastmonFile
from .sql import dialect
from .sql.dialect import given, insert_unless_there
from .sql.types import uuid_from
from .tables.processing import fastmon_files, stf_files

_c = fastmon_files.c
_GIVEN = (
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
_inserts: dict[str, Any] = {}


def id_of(tf_filename: str) -> str:
    """The id under which a TF sample of that name is registered."""
    return uuid_from("tf", tf_filename)


def register(connection: Connection, new: Sequence[NewFastmonFile]) -> None:
    """Store TF samples, whose STFs are registered before, unless they are there already."""
    connection.execute(_insert(connection), [_row(one) for one in new])


def advance(connection: Connection, wanted: Sequence[tuple[str, str]]) -> None:
    """Bring TF samples forward, each (name, status); those that are there or further already stay."""
    dialect.advance(connection, _c.tf_filename, dialect.FILE_STATUSES, wanted)


def find(connection: Connection, tf_filename: str) -> FastmonFile | None:
    """Read a TF sample by its name."""
    row = connection.execute(select(*_c).where(_c.tf_filename == tf_filename)).first()
    return None if row is None else FastmonFile(**row._mapping)


def of_stf(connection: Connection, stf_filename: str) -> list[FastmonFile]:
    """List the TF samples of an STF by name."""
    query = select(*_c).join(stf_files, stf_files.c.file_id == _c.stf_file_id)
    rows = connection.execute(query.where(stf_files.c.stf_filename == stf_filename).order_by(_c.tf_filename))
    return [FastmonFile(**row._mapping) for row in rows]


def _insert(connection: Connection) -> Any:
    dialect = connection.dialect.name
    if dialect not in _inserts:
        stf = select(stf_files.c.file_id).where(stf_files.c.stf_filename == bindparam("stf_filename"))
        values = {name: given(_c[name]) for name in _GIVEN} | {"stf_file_id": stf.scalar_subquery()}
        _inserts[dialect] = insert_unless_there(connection, fastmon_files, ["tf_filename"], values)
    return _inserts[dialect]


def _row(new: NewFastmonFile) -> dict[str, Any]:
    given_here = {name: getattr(new, name) for name in _GIVEN if name != "tf_file_id"}
    return given_here | {"tf_file_id": id_of(new.tf_filename), "stf_filename": new.stf_filename}
