"""TF slices, identified by (TF sample, slice_id): created, started, completed, failed and retried.

Every function may be called twice or late with the same result. Agents report what happens to slices, REST
clients what is to be stored. Both lock the state of the run before its slices: transactions that lock in
the opposite order would deadlock.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    bindparam,
    func,
    literal,
    literal_column,
    select,
)

from . import files, run_counters
from .records.pages import Listing, Page, Window
from .records.processing import NewTfSlice, Retry, SliceFilter, SliceResult, SliceStart, TfSlice
from .sql.dialect import Conditions, given, insert_into, matching, portions
from .sql.keyset import Branch, Order, one_page
from .sql.offset import TableGateway
from .tables.processing import fastmon_files, stf_files, tf_slices

MOST_RETRIES = 3

SliceKey = tuple[str, int]

_c = tf_slices.c
_f = fastmon_files.c
_s = stf_files.c
_SLICE = re.compile(r"_slice_(\d+)(?=\.[^.]*$|$)", re.ASCII)
_OWN = tuple(_c[name] for name in TfSlice.__dataclass_fields__ if name in _c)
_KEY = ("fastmon_file_id", "slice_id")
_WRITTEN = tuple(name for name in NewTfSlice.__dataclass_fields__ if name != "fastmon_file")

rows: TableGateway[TfSlice] = TableGateway(
    tf_slices,
    _c.id,
    TfSlice,
    columns={
        **{column.name: column for column in _OWN},
        "fastmon_file": _f.tf_filename,
        "stf_filename": _s.stf_filename,
    },
    within=tf_slices.join(fastmon_files, _f.tf_file_id == _c.fastmon_file_id).join(
        stf_files, _s.file_id == _f.stf_file_id
    ),
    filters={
        "id": _c.id,
        "run_number": _c.run_number,
        "slice_id": _c.slice_id,
        "status": _c.status,
        "assigned_worker": _c.assigned_worker,
        "fastmon_file_id": _c.fastmon_file_id,
        "fastmon_file": _f.tf_filename,
        "stf_filename": _s.stf_filename,
    },
    order=(_c.id,),
)

_STORED = rows.select(
    _c.fastmon_file_id == bindparam("sample"), _c.slice_id.in_(bindparam("numbers", expanding=True))
)
_ANY_OF = select(_c.id).where(_c.fastmon_file_id == bindparam("sample")).limit(literal_column("1"))
_OF_SAMPLES = _c.fastmon_file_id.in_(bindparam("samples", expanding=True))
_RUNS_OF = select(_c.run_number).where(_OF_SAMPLES).distinct()
_RUN_OF = select(_c.run_number).where(_c.id == bindparam("key"))
_LOCKED = select(_c.status, _c.run_number, _c.metadata).where(_c.id == bindparam("key")).with_for_update()
_inserts: dict[str, Any] = {}


def sample_of(tf_filename: str) -> tuple[str, int | None]:
    """TF sample and number of a slice's file: `x_slice_007.tf` is slice 7 of `x.tf`."""
    found = _SLICE.search(tf_filename)
    if found is None:
        return tf_filename, None
    return tf_filename[: found.start()] + tf_filename[found.end() :], int(found[1])


def slice_file(fastmon_file: str, slice_id: int) -> str:
    """The name of a slice's file: that of the sample with `_slice_<3 digits>` before its suffix."""
    stem, dot, suffix = fastmon_file.rpartition(".")
    return f"{stem}_slice_{slice_id:03d}.{suffix}" if dot else f"{fastmon_file}_slice_{slice_id:03d}"


def create(
    connection: Connection, new: Sequence[NewTfSlice], known: Mapping[str, str] | None = None
) -> set[SliceKey]:
    """Store slices of registered TF samples unless their key exists; return the keys that are new.

    `known` are the ids of their samples, if the caller has them.
    """
    if known is None:
        known = files.fastmon_ids(connection, {one.fastmon_file for one in new})
    wanted: dict[tuple[str, int], NewTfSlice] = {}
    for one in new:
        if one.fastmon_file in known:
            wanted.setdefault((known[one.fastmon_file], one.slice_id), one)  # the first of a key counts
    if not wanted:
        return set()
    run_counters.hold(connection, {one.run_number for one in wanted.values()})
    # a statement per sample: one statement with a list costs a report of one slice three times as much
    unsliced = {
        sample
        for sample in {sample for sample, _ in wanted}
        if connection.scalar(_ANY_OF, {"sample": sample}) is None
    }
    added = _insert(connection, wanted)
    changes: dict[int, Counter[str]] = defaultdict(Counter)
    for key in added:
        changes[wanted[key].run_number].update(run_counters.change_of(None, wanted[key].status))
    run_of = {sample: one.run_number for (sample, _), one in wanted.items()}
    for sample in unsliced & {sample for sample, _ in added}:
        changes[run_of[sample]]["stf_samples_received"] += 1
    for run_number in sorted(changes):
        run_counters.shift(connection, run_number, changes[run_number])
    return {(wanted[key].fastmon_file, wanted[key].slice_id) for key in added}


def begin(connection: Connection, started: Sequence[SliceStart]) -> None:
    """Store which workers process which slices; a slice that is done stays done."""
    known, runs = _locked_runs(connection, (one.fastmon_file for one in started))
    rows = [
        {"sample": known[one.fastmon_file], "number": one.slice_id, "worker": one.worker[:255], "at": one.at}
        for one in started
        if one.fastmon_file in known
    ]
    if rows:
        connection.execute(_begin(), rows)
    run_counters.refresh(connection, runs)


def complete(connection: Connection, results: Sequence[SliceResult]) -> None:
    """Store completed slices; the first result of a slice counts, unknown slices are ignored."""
    known, runs = _locked_runs(connection, (one.fastmon_file for one in results))
    rows = [_done_row(known[one.fastmon_file], one) for one in results if one.fastmon_file in known]
    if rows:
        connection.execute(_complete(connection.dialect.name), rows)
    run_counters.refresh(connection, runs)


def fail(connection: Connection, result: SliceResult) -> Retry | None:
    """Store the failure of a slice; return how to retry it, None without a retry.

    A slice that is done stays done. The same failure reported again changes nothing and returns the same.
    """
    known, runs = _locked_runs(connection, [result.fastmon_file])
    if result.fastmon_file not in known:
        return None
    this = (_c.fastmon_file_id == known[result.fastmon_file], _c.slice_id == result.slice_id)
    row = connection.execute(select(*_c).where(*this)).first()
    if row is None:
        return None
    data = dict(row.metadata or {})
    failures = list(data.get("failures") or [])
    if result.identity not in failures:
        failures.append(result.identity)
        data["failures"] = failures
        values: dict[str, Any] = {"metadata": data, "retries": min(len(failures), MOST_RETRIES)}
        if row.status != "completed":
            final = len(failures) > MOST_RETRIES
            values["status"] = "failed" if final else "queued"
            values["completed_at"] = result.ended_at if final else None
        connection.execute(tf_slices.update().where(*this).values(values))
        run_counters.refresh(connection, runs)
    attempt = failures.index(result.identity) + 1
    if row.status == "completed" or attempt > MOST_RETRIES:
        return None
    return Retry(row.run_number, row.tf_first, row.tf_last, row.tf_count, attempt, data)


def change(connection: Connection, slice_key: int, values: Mapping[str, Any]) -> TfSlice | None:
    """Change a slice, merging its metadata, and the counters of its run; None if it is unknown."""
    run_number = connection.scalar(_RUN_OF, {"key": slice_key})
    if run_number is None:
        return None
    run_counters.hold(connection, {run_number, values.get("run_number", run_number)})
    before = connection.execute(_LOCKED, {"key": slice_key}).one()
    after = rows.change_locked(connection, slice_key, values, before)
    if after is not None and after.run_number == before.run_number:
        moved = run_counters.change_of(before.status, after.status)
        run_counters.shift(connection, after.run_number, moved)
    elif after is not None:
        run_counters.refresh(connection, {before.run_number, after.run_number}, samples=True)
    return after


def find(connection: Connection, fastmon_file: str, slice_id: int) -> TfSlice | None:
    """Read a slice by its key."""
    return rows.first(connection, _f.tf_filename == fastmon_file, _c.slice_id == slice_id)


def stored(connection: Connection, new: Sequence[NewTfSlice], known: Mapping[str, str]) -> list[TfSlice]:
    """Read the stored slices with the keys of these, in this order."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for one in new:
        wanted[known[one.fastmon_file]].append(one.slice_id)
    found = {}
    for sample_id, numbers in wanted.items():
        for some in portions(numbers):
            for row in connection.execute(_STORED, {"sample": sample_id, "numbers": some}):
                found[row.fastmon_file, row.slice_id] = TfSlice(**row._mapping)
    return [found[one.fastmon_file, one.slice_id] for one in new]


def page(
    connection: Connection, wanted: SliceFilter, after: str | None = None, limit: int = 50
) -> Page[TfSlice]:
    """List TF slices, the latest first."""
    equal = (
        (_c.run_number, wanted.run_number),
        (_c.status, wanted.status),
        (_c.assigned_worker, wanted.assigned_worker),
        (_c.id, wanted.id),
        (_c.fastmon_file_id, wanted.fastmon_file_id),
    )
    conditions = matching(equal, _c.created_at, wanted.since, wanted.until)
    of_sample = _of_sample(wanted)
    branch = Branch([*conditions, *of_sample], few=bool(of_sample))
    return one_page(connection, [branch], _OWN, Order((_c.id,), after, limit), TfSlice, _named)


def listed(
    connection: Connection, equal: Mapping[str, Any], window: Window, tf_filename: str | None = None
) -> Listing[TfSlice]:
    """List slices, oldest first; `tf_filename` is the name of a sample or a slice."""
    if tf_filename is None:
        return rows.listed(connection, equal, window)
    sample, number = sample_of(tf_filename)
    numbered = {"slice_id": number, **{name: value for name, value in equal.items() if value is not None}}
    return rows.listed(connection, numbered, window, _f.tf_filename == sample)


def _of_sample(wanted: SliceFilter) -> Conditions:
    """Conditions on sample or STF: few slices match."""
    samples: Conditions = []
    if wanted.tf_filename is not None:
        samples.append(_f.tf_filename == wanted.tf_filename)
    if wanted.stf_filename is not None:
        stf = select(_s.file_id).where(_s.stf_filename == wanted.stf_filename)
        samples.append(_f.stf_file_id.in_(stf))
    return [_c.fastmon_file_id.in_(select(_f.tf_file_id).where(*samples))] if samples else []


def _named(page: FromClause) -> Select[Any]:
    joined = page.join(fastmon_files, _f.tf_file_id == page.c.fastmon_file_id).join(
        stf_files, _s.file_id == _f.stf_file_id
    )
    names = (_f.tf_filename.label("fastmon_file"), _s.stf_filename)
    return select(page, *names).select_from(joined)


def _insert(connection: Connection, wanted: Mapping[tuple[str, int], NewTfSlice]) -> list[tuple[str, int]]:
    values = [
        {"fastmon_file_id": sample, **{name: getattr(one, name) for name in _WRITTEN}}
        for (sample, _), one in wanted.items()
    ]
    dialect = connection.dialect.name
    if dialect not in _inserts:
        unless_there = insert_into(connection, tf_slices).on_conflict_do_nothing(index_elements=_KEY)
        _inserts[dialect] = unless_there.returning(_c.fastmon_file_id, _c.slice_id)
    made = connection.execute(_inserts[dialect], values)
    return [(row.fastmon_file_id, row.slice_id) for row in made]


def _locked_runs(connection: Connection, names: Iterable[str]) -> tuple[dict[str, str], set[int]]:
    """The ids of these samples, and their runs, whose states are locked until the transaction ends."""
    known = files.fastmon_ids(connection, names)
    runs: set[int] = set()
    for some in portions(sorted(known.values())):
        runs.update(connection.scalars(_RUNS_OF, {"samples": some}))
    run_counters.hold(connection, runs)
    return known, runs


@cache
def _begin() -> Any:
    # literals: an expanding list of parameters cannot be used with executemany
    unfinished: Sequence[ColumnElement[str]] = (literal_column("'queued'"), literal_column("'processing'"))
    update = tf_slices.update().where(*_this(), _c.status.in_(unfinished))
    return update.values(status="processing", assigned_worker=bindparam("worker"), assigned_at=_at("at"))


@cache
def _complete(dialect: str) -> Any:
    update = tf_slices.update().where(*_this(), _c.status != "completed")
    return update.values(
        status="completed",
        assigned_worker=bindparam("worker"),
        assigned_at=func.coalesce(_at("started_at"), _c.assigned_at),
        completed_at=_at("ended_at"),
        metadata=_merged(dialect, given(_c.metadata, "details")),
    )


def _merged(dialect: str, more: Any) -> ColumnElement[Any]:
    """The stored metadata, with more keys merged into them."""
    # both merge at the top level; json_patch (RFC 7396) also deletes keys whose new value is null
    stored = func.coalesce(_c.metadata, literal({}, _c.metadata.type))
    return stored.op("||")(more) if dialect == "postgresql" else func.json_patch(stored, more)


def _this() -> tuple[ColumnElement[bool], ...]:
    return _c.fastmon_file_id == given(_c.fastmon_file_id, "sample"), _c.slice_id == bindparam("number")


def _at(name: str) -> Any:
    return bindparam(name, type_=_c.completed_at.type)


def _done_row(sample: str, result: SliceResult) -> dict[str, Any]:
    return {
        "sample": sample,
        "number": result.slice_id,
        "worker": result.worker[:255],
        "started_at": result.started_at,
        "ended_at": result.ended_at,
        "details": result.details,
    }
