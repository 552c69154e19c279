"""The state of a run in fast processing: counters counted from its rows in one statement, and its phase.

A run is `ended` when the DAQ says so, and `completed` when every slice of every expected sample is done
(or has failed for good). How many samples are expected is known once the run has ended.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, select

from . import runs
from .records.workflows import RunState
from .runs import COMPLETED
from .sql.types import utc_now
from .tables.processing import tf_slices, workers
from .tables.workflows import run_states

ENDED = "ended"
EXPECTED = "expected_samples"

_s = run_states.c
_t = tf_slices.c
_HOLD = select(_s.run_number).where(_s.run_number == bindparam("run")).with_for_update()


def hold(connection: Connection, run_numbers: Iterable[int]) -> None:
    """Keep others from changing these runs until the transaction ends: so what is counted is all there is."""
    if connection.dialect.name == "sqlite":
        return  # who writes there writes alone
    for run_number in sorted(run_numbers):
        connection.execute(_HOLD, {"run": run_number}).first()


def ensure(connection: Connection, state: RunState) -> None:
    """Store the state of a run where what is stored is older."""
    runs.upsert_run_state(connection, state, unless_newer=True)


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
