"""Workers: each is claimed by one process, which sends heartbeats, and ended once."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select

from . import run_counters
from .records.pages import Page
from .records.processing import Claim, Worker, WorkerBeat
from .sql.dialect import insert_into
from .sql.keyset import Branch, Order, one_page
from .sql.offset import TableGateway
from .tables.processing import tf_slices, workers

IDLE, PROCESSING, ENDED = "idle", "processing", "ended"

_c = workers.c
_WORKER = tuple(_c[name] for name in Worker.__dataclass_fields__)

rows: TableGateway[Worker] = TableGateway(
    workers,
    _c.worker_id,
    Worker,
    filters={"run_number": _c.run_number, "status": _c.status, "location": _c.location},
    order=(_c.started_at, _c.worker_id),
)


def claim(connection: Connection, wanted: Claim, stale: datetime) -> list[str]:
    """Claim workers that are free, or whose last heartbeat is before `stale`; return those claimed."""
    run_counters.hold(connection, [wanted.run_number])
    common = {
        "run_number": wanted.run_number,
        "panda_job": wanted.owner[:255],
        "location": wanted.location[:255],
        "status": IDLE,
        "started_at": wanted.at,
        "last_heartbeat": wanted.at,
        "metadata": wanted.metadata,
    }
    insert = insert_into(connection, workers)
    row = insert.excluded
    # an existing row is taken if it is ours or its owner is silent; RETURNING lists only rows that changed
    free = or_(_c.panda_job == row.panda_job, _c.last_heartbeat < stale)
    statement = insert.on_conflict_do_update(
        index_elements=["worker_id"],
        set_={name: row[name] for name in ("panda_job", "location", "last_heartbeat")},
        where=_c.ended_at.is_(None) & free,
    )
    rows = [{"worker_id": identity, **common} for identity in wanted.worker_ids]
    if not rows:
        return []
    taken = list(connection.scalars(statement.returning(_c.worker_id), rows))
    run_counters.refresh_workers(connection, wanted.run_number)
    return taken


def beat(connection: Connection, run_number: int, beats: Sequence[WorkerBeat]) -> None:
    """Store heartbeats of workers of a run, and count the slices that each has completed."""
    if beats:
        run_counters.hold(connection, [run_number])  # serialized: each call counts the slices of all workers
        connection.execute(_beat(), [_beat_row(one) for one in beats])
        connection.execute(_count(), {"run": run_number})


def end(connection: Connection, run_number: int, worker_ids: Sequence[str], at: datetime) -> None:
    """End workers of a run."""
    run_counters.hold(connection, [run_number])
    connection.execute(_end(), [{"worker": identity, "at": at} for identity in worker_ids])
    connection.execute(_count(), {"run": run_number})
    run_counters.refresh_workers(connection, run_number)


def page(connection: Connection, run_number: int, after: str | None = None, limit: int = 50) -> Page[Worker]:
    """List the workers of a run in the order of their start."""
    branch = Branch([_c.run_number == run_number], few=True)
    order = Order((_c.started_at, _c.worker_id), after, limit, newest_first=False)
    return one_page(connection, [branch], _WORKER, order, Worker)


@cache
def _beat() -> Any:
    update = workers.update().where(_c.worker_id == bindparam("worker"), _c.ended_at.is_(None))
    return update.values(
        status=bindparam("to_status"),
        last_heartbeat=bindparam("at", type_=_c.last_heartbeat.type),
        current_slice_id=bindparam("slice"),
        tf_filename=bindparam("file"),
    )


@cache
def _end() -> Any:
    update = workers.update().where(_c.worker_id == bindparam("worker"), _c.ended_at.is_(None))
    at = bindparam("at", type_=_c.ended_at.type)
    return update.values(
        status=ENDED, ended_at=at, last_heartbeat=at, current_slice_id=None, tf_filename=None
    )


@cache
def _count() -> Any:
    t = tf_slices.c
    done = (t.run_number == bindparam("run"), t.status == "completed")
    by_worker = select(t.assigned_worker, func.count().label("done")).where(*done)
    counted = by_worker.group_by(t.assigned_worker).subquery("counted")
    mine = (_c.run_number == bindparam("run"), _c.worker_id == counted.c.assigned_worker)
    return workers.update().where(*mine).values(slices_completed=counted.c.done)


def _beat_row(one: WorkerBeat) -> dict[str, Any]:
    return {
        "worker": one.worker_id,
        "to_status": one.status,
        "at": one.at,
        "slice": one.slice_id,
        "file": one.tf_filename,
    }
