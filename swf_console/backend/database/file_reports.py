"""STF files and TF samples as lists, and as changed by those who report on them."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from .records.processing import FastmonFile, NamedFastmonFile, NumberedStfFile, StfFile
from .sql.offset import Rows
from .tables.processing import fastmon_files, stf_files
from .tables.workflows import runs

_s = stf_files.c
_f = fastmon_files.c
MOST_NAMES = 500

stf_rows: Rows[NumberedStfFile] = Rows(
    stf_files,
    _s.file_id,
    NumberedStfFile,
    columns={**{name: _s[name] for name in StfFile.__dataclass_fields__}, "run_number": runs.c.run_number},
    within=stf_files.join(runs, runs.c.run_id == _s.run_id),
    filters={
        "stf_filename": _s.stf_filename,
        "run_number": runs.c.run_number,
        "run": _s.run_id,
        "status": _s.status,
        "machine_state": _s.machine_state,
    },
    order=(_s.created_at.desc(), _s.stf_filename.desc()),
)

fastmon_rows: Rows[NamedFastmonFile] = Rows(
    fastmon_files,
    _f.tf_file_id,
    NamedFastmonFile,
    columns={
        **{name: _f[name] for name in FastmonFile.__dataclass_fields__},
        "stf_filename": _s.stf_filename,
        "run_number": runs.c.run_number,
    },
    within=fastmon_files.join(stf_files, _s.file_id == _f.stf_file_id).join(runs, runs.c.run_id == _s.run_id),
    filters={
        "tf_filename": _f.tf_filename,
        "stf_filename": _s.stf_filename,
        "run_number": runs.c.run_number,
        "status": _f.status,
    },
    order=(_f.created_at.desc(), _f.tf_filename.desc()),
)


def stf_ids(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """The ids of those of these STF files that are registered."""
    wanted, found = sorted(set(names)), {}
    for first in range(0, len(wanted), MOST_NAMES):
        some = _s.stf_filename.in_(wanted[first : first + MOST_NAMES])
        for row in connection.execute(select(_s.stf_filename, _s.file_id).where(some)):
            found[row.stf_filename] = row.file_id
    return found


def stf_name(connection: Connection, file_id: str) -> str | None:
    """The name of an STF file, None where no such id is registered."""
    name: Any = connection.scalar(select(_s.stf_filename).where(_s.file_id == file_id))
    return None if name is None else str(name)
