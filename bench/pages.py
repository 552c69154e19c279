"""A page of a large table beside the same page of a small one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from swf_console.backend.core.settings import sqlite_url
from swf_console.backend.database import Connection, Database, executions, messages, open_database
from swf_console.backend.database.records.messages import MessageFilter
from swf_console.backend.database.records.workflows import ExecutionFilter
from swf_console.backend.database.sql.keyset import cursor_of

from .harness import Row, interleaved, median, shown
from .seeding import seed, seeded_file
from .stage import Stage, timed

TITLE = "Pages of 50: transaction, query, rows; the control is the same at 1,000 rows"
SMALL = 1_000
LIMIT = 0.010
GROWTH = 2.0
EPOCH = datetime.fromtimestamp(1_700_000_000, UTC)

Page = Callable[[Connection, int], Any]

EXECUTION_PAGES: dict[str, Page] = {
    "newest": lambda connection, _: executions.page(connection, ExecutionFilter()),
    "in the middle": lambda connection, rows: executions.page(
        connection, ExecutionFilter(), after=_middle(rows, f"seeded-{rows // 2:09d}")
    ),
    "of a namespace, failed": lambda connection, _: executions.page(
        connection, ExecutionFilter(namespace="space-3", status="failed")
    ),
    "of a workflow": lambda connection, _: executions.page(
        connection, ExecutionFilter(workflow_name="workflow-2")
    ),
    "of a user, in the middle": lambda connection, rows: executions.page(
        connection, ExecutionFilter(executed_by="user-4"), after=_middle(rows, "seeded")
    ),
}
MESSAGE_PAGES: dict[str, Page] = {
    "newest": lambda connection, _: messages.page(connection, MessageFilter()),
    "in the middle": lambda connection, rows: messages.page(
        connection, MessageFilter(), after=_middle(rows, "0" * 32)
    ),
    "of a namespace, one type": lambda connection, _: messages.page(
        connection, MessageFilter(namespace="space-3", message_type="end_run")
    ),
    "of an execution": lambda connection, rows: messages.page(
        connection, MessageFilter(execution_id=f"seeded-{rows // 20:09d}")
    ),
    "of a sender, in the middle": lambda connection, rows: messages.page(
        connection, MessageFilter(sender="agent-4"), after=_middle(rows, "0" * 32)
    ),
}


def rows(stage: Stage) -> list[Row]:
    """SQLite with a million executions and ten million messages; PostgreSQL with a million of each."""
    many = stage.amount(1_000_000, 20_000)
    sqlite_messages = stage.messages or stage.amount(10_000_000, 20_000)
    server_messages = stage.messages or stage.amount(1_000_000, 20_000)
    found = []
    with _sqlite(many, sqlite_messages) as large, _sqlite(SMALL, SMALL) as small:
        found += _rows_of(stage, "SQLite", large, small, many, sqlite_messages)
    with _postgresql(stage, many, server_messages) as large, _postgresql(stage, SMALL, SMALL) as small:
        found += _rows_of(stage, "PostgreSQL", large, small, many, server_messages)
    return found


def _rows_of(
    stage: Stage, kind: str, large: Database, small: Database, executed: int, sent: int
) -> list[Row]:
    repetitions = stage.amount(201, 11)
    tables = (("executions", EXECUTION_PAGES, executed), ("messages", MESSAGE_PAGES, sent))
    return [
        _row(f"{kind}, {many:,} {table}: {name}", page, large, small, many, repetitions)
        for table, pages, many in tables
        for name, page in pages.items()
    ]


def _row(what: str, page: Page, large: Database, small: Database, many: int, repetitions: int) -> Row:
    def read(database: Database, count: int) -> float:
        def whole() -> None:
            with database.read() as connection:
                assert page(connection, count).items

        return timed(whole)

    taken = interleaved(
        repetitions, {"large": lambda: read(large, many), "small": lambda: read(small, SMALL)}
    )
    measured, control = median(taken["large"]), median(taken["small"])
    ratio = measured / control
    return Row(
        what,
        shown(measured, "s"),
        shown(control, "s"),
        ratio,
        f"< {shown(LIMIT, 's')}, <= {GROWTH:g} x",
        measured < LIMIT and ratio <= GROWTH,
    )


def _middle(rows: int, name: str) -> str:
    return cursor_of([EPOCH + timedelta(seconds=6 * (rows // 2)), name])


@contextmanager
def _sqlite(executed: int, sent: int) -> Iterator[Database]:
    database = open_database(sqlite_url(seeded_file(executed, sent)))
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _postgresql(stage: Stage, executed: int, sent: int) -> Iterator[Database]:
    with ExitStack() as stack:
        url = stack.enter_context(stage.server_database())
        if executed > SMALL:
            print(f"seeding PostgreSQL: {executed:,} executions, {sent:,} messages")
        seed(url, executed, sent)
        database = open_database(url)
        stack.callback(database.close)
        yield database
