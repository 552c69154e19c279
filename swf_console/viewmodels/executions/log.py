"""The log lines of one execution: of agents from the database, of local programs from files."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ...backend.core.errors import SwfError
from ...backend.database import logs
from ...backend.database.records.agents import LogEntry, LogFilter
from ...backend.database.records.workflows import Execution
from ...backend.services.executions.queries import table
from ...backend.services.logs import LoggedLine, read_line

if TYPE_CHECKING:
    from ..context import ConsoleContext

AROUND = timedelta(minutes=1)
LATER = timedelta(hours=1)
MAX_LINES = 2_000
PAGES, PAGE = 10, 500
FILE_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class ExecutionLog:
    """The newest MAX_LINES lines in order; `trouble` says what could not be read."""

    lines: tuple[LoggedLine, ...] = ()
    trouble: str = ""


def log_of(context: "ConsoleContext", execution: Execution) -> ExecutionLog:
    """Read database and files; blocks. What cannot be read is reported in `trouble`, not raised."""
    found, trouble = [], ""
    try:
        found += list(_recorded(context, execution))
    except SwfError as error:
        trouble = str(error)
    for path in sorted(context.settings.logs_dir.glob("*.log*")):
        found += _in_file(path, execution.execution_id)
    # a line that an agent has reported to the database is in its file too
    unique = {(one.at, one.text): one for one in found}
    return ExecutionLog(tuple(sorted(unique.values(), key=lambda one: one.at)[-MAX_LINES:]), trouble)


def _recorded(context: "ConsoleContext", execution: Execution) -> Iterator[LoggedLine]:
    until = (execution.end_time or datetime.now(UTC)) + LATER
    wanted = LogFilter(since=execution.start_time - AROUND, until=until)
    after = None
    for _ in range(PAGES):
        with context.database().read() as connection:
            page = logs.page(connection, wanted, after, PAGE)
        for entry in page.items:
            if table(entry.extra_data).get("execution_id") == execution.execution_id:
                yield _of_entry(entry)
        after = page.next
        if after is None:
            return


def _of_entry(entry: LogEntry) -> LoggedLine:
    exception = table(entry.extra_data).get("exception")
    text = f"{entry.message}\n{exception}" if isinstance(exception, str) else entry.message
    return LoggedLine(entry.timestamp, entry.levelname, entry.instance_name, text)


def _in_file(path: Path, execution_id: str) -> Iterator[LoggedLine]:
    """The lines of a file whose execution_id is the execution's."""
    wanted = json.dumps(execution_id).encode()
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - FILE_BYTES))
            lines = [line for line in file.read(FILE_BYTES).splitlines() if wanted in line]
    except OSError:
        return
    for line in lines:
        logged = read_line(line, path.name)
        if logged is not None and logged.execution_id == execution_id:
            yield logged
