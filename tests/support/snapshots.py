"""The rows of the processing chain without their times, to compare what two histories have made."""

import json
from collections import Counter
from typing import Any

from sqlalchemy import Connection, Table, func, select

from swf_console.backend.database import Database
from swf_console.backend.database.sql.types import UtcDateTime
from swf_console.backend.database.tables.processing import fastmon_files, stages, stf_files, stf_workflows
from swf_console.backend.database.tables.workflows import messages, runs

CHAIN: tuple[Table, ...] = (runs, stf_files, stf_workflows, stages, fastmon_files)
TIMES = {"timestamp", "start", "end", "processing_time_ms", "created_at", "processed_at"}
TIME_COLUMNS = {"processing_time_seconds"}
SURROGATES = {"id", "event_id"}  # numbered in the order of arrival


def snapshot(database: Database, *more: Table) -> dict[str, list[str]]:
    """Every row of the chain's tables and of `more`, as text, in an order that does not depend on time."""
    with database.read() as connection:
        return {
            table.name: sorted(
                json.dumps({name: _timeless(value) for name, value in row._mapping.items()}, sort_keys=True)
                for row in connection.execute(select(*_columns(table)))
            )
            for table in (*CHAIN, *more)
        }


def differences(found: dict[str, list[str]], wanted: dict[str, list[str]]) -> list[str]:
    """The rows that only one of two snapshots has, `+` and `-`; none where they are equal."""
    assert found.keys() == wanted.keys()
    told = []
    for sign, these, those in (("+", found, wanted), ("-", wanted, found)):
        for table in these:
            only = Counter(these[table]) - Counter(those[table])
            told += [f"{sign} {table} {row}" for row in sorted(only.elements())]
    return told


def sent_by_agents(database: Database) -> list[tuple[str, str]]:
    """The messages that agents sent: type and id."""
    query = select(messages.c.message_type, messages.c.message_id)
    with database.read() as connection:
        rows = connection.execute(query.where(messages.c.sender_agent.contains("-agent-")))
        return sorted((row.message_type, row.message_id) for row in rows)


def stf_counts(connection: Connection, execution_id: str) -> dict[str, int]:
    """Count an execution's STFs by how far they have come."""
    ways = stf_workflows.c
    query = select(ways.current_status, func.count().label("stfs")).where(ways.execution_id == execution_id)
    rows = connection.execute(query.group_by(ways.current_status))
    return {row.current_status: row.stfs for row in rows}


def _columns(table: Table) -> list[Any]:
    return [
        column
        for column in table.c
        if not isinstance(column.type, UtcDateTime) and column.name not in TIME_COLUMNS | SURROGATES
    ]


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(item) for name, item in value.items() if name not in TIMES}
    return value
