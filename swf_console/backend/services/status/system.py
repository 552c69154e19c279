"""The status of the home with its latest executions, runs and errors."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ...core.settings import Settings
from ...database import Database, executions, logs, runs
from ...database.records.agents import LogEntry, LogFilter
from ...database.records.workflows import ExecutionFilter, ExecutionSummary, RunState
from .home import Status, current_status

ERROR_LEVEL = 40
ERRORS_SINCE = timedelta(hours=1)
SHOWN = 10


@dataclass(frozen=True, slots=True)
class SystemState:
    """`status` holds verdict, agents and supervisord; the others are the newest ten of each."""

    user: str
    status: Status
    latest_executions: tuple[ExecutionSummary, ...]
    run_states: tuple[RunState, ...]
    errors_of_the_last_hour: tuple[LogEntry, ...]


def system_state(settings: Settings, database: Database, user: str | None = None) -> SystemState:
    """Read everything; `user` limits the executions to those of one user.

    Raises DatabaseUnreachable and DatabaseUnusable.
    """
    status = current_status(settings, counted=True)
    recent = LogFilter(level=ERROR_LEVEL, since=datetime.now(UTC) - ERRORS_SINCE)
    with database.read() as connection:
        latest = executions.page(connection, ExecutionFilter(executed_by=user), limit=SHOWN).items
        numbers = [run.run_number for run in runs.page(connection, limit=SHOWN).items]
        found = [runs.run_state(connection, number) for number in numbers]
        errors = logs.page(connection, recent, limit=SHOWN).items
    return SystemState(
        user=user or settings.user,
        status=status,
        latest_executions=latest,
        run_states=tuple(state for state in found if state is not None),
        errors_of_the_last_hour=errors,
    )
