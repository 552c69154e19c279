"""One execution as the console shows it, and where its parameters came from."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ...backend.database import runs
from ...backend.database.records.workflows import Execution, RunState
from ...backend.services.executions.queries import ExecutionDetail, execution_detail
from ..context import ConsoleContext

AROUND = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class RecordedExecution:
    """An execution with all that is known of it, and the state of its run with what was processed.

    `stopped_by` is who requested_at for its end in a console of this home.
    """

    detail: ExecutionDetail
    run_state: RunState | None
    stopped_by: str | None = None


def read_execution(context: ConsoleContext, execution_id: str) -> RecordedExecution:
    """Everything about one execution; blocks. Raises UsageError where there is none of that id."""
    database = context.database()
    detail = execution_detail(context.settings, database, execution_id)
    stopped_by = _stopped_by(context, detail.execution)
    if detail.run_number is None:
        return RecordedExecution(detail, None, stopped_by)
    with database.read() as connection:
        return RecordedExecution(detail, runs.run_state(connection, detail.run_number), stopped_by)


def _stopped_by(context: ConsoleContext, execution: Execution) -> str | None:
    requested_at = execution.stop_requested_at
    if requested_at is None:
        return None
    entries = context.journal.entries(since=requested_at - AROUND)
    wanted = [one for one in entries if {"stop", execution.execution_id} <= set(one.command.split())]
    return wanted[-1].who if wanted else None


def origin_of(provenance: dict[str, dict[str, Any]], name: str) -> tuple[str, str]:
    """Where a parameter's value came from (`file:line`), and what it replaced there."""
    found: Any = provenance.get(name)
    while not isinstance(found, dict) and "." in name:
        name = name.rpartition(".")[0]
        found = provenance.get(name)
    if not isinstance(found, dict):
        return "-", ""
    earlier = [one for one in found.get("replaced") or [] if isinstance(one, dict)]
    return _place(found), ", ".join(f"{one.get('value')} ({_place(one)})" for one in earlier)


def _place(origin: dict[str, Any]) -> str:
    line = origin.get("line")
    return str(origin.get("origin")) if line is None else f"{origin.get('origin')}:{line}"
