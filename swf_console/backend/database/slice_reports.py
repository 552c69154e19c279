"""Slices as their makers and workers report them: made once by (TF sample, slice_id), counted in the run."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

from . import run_counters, run_counts
from .records.pages import Listing, Window
from .records.processing import NewTfSlice, TfSlice
from .sql.dialect import insert_into
from .sql.offset import Rows
from .tables.processing import fastmon_files, stf_files, tf_slices

_c = tf_slices.c
_SLICE = re.compile(r"_slice_(\d+)(?=\.[^.]*$|$)", re.ASCII)
_WRITTEN = tuple(name for name in NewTfSlice.__dataclass_fields__ if name != "fastmon_file")
MOST_NAMES = 500

SliceKey = tuple[str, int]

rows: Rows[TfSlice] = Rows(
    tf_slices,
    _c.id,
    TfSlice,
    columns={
        **{name: _c[name] for name in TfSlice.__dataclass_fields__ if name in _c},
        "fastmon_file": fastmon_files.c.tf_filename,
        "stf_filename": stf_files.c.stf_filename,
    },
    within=tf_slices.join(fastmon_files, fastmon_files.c.tf_file_id == _c.fastmon_file_id).join(
        stf_files, stf_files.c.file_id == fastmon_files.c.stf_file_id
    ),
    filters={
        "run_number": _c.run_number,
        "slice_id": _c.slice_id,
        "status": _c.status,
        "assigned_worker": _c.assigned_worker,
        "fastmon_file_id": _c.fastmon_file_id,
        "fastmon_file": fastmon_files.c.tf_filename,
        "stf_filename": stf_files.c.stf_filename,
    },
    order=(_c.id,),
)

_SAMPLES = select(fastmon_files.c.tf_filename, fastmon_files.c.tf_file_id).where(
    fastmon_files.c.tf_filename.in_(bindparam("names", expanding=True))
)
_STORED = rows.select(
    _c.fastmon_file_id == bindparam("sample"), _c.slice_id.in_(bindparam("numbers", expanding=True))
)
_ANY_OF = select(_c.id).where(_c.fastmon_file_id == bindparam("sample")).limit(1)
_inserts: dict[str, Any] = {}


def sample_of(tf_filename: str) -> tuple[str, int | None]:
    """The TF sample that a slice's file was cut from, and its number: `x_slice_007.tf` is 7 of `x.tf`."""
    found = _SLICE.search(tf_filename)
    if found is None:
        return tf_filename, None
    return tf_filename[: found.start()] + tf_filename[found.end() :], int(found[1])


def slice_file(fastmon_file: str, slice_id: int) -> str:
    """The name of a slice's file: the sample's with `_slice_<3 digits>` before its suffix."""
    stem, dot, suffix = fastmon_file.rpartition(".")
    return f"{stem}_slice_{slice_id:03d}.{suffix}" if dot else f"{fastmon_file}_slice_{slice_id:03d}"


def samples(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """The ids of those of these TF samples that are registered."""
    wanted, found = sorted(set(names)), {}
    for first in range(0, len(wanted), MOST_NAMES):
        for row in connection.execute(_SAMPLES, {"names": wanted[first : first + MOST_NAMES]}):
            found[row.tf_filename] = row.tf_file_id
    return found


def create(connection: Connection, new: Sequence[NewTfSlice], known: Mapping[str, str]) -> set[SliceKey]:
    """Store the slices whose key is not there yet; return the keys that are new.

    `known` are the ids of their samples.
    """
    if not new:
        return set()
    run_counts.hold(connection, {one.run_number for one in new})
    wanted = {(known[one.fastmon_file], one.slice_id): one for one in reversed(new)}
    unsliced = {sample for sample in {sample for sample, _ in wanted} if _has_none(connection, sample)}
    added = _insert(connection, wanted)
    changes: dict[int, Counter[str]] = defaultdict(Counter)
    for key in added:
        changes[wanted[key].run_number].update(run_counters.change_of(None, wanted[key].status))
    for sample in unsliced & {sample for sample, _ in added}:
        first = next(one for (its, _), one in wanted.items() if its == sample)
        changes[first.run_number]["stf_samples_received"] += 1
    for run_number in sorted(changes):
        run_counters.shift(connection, run_number, changes[run_number])
    return {(wanted[key].fastmon_file, wanted[key].slice_id) for key in added}


def stored(connection: Connection, new: Sequence[NewTfSlice], known: Mapping[str, str]) -> list[TfSlice]:
    """Read what is stored under the keys of these slices, in their order."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for one in new:
        wanted[known[one.fastmon_file]].append(one.slice_id)
    found = {}
    for sample_id, numbers in wanted.items():
        for first in range(0, len(numbers), MOST_NAMES):
            some = {"sample": sample_id, "numbers": numbers[first : first + MOST_NAMES]}
            for row in connection.execute(_STORED, some):
                found[row.fastmon_file, row.slice_id] = TfSlice(**row._mapping)
    return [found[one.fastmon_file, one.slice_id] for one in new]


def find(connection: Connection, fastmon_file: str, slice_id: int) -> TfSlice | None:
    """Read a slice by its key."""
    return rows.first(connection, fastmon_files.c.tf_filename == fastmon_file, _c.slice_id == slice_id)


def change(connection: Connection, slice_key: int, values: Mapping[str, Any]) -> TfSlice | None:
    """Change a slice, merging its metadata, and its run's counters with it; None where there is none."""
    run_number = connection.scalar(select(_c.run_number).where(_c.id == slice_key))
    if run_number is None:
        return None
    # the run before its slices, as everybody does: who takes them the other way round blocks the others
    run_counts.hold(connection, {run_number, values.get("run_number", run_number)})
    held = select(_c.status, _c.run_number).where(_c.id == slice_key).with_for_update()
    before = connection.execute(held).one()
    after = rows.change(connection, slice_key, values)
    if after is not None and after.run_number == before.run_number:
        moved = run_counters.change_of(before.status, after.status)
        run_counters.shift(connection, after.run_number, moved)
    elif after is not None:
        run_counters.refresh(connection, before.run_number)
        run_counters.refresh(connection, after.run_number)
    return after


def listed(
    connection: Connection, equal: Mapping[str, Any], window: Window, tf_filename: str | None = None
) -> Listing[TfSlice]:
    """List slices, the oldest first; `tf_filename` is a sample's name or a slice's."""
    if tf_filename is None:
        return rows.listed(connection, equal, window)
    sample, number = sample_of(tf_filename)
    numbered = {"slice_id": number, **{name: value for name, value in equal.items() if value is not None}}
    return rows.listed(connection, numbered, window, fastmon_files.c.tf_filename == sample)


def _insert(connection: Connection, wanted: Mapping[tuple[str, int], NewTfSlice]) -> list[tuple[str, int]]:
    values = [
        {"fastmon_file_id": sample, **{name: getattr(one, name) for name in _WRITTEN}}
        for (sample, _), one in wanted.items()
    ]
    dialect = connection.dialect.name
    if dialect not in _inserts:
        statement = insert_into(connection, tf_slices)
        unless_there = statement.on_conflict_do_nothing(index_elements=["fastmon_file_id", "slice_id"])
        _inserts[dialect] = unless_there.returning(_c.fastmon_file_id, _c.slice_id)
    made = connection.execute(_inserts[dialect], values)
    return [(row.fastmon_file_id, row.slice_id) for row in made]


def _has_none(connection: Connection, sample_id: str) -> bool:
    """Whether the sample has no slice yet."""
    return connection.scalar(_ANY_OF, {"sample": sample_id}) is None
