"""Log lines that programs report."""

from collections.abc import Sequence
from dataclasses import fields

from sqlalchemy import Connection, func, select

from .records.agents import LogEntry, LogFilter, LogSummary
from .records.pages import Page
from .sql.dialect import Conditions, matching
from .sql.keyset import Order, one_page
from .sql.offset import TableGateway
from .tables.agents import logs

_c = logs.c
LAST_ERRORS = 5
ERROR = 40  # logging.ERROR
rows: TableGateway[LogEntry] = TableGateway(
    logs,
    _c.id,
    LogEntry,
    filters={"app_name": _c.app_name, "instance_name": _c.instance_name, "levelname": _c.levelname},
    order=(_c.timestamp.desc(), _c.id.desc()),
)
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


def summary(connection: Connection) -> list[LogSummary]:
    """Count the lines of each program and instance by level, with its last errors."""
    program = (_c.app_name, _c.instance_name)
    counted = select(*program, _c.levelname, func.count()).group_by(*program, _c.levelname)
    found: dict[tuple[str, str], dict[str, int]] = {}
    for app_name, instance_name, levelname, count in connection.execute(counted.order_by(*program)):
        found.setdefault((app_name, instance_name), {})[levelname] = count
    return [
        LogSummary(app_name, instance_name, counts, _last_errors(connection, app_name, instance_name))
        for (app_name, instance_name), counts in found.items()
    ]


def _last_errors(connection: Connection, app_name: str, instance_name: str) -> tuple[LogEntry, ...]:
    wanted = LogFilter(app_name=app_name, instance_name=instance_name, level=ERROR)
    return tuple(page(connection, wanted, limit=LAST_ERRORS).items)


def _conditions(wanted: LogFilter) -> Conditions:
    equal = ((_c.app_name, wanted.app_name), (_c.instance_name, wanted.instance_name))
    conditions = matching(equal, _c.timestamp, wanted.since, wanted.until)
    if wanted.level is not None:
        conditions.append(_c.level >= wanted.level)
    if wanted.execution_id is not None:
        conditions.append(_c.extra_data["execution_id"].as_string() == wanted.execution_id)
    if wanted.text is not None:
        conditions.append(_c.message.icontains(wanted.text, autoescape=True))
    return conditions
