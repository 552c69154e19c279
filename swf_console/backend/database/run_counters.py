"""The counters of a run state, counted from the run's slices: who reports them is not believed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, distinct, func, select

from . import run_counts
from .records.workflows import RunState
from .tables.processing import tf_slices
from .tables.workflows import run_states

_c = tf_slices.c
COUNTED = {
    "queued": "slices_queued",
    "processing": "slices_processing",
    "completed": "slices_completed",
    "failed": "slices_failed",
}


def counted(connection: Connection, run_number: int) -> dict[str, int]:
    """Count a run's slices by status, and the TF samples that they were cut from."""
    by_status = select(_c.status, func.count()).where(_c.run_number == run_number).group_by(_c.status)
    found: dict[str, int] = {row[0]: row[1] for row in connection.execute(by_status)}
    samples = select(func.count(distinct(_c.fastmon_file_id))).where(_c.run_number == run_number)
    return {
        "stf_samples_received": connection.scalar(samples) or 0,
        "slices_created": sum(found.values()),
        **{column: found.get(status, 0) for status, column in COUNTED.items()},
    }


def refresh(connection: Connection, run_number: int) -> None:
    """Store a run's counters as they are now, where it has a state, which is held from here on."""
    run_counts.hold(connection, [run_number])
    _update(connection, run_number, counted(connection, run_number))


def shift(connection: Connection, run_number: int, changes: Mapping[str, int]) -> None:
    """Add to the stored counters what slices that were just written change in them."""
    moved = {name: by for name, by in sorted(changes.items()) if by}
    if moved:
        given = {f"by_{name}": by for name, by in moved.items()}
        connection.execute(_shifting(tuple(moved)), {"run": run_number, **given})


@cache
def _shifting(names: tuple[str, ...]) -> Any:
    moved = {name: run_states.c[name] + bindparam(f"by_{name}") for name in names}
    return run_states.update().where(run_states.c.run_number == bindparam("run")).values(moved)


def change_of(before: str | None, after: str | None) -> Counter[str]:
    """What it changes in the counters that a slice goes from one status to another; None is not there."""
    changes: Counter[str] = Counter()
    for status, by in ((before, -1), (after, 1)):
        if status is not None:
            changes["slices_created"] += by
        if status in COUNTED:
            changes[COUNTED[status]] += by
    return changes


def with_counters(connection: Connection, state: RunState) -> RunState:
    """The same state with its counters as they are now."""
    counters: dict[str, Any] = counted(connection, state.run_number)
    return replace(state, **counters)


def _update(connection: Connection, run_number: int, values: Mapping[str, Any]) -> None:
    connection.execute(run_states.update().where(run_states.c.run_number == run_number).values(dict(values)))
