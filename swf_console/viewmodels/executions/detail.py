"""One execution as the console shows it, and the origin of its parameters."""

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
    """An execution with everything recorded about it, and its run's state.

    `stopped_by` is the user who requested its stop from a console of this home.
    """

    detail: ExecutionDetail
    run_state: RunState | None
    stopped_by: str | None = None


def read_execution(context: ConsoleContext, execution_id: str) -> RecordedExecution:
    """Read everything about one execution; blocks. Raises UsageError for an unknown id."""
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
    """The origin of a parameter's value (`file:line`), and the values that it replaced."""
    found: Any = provenance.get(name)
    while not isinstance(found, dict) and "." in name:
        name = name.rpartition(".")[0]
        found = provenance.get(name)
    if not isinstance(found, dict):
        return "-", ""
    earlier = [one for one in found.get("replaced") or [] if isinstance(one, dict)]
    return _origin_text(found), ", ".join(f"{one.get('value')} ({_origin_text(one)})" for one in earlier)


def _origin_text(origin: dict[str, Any]) -> str:
    line = origin.get("line")
    return str(origin.get("origin")) if line is None else f"{origin.get('origin')}:{line}"
