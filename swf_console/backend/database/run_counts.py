"""The state of a run in fast processing: counters counted from its rows in one statement, and its phase.

A run is `ended` when the DAQ says so, and `completed` when every slice of every expected sample is done
(or has failed for good). How many samples are expected is known once the run has ended.
"""

from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, select

from .records.workflows import RunState, StateEvent
from .sql.dialect import insert_into
from .sql.types import utc_now
from .states import COMPLETED
from .tables.processing import tf_slices, workers
from .tables.workflows import run_states, state_events

ENDED = "ended"
EXPECTED = "expected_samples"

_s = run_states.c
_t = tf_slices.c
_e = state_events.c
_HOLD = select(_s.run_number).where(_s.run_number == bindparam("run")).with_for_update()


def hold(connection: Connection, run_numbers: Iterable[int]) -> None:
    """Keep others from changing these runs until the transaction ends: so what is counted is all there is."""
    if connection.dialect.name == "sqlite":
        return  # who writes there writes alone
    for run_number in sorted(run_numbers):
        connection.execute(_HOLD, {"run": run_number}).first()


def ensure(connection: Connection, state: RunState) -> None:
    """Store the state of a run where what is stored is older."""
    given = {name: value for name, value in asdict(state).items() if name in _STORED}
    row = insert_into(connection, run_states).values(given)
    changes = {name: given[name] for name in _STORED if name not in ("run_number", "metadata")}
    older = _s.state_changed_at < row.excluded.state_changed_at
    connection.execute(row.on_conflict_do_update(index_elements=["run_number"], set_=changes, where=older))


def expect(connection: Connection, run_number: int, samples: int) -> None:
    """Note how many TF samples a run has in all, now that it has ended."""
    held = select(_s.metadata).where(_s.run_number == run_number).with_for_update()
    row = connection.execute(held).first()
    if row is not None:
        data = {**(row.metadata or {}), EXPECTED: samples}
        connection.execute(run_states.update().where(_s.run_number == run_number).values(metadata=data))
        refresh(connection, [run_number])


def refresh(connection: Connection, run_numbers: Iterable[int], *, samples: bool = False) -> None:
    """Count again what is in these runs, whose states are held; `samples` too where some may be new."""
    now = utc_now()
    for run_number in sorted(run_numbers):
        connection.execute(_refresh(samples), {"run": run_number, "now": now})


def is_news(connection: Connection, event: StateEvent) -> bool:
    """Whether the run's history has no such event of that time."""
    same = (_e.run_number == event.run_number, _e.event_type == event.event_type)
    query = select(_e.event_id).where(*same, _e.timestamp == event.timestamp)
    return connection.execute(query.limit(1)).first() is None


_STORED = ("run_number", "phase", "state", "substate", "target_worker_count", "state_changed_at", "metadata")


@cache
def _refresh(samples: bool) -> Any:
    # an index holds run and status of a slice; its sample has to be looked up, which costs more
    sliced = [func.count(_t.fastmon_file_id.distinct()).label("samples")] if samples else []
    counted = (
        select(
            bindparam("run", type_=_s.run_number.type).label("run"),
            func.count().label("created"),
            *(_with(status) for status in ("queued", "processing", "completed", "failed")),
            *sliced,
        )
        .where(_t.run_number == bindparam("run"))
        .subquery("counted")
    )
    c = counted.c
    active = select(func.count()).select_from(workers)
    active = active.where(workers.c.run_number == bindparam("run"), workers.c.ended_at.is_(None))
    expected = _s.metadata[EXPECTED].as_integer()
    received = c.samples if samples else _s.stf_samples_received
    done = and_(expected <= received, c.completed + c.failed == c.created)
    return (
        run_states.update()
        .where(_s.run_number == c.run)
        .values(
            slices_created=c.created,
            slices_queued=c.queued,
            slices_processing=c.processing,
            slices_completed=c.completed,
            slices_failed=c.failed,
            stf_samples_received=received,
            active_worker_count=active.scalar_subquery(),
            phase=case((done, COMPLETED), (_s.phase == COMPLETED, ENDED), else_=_s.phase),
            updated_at=bindparam("now", type_=_s.updated_at.type),
        )
    )


def _with(status: str) -> Any:
    return func.count().filter(_t.status == status).label(status)
