"""The counters of a run's state, and whether its processing is completed: counted from the rows.

A run is `ended` when the DAQ says so, and `completed` when every slice of every expected sample is done (or
has failed for good). How many samples are expected is known once the run has ended; while it is not, the
phase is whatever was stored. What changes slices or workers holds the state of their run first, so that the
counters never miss what another transaction has just written.
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
    """Keep others from changing these runs until the transaction ends: so what is counted is all there is."""
    if connection.dialect.name == "sqlite":
        return  # who writes there writes alone
    for run_number in sorted(run_numbers):
        connection.execute(_HOLD, {"run": run_number}).first()


def ensure(connection: Connection, state: RunState) -> None:
    """Store the state of a run where what is stored is older, with its counters as they are."""
    runs.upsert_run_state(connection, state, unless_newer=True)
    recount(connection, state.run_number)


def expect(connection: Connection, run_number: int, samples: int) -> None:
    """Note how many TF samples a run has in all, now that it has ended."""
    held = select(_s.metadata).where(_s.run_number == run_number).with_for_update()
    row = connection.execute(held).first()
    if row is not None:
        data = {**(row.metadata or {}), EXPECTED: samples}
        connection.execute(run_states.update().where(_s.run_number == run_number).values(metadata=data))
        refresh(connection, [run_number], samples=True)


def recount(connection: Connection, run_number: int) -> None:
    """Hold a run, where it has a state, and count all that is in it."""
    hold(connection, [run_number])
    refresh(connection, [run_number], samples=True)


def refresh(connection: Connection, run_numbers: Iterable[int], *, samples: bool = False) -> None:
    """Count again what is in these runs, whose states are held; `samples` too where some may be new."""
    for run_number in sorted(run_numbers):
        connection.execute(_refresh(connection.dialect.name, samples), {"run": run_number})


def shift(connection: Connection, run_number: int, changes: Mapping[str, int]) -> None:
    """Add to the counters of a run, whose state is held, what slices that were just written change in them.

    The same as `refresh`, at a price that does not grow with the run.
    """
    moved = {name: by for name, by in sorted(changes.items()) if by}
    if moved:
        given = {f"by_{name}": by for name, by in moved.items()}
        statement = _shift(connection.dialect.name, tuple(moved))
        connection.execute(statement, {"run": run_number, **given})


def refresh_workers(connection: Connection, run_number: int) -> None:
    """Count again the workers of a run, whose state is held."""
    connection.execute(_refresh_workers(), {"run": run_number})


def change_of(before: str | None, after: str | None) -> Counter[str]:
    """What it changes in the counters that a slice goes from one status to another; None is not there."""
    changes: Counter[str] = Counter()
    for status, by in ((before, -1), (after, 1)):
        if status is not None:
            changes["slices_created"] += by
        if status in OF_STATUS:
            changes[OF_STATUS[status]] += by
    return changes


def with_counters(connection: Connection, state: RunState) -> RunState:
    """The same state with its counters as they are now, whoever wrote the rows."""
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
    # a slice that moves between the other counters is not done, so that its run is not either
    may_end = not {"slices_completed", "slices_failed"}.isdisjoint(names)
    return update.values(**moved, phase=_phase(dialect, {**_stored(), **moved}, may_end=may_end))


def _counted(samples: bool) -> Select[*tuple[Any, ...]]:
    """The counters of a run from its slices, one row."""
    # an index holds run and status of a slice; its sample has to be looked up, which costs more
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
    # what is cheap comes first: the metadata are read only where all slices are done, or once were
    again = and_(_s.phase == completed, known)
    if not may_end:
        return case((again, ended), else_=_s.phase)
    settled = now["slices_completed"] + now["slices_failed"] == now["slices_created"]
    done = and_(settled, expected <= now["stf_samples_received"])
    return case((done, completed), (again, ended), else_=_s.phase)


def _expected(dialect: str) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
    """Whether it is known how many samples a run has in all, and how many; NULL while it is not."""
    # literals: every report of a slice executes this, and parameters of a path are made anew each time
    if dialect == "postgresql":
        name: ColumnElement[str] = literal_column(f"'{EXPECTED}'")
        known = func.jsonb_typeof(_s.metadata.op("->")(name)) == literal_column("'number'")
        stored: ColumnElement[Any] = _s.metadata.op("->>")(name)
    else:
        path: ColumnElement[str] = literal_column(f"'$.{EXPECTED}'")
        kind = func.json_type(_s.metadata, path)
        known = or_(kind == literal_column("'integer'"), kind == literal_column("'real'"))
        stored = func.json_extract(_s.metadata, path)
    # metadata come over REST as well: a cast of what is not a number would fail every report of this run
    return known, case((known, cast(stored, Numeric)))
