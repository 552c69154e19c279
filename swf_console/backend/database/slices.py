"""The life of slices: made, begun, done or tried again; whatever comes twice or late, the same rows.

Whoever changes slices holds the state of their run first, so that the counters, which are counted from the
rows, never miss what another has just written.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, literal, select

from . import run_counts
from .records.processing import NewTfSlice, Retry, SliceResult, SliceStart
from .slice_reports import samples
from .sql.dialect import given, insert_into
from .tables.processing import tf_slices

MOST_RETRIES = 3
MOST_NAMES = 500

_c = tf_slices.c
_MADE = ("slice_id", "tf_first", "tf_last", "tf_count", "run_number", "status", "metadata")


def create(connection: Connection, new: Sequence[NewTfSlice]) -> None:
    """Store slices of registered TF samples, unless they are there, and count them in their runs."""
    runs = {one.run_number for one in new}
    run_counts.hold(connection, runs)
    known = samples(connection, {one.fastmon_file for one in new})
    rows = [
        {"fastmon_file_id": known[one.fastmon_file], **{name: getattr(one, name) for name in _MADE}}
        for one in new
        if one.fastmon_file in known
    ]
    if rows:
        statement = insert_into(connection, tf_slices)
        connection.execute(
            statement.on_conflict_do_nothing(index_elements=["fastmon_file_id", "slice_id"]), rows
        )
    run_counts.refresh(connection, runs, samples=True)


def begin(connection: Connection, started: Sequence[SliceStart]) -> None:
    """Note which workers work on which slices; what is done already stays so."""
    known, runs = _held(connection, (one.fastmon_file for one in started))
    rows = [
        {"sample": known[one.fastmon_file], "number": one.slice_id, "worker": one.worker[:255], "at": one.at}
        for one in started
        if one.fastmon_file in known
    ]
    if rows:
        connection.execute(_begin(), rows)
    run_counts.refresh(connection, runs)


def complete(connection: Connection, results: Sequence[SliceResult]) -> None:
    """Note which slices are done; the first result of a slice counts, unknown slices are passed over."""
    known, runs = _held(connection, (one.fastmon_file for one in results))
    rows = [_done_row(known[one.fastmon_file], one) for one in results if one.fastmon_file in known]
    if rows:
        connection.execute(_complete(connection.dialect.name), rows)
    run_counts.refresh(connection, runs)


def fail(connection: Connection, result: SliceResult) -> Retry | None:
    """Note that a slice has failed; returns how to try it again, None where that is of no use (any more).

    A slice that was done stays done. The same failure told again changes nothing, and is answered the same.
    """
    known, runs = _held(connection, [result.fastmon_file])
    if result.fastmon_file not in known:
        return None
    here = (_c.fastmon_file_id == known[result.fastmon_file], _c.slice_id == result.slice_id)
    row = connection.execute(select(*_c).where(*here)).first()
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
        connection.execute(tf_slices.update().where(*here).values(values))
        run_counts.refresh(connection, runs)
    attempt = failures.index(result.identity) + 1
    if row.status == "completed" or attempt > MOST_RETRIES:
        return None
    return Retry(row.run_number, row.tf_first, row.tf_last, row.tf_count, attempt, data)


def _held(connection: Connection, names: Iterable[str]) -> tuple[dict[str, str], set[int]]:
    """The ids of these samples, and their runs, whose states are held until the transaction ends."""
    known = samples(connection, names)
    runs: set[int] = set()
    ids = sorted(known.values())
    for first in range(0, len(ids), MOST_NAMES):
        some = _c.fastmon_file_id.in_(ids[first : first + MOST_NAMES])
        runs.update(connection.scalars(select(_c.run_number).where(some).distinct()))
    run_counts.hold(connection, runs)
    return known, runs


@cache
def _begin() -> Any:
    update = tf_slices.update().where(*_key(), _c.status.in_(("queued", "processing")))
    return update.values(status="processing", assigned_worker=bindparam("worker"), assigned_at=_at("at"))


@cache
def _complete(dialect: str) -> Any:
    update = tf_slices.update().where(*_key(), _c.status != "completed")
    return update.values(
        status="completed",
        assigned_worker=bindparam("worker"),
        assigned_at=func.coalesce(_at("started_at"), _c.assigned_at),
        completed_at=_at("ended_at"),
        metadata=_merged(dialect, given(_c.metadata, "details")),
    )


def _merged(dialect: str, more: Any) -> ColumnElement[Any]:
    """The metadata with more in them."""
    stored = func.coalesce(_c.metadata, literal({}, _c.metadata.type))
    return stored.op("||")(more) if dialect == "postgresql" else func.json_patch(stored, more)


def _key() -> tuple[ColumnElement[bool], ...]:
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
