"""The counters of a run's state, and whether its processing is completed: counted from the rows.

A run is `ended` when the DAQ reports it, and `completed` when every slice of every expected sample is done
(or has finally failed). The number of expected samples is known once the run has ended; until then the
phase stays as stored. A transaction that changes slices or workers first locks the state of their run, so
that the counters never miss rows that another transaction has just written.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Numeric,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)

from . import runs
from .records.workflows import RunState
from .runs import COMPLETED
from .tables.processing import tf_slices, workers
from .tables.workflows import run_states

ENDED = "ended"
EXPECTED = "expected_samples"
OF_STATUS = {
    "queued": "slices_queued",
    "processing": "slices_processing",
    "completed": "slices_completed",
    "failed": "slices_failed",
}

_s = run_states.c
_t = tf_slices.c
_w = workers.c
_RUN = bindparam("run", type_=_s.run_number.type)
_HOLD = select(_s.run_number).where(_s.run_number == _RUN).with_for_update()


def hold(connection: Connection, run_numbers: Iterable[int]) -> None:
    """Lock the states of these runs until the transaction ends, so that a count sees all slices."""
    if connection.dialect.name == "sqlite":
        return  # a SQLite file has one writer at a time: BEGIN IMMEDIATE is the lock
    # in ascending order: two transactions that lock the same runs never deadlock
    for run_number in sorted(run_numbers):
        connection.execute(_HOLD, {"run": run_number}).first()


def ensure(connection: Connection, state: RunState) -> None:
    """Store the state of a run unless the stored one is newer, and count its counters."""
    runs.upsert_run_state(connection, state, unless_newer=True)
    recount(connection, state.run_number)


def expect(connection: Connection, run_number: int, samples: int) -> None:
    """Store the total number of TF samples of a run that has ended."""
    held = select(_s.metadata).where(_s.run_number == run_number).with_for_update()
    row = connection.execute(held).first()
    if row is not None:
        data = {**(row.metadata or {}), EXPECTED: samples}
        connection.execute(run_states.update().where(_s.run_number == run_number).values(metadata=data))
        refresh(connection, [run_number], samples=True)


def recount(connection: Connection, run_number: int) -> None:
    """Lock a run, if it has a state, and count its slices and workers."""
    hold(connection, [run_number])
    refresh(connection, [run_number], samples=True)


def refresh(connection: Connection, run_numbers: Iterable[int], *, samples: bool = False) -> None:
    """Recount the slices of these runs, whose states are locked; with `samples` also their samples."""
    for run_number in sorted(run_numbers):
        connection.execute(_refresh(connection.dialect.name, samples), {"run": run_number})


def shift(connection: Connection, run_number: int, changes: Mapping[str, int]) -> None:
    """Add changes of slices that were just written to the counters of a run, whose state is locked.

    The result is that of `refresh`, at a cost that does not grow with the run.
    """
    moved = {name: by for name, by in sorted(changes.items()) if by}
    if moved:
        given = {f"by_{name}": by for name, by in moved.items()}
        statement = _shift(connection.dialect.name, tuple(moved))
        connection.execute(statement, {"run": run_number, **given})


def refresh_workers(connection: Connection, run_number: int) -> None:
    """Recount the workers of a run, whose state is locked."""
    connection.execute(_refresh_workers(), {"run": run_number})


def change_of(before: str | None, after: str | None) -> Counter[str]:
    """The changes of the counters when a slice goes from one status to another; None: not stored."""
    changes: Counter[str] = Counter()
    for status, by in ((before, -1), (after, 1)):
        if status is not None:
            changes["slices_created"] += by
        if status in OF_STATUS:
            changes[OF_STATUS[status]] += by
    return changes


def with_counters(connection: Connection, state: RunState) -> RunState:
    """The state with counters that are counted now from the rows."""
    found = connection.execute(_counted(samples=True), {"run": state.run_number}).one()
    return replace(state, **found._mapping)


@cache
def _refresh(dialect: str, samples: bool) -> Any:
    counted = _counted(samples).add_columns(_RUN.label("run")).subquery("counted")
    now = {name: column for name, column in counted.c.items() if name != "run"}
    update = run_states.update().where(_s.run_number == counted.c.run)
    return update.values(**now, phase=_phase(dialect, {**_stored(), **now}))


@cache
def _refresh_workers() -> Any:
    active = select(func.count()).where(_w.run_number == _RUN, _w.ended_at.is_(None))
    update = run_states.update().where(_s.run_number == _RUN)
    return update.values(active_worker_count=active.scalar_subquery())


@cache
def _shift(dialect: str, names: tuple[str, ...]) -> Any:
    moved = {name: _s[name] + bindparam(f"by_{name}") for name in names}
    update = run_states.update().where(_s.run_number == _RUN)
    # a change of the other counters only cannot complete a run: its slice is not done
    may_end = not {"slices_completed", "slices_failed"}.isdisjoint(names)
    return update.values(**moved, phase=_phase(dialect, {**_stored(), **moved}, may_end=may_end))


def _counted(samples: bool) -> Select[*tuple[Any, ...]]:
    """The counters of a run from its slices, one row."""
    # run and status are in an index; the sample is only in the row, which costs more
    sampled = [func.count(_t.fastmon_file_id.distinct()).label("stf_samples_received")] if samples else []
    numbers = [func.count().filter(_t.status == status).label(name) for status, name in OF_STATUS.items()]
    counted = select(func.count().label("slices_created"), *numbers, *sampled)
    return counted.where(_t.run_number == _RUN)


def _stored() -> dict[str, ColumnElement[int]]:
    return {name: _s[name] for name in ("stf_samples_received", "slices_created", *OF_STATUS.values())}


def _phase(
    dialect: str, now: Mapping[str, ColumnElement[int]], *, may_end: bool = True
) -> ColumnElement[str]:
    """The phase that follows from these counters; `may_end` says whether they can complete the run."""
    known, expected = _expected(dialect)
    completed: ColumnElement[str] = literal_column(f"'{COMPLETED}'")
    ended: ColumnElement[str] = literal_column(f"'{ENDED}'")
    # cheap conditions first: the JSON of the metadata is parsed only if all slices are done, or once were
    again = and_(_s.phase == completed, known)
    if not may_end:
        return case((again, ended), else_=_s.phase)
    settled = now["slices_completed"] + now["slices_failed"] == now["slices_created"]
    done = and_(settled, expected <= now["stf_samples_received"])
    return case((done, completed), (again, ended), else_=_s.phase)


def _expected(dialect: str) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
    """Whether the total number of samples of a run is known, and that number; else NULL."""
    # literals: every report of a slice executes this, and bound values are processed each time
    if dialect == "postgresql":
        name: ColumnElement[str] = literal_column(f"'{EXPECTED}'")
        known = func.jsonb_typeof(_s.metadata.op("->")(name)) == literal_column("'number'")
        stored: ColumnElement[Any] = _s.metadata.op("->>")(name)
    else:
        path: ColumnElement[str] = literal_column(f"'$.{EXPECTED}'")
        kind = func.json_type(_s.metadata, path)
        known = or_(kind == literal_column("'integer'"), kind == literal_column("'real'"))
        stored = func.json_extract(_s.metadata, path)
    # metadata also come over REST: a failing cast of a non-number would fail every report of this run
    return known, case((known, cast(stored, Numeric)))
