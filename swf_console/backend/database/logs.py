"""Log lines that programs report."""

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import Connection, select

from .records.agents import LogEntry, LogFilter
from .records.pages import Page
from .sql.dialect import Conditions, matching
from .sql.keyset import Order, one_page
from .tables.agents import logs

_c = logs.c
_WRITTEN = tuple(field.name for field in fields(LogEntry) if field.name != "id")


def insert(connection: Connection, entries: Sequence[LogEntry]) -> None:
    """Store log lines with one multi-row statement."""
    if entries:
        connection.execute(
            logs.insert(), [{name: getattr(entry, name) for name in _WRITTEN} for entry in entries]
        )


def insert_once(connection: Connection, entry: LogEntry) -> bool:
    """Store a log line unless one with the same time, place and text exists; whether it is new."""
    same = ("timestamp", "app_name", "instance_name", "level", "message", "process", "thread", "lineno")
    query = select(_c.id).where(*(_c[name] == getattr(entry, name) for name in same))
    if connection.scalar(query.limit(1)) is not None:
        return False
    insert(connection, [entry])
    return True


def get(connection: Connection, log_id: int) -> LogEntry | None:
    """Read one log line."""
    row = connection.execute(select(*_c).where(_c.id == log_id)).first()
    return None if row is None else LogEntry(**row._mapping)


def page(
    connection: Connection, wanted: LogFilter, after: str | None = None, limit: int = 100
) -> Page[LogEntry]:
    """List log lines, newest first."""
    order = Order((_c.timestamp, _c.id), after, limit)
    return one_page(connection, [_conditions(wanted)], tuple(_c), order, LogEntry)


def _conditions(wanted: LogFilter) -> Conditions:
    equal = ((_c.app_name, wanted.app_name), (_c.instance_name, wanted.instance_name))
    conditions = matching(equal, _c.timestamp, wanted.since, wanted.until)
    if wanted.level is not None:
        conditions.append(_c.level >= wanted.level)
    return conditions
