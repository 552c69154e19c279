"""STF files and TF slices as key-set pages, the newest first, for those who page by cursor."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, FromClause, Select, select

from . import runs
from .records.pages import Page
from .records.processing import NumberedStfFile, StfFile, TfSlice
from .sql.keyset import Branch, Order, one_page
from .tables.processing import fastmon_files, stf_files, tf_slices
from .tables.workflows import runs as run_table

_s = stf_files.c
_f = fastmon_files.c
_t = tf_slices.c
_STF = tuple(_s[name] for name in StfFile.__dataclass_fields__)
_SLICE = tuple(_t[name] for name in TfSlice.__dataclass_fields__ if name in _t)

Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class StfFilter:
    """What is given must hold, all of it."""

    run_number: int | None = None
    status: str | None = None
    machine_state: str | None = None


@dataclass(frozen=True, slots=True)
class SliceFilter:
    """What is given must hold, all of it; `tf_filename` is a TF sample's, `stf_filename` an STF's."""

    run_number: int | None = None
    stf_filename: str | None = None
    tf_filename: str | None = None
    status: str | None = None
    assigned_worker: str | None = None


def stf_page(
    connection: Connection, wanted: StfFilter, after: str | None = None, limit: int = 50
) -> Page[NumberedStfFile]:
    """List STF files by name, the last one first."""
    conditions = _equal((_s.status, wanted.status), (_s.machine_state, wanted.machine_state))
    if wanted.run_number is not None:
        run = runs.find(connection, wanted.run_number)
        if run is None:
            return Page(())
        conditions.append(_s.run_id == run.run_id)
    order = Order((_s.stf_filename,), after, limit)
    return one_page(connection, [conditions], _STF, order, NumberedStfFile, _numbered)


def slice_page(
    connection: Connection, wanted: SliceFilter, after: str | None = None, limit: int = 50
) -> Page[TfSlice]:
    """List TF slices, the last stored first."""
    conditions = _equal(
        (_t.run_number, wanted.run_number),
        (_t.status, wanted.status),
        (_t.assigned_worker, wanted.assigned_worker),
    )
    of_sample = _of_sample(wanted)
    branch = Branch([*conditions, *of_sample], few=bool(of_sample))
    return one_page(connection, [branch], _SLICE, Order((_t.id,), after, limit), TfSlice, _named)


def _of_sample(wanted: SliceFilter) -> Conditions:
    """The slices of a sample, or of all samples of an STF, are few."""
    samples = _equal((_f.tf_filename, wanted.tf_filename))
    if wanted.stf_filename is not None:
        stf = select(_s.file_id).where(_s.stf_filename == wanted.stf_filename)
        samples.append(_f.stf_file_id.in_(stf))
    return [_t.fastmon_file_id.in_(select(_f.tf_file_id).where(*samples))] if samples else []


def _numbered(page: FromClause) -> Select[Any]:
    return select(page, run_table.c.run_number).join(run_table, run_table.c.run_id == page.c.run_id)


def _named(page: FromClause) -> Select[Any]:
    joined = page.join(fastmon_files, _f.tf_file_id == page.c.fastmon_file_id).join(
        stf_files, _s.file_id == _f.stf_file_id
    )
    names = (_f.tf_filename.label("fastmon_file"), _s.stf_filename)
    return select(page, *names).select_from(joined)


def _equal(*pairs: tuple[Column[Any], str | int | None]) -> Conditions:
    return [column == value for column, value in pairs if value is not None]
