"""DAQ runs."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from .records.pages import Page
from .records.workflows import Run
from .sql.dialect import insert_into
from .sql.keyset import Order, one_page
from .tables.workflows import runs

ENSURING = 0x5EF  # what the lock is for: any number that no other lock has

_c = runs.c


def ensure(
    connection: Connection,
    run_number: int,
    start_time: datetime,
    run_conditions: dict[str, Any] | None = None,
) -> Run:
    """Store a run unless its number is there already; return what is stored.

    The keys of PostgreSQL's rows have no gaps: an INSERT that comes to nothing would draw one all the same.
    """
    known = find(connection, run_number)
    if known is None and connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(ENSURING, run_number)))
        known = find(connection, run_number)
    return known or _insert(connection, run_number, start_time, run_conditions)


def _insert(
    connection: Connection, run_number: int, start_time: datetime, run_conditions: dict[str, Any] | None
) -> Run:
    row = insert_into(connection, runs).values(
        run_number=run_number, start_time=start_time, run_conditions=run_conditions
    )
    connection.execute(row.on_conflict_do_nothing(index_elements=["run_number"]))
    return Run(**connection.execute(_numbered(run_number)).one()._mapping)


def find(connection: Connection, run_number: int) -> Run | None:
    """Read a run by its number."""
    row = connection.execute(_numbered(run_number)).first()
    return None if row is None else Run(**row._mapping)


def finish(connection: Connection, run_number: int, end_time: datetime) -> bool:
    """Note when a run ended; False where there is no such run or it has ended."""
    ended = runs.update().where(_c.run_number == run_number, _c.end_time.is_(None))
    return connection.execute(ended.values(end_time=end_time)).rowcount == 1


def page(connection: Connection, after: str | None = None, limit: int = 50) -> Page[Run]:
    """List runs, the highest number first."""
    return one_page(connection, [[]], tuple(_c), Order((_c.run_number,), after, limit), Run)


def _numbered(run_number: int) -> Select[*tuple[Any, ...]]:
    return select(*_c).where(_c.run_number == run_number)
