"""Executions as somebody watches them: how far each is, what it counted, what went wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..database import Connection, Database, executions, logs, messages, states
from ..database.records import (
    Execution,
    ExecutionFilter,
    ExecutionSummary,
    LogEntry,
    LogFilter,
    MessageFilter,
    Page,
    RunState,
    StateEvent,
)
from ..settings import Settings
from .details import execution_detail
from .orphans import sweep

RECENT = timedelta(hours=24)
ERRORS_SHOWN = 20
ERROR_LEVEL = 40


@dataclass(frozen=True, slots=True)
class Watched:
    """An execution with the run it simulates; `phase` is that of the run, None before its first message."""

    execution: ExecutionSummary
    run_number: int | None
    phase: str | None
    stf_count: int


@dataclass(frozen=True, slots=True)
class WorkflowMonitor:
    """One execution as it stands. `errors` are the latest error lines reported while it ran, by anybody."""

    execution: Execution
    run_number: int | None
    phase: str | None
    seconds: float
    stf_count: int
    messages_by_type: dict[str, int]
    state: RunState | None
    events: tuple[StateEvent, ...]
    more_events: bool
    errors: tuple[LogEntry, ...]


def watch_execution(settings: Settings, database: Database, execution_id: str) -> WorkflowMonitor:
    """How far an execution is. Raises UsageError where there is none of that id."""
    detail = execution_detail(settings, database, execution_id)
    execution = detail.execution
    end = execution.end_time or datetime.now(UTC)
    wanted = LogFilter(level=ERROR_LEVEL, since=execution.start_time, until=execution.end_time)
    with database.read() as connection:
        state = states.run_state(connection, detail.run_number) if detail.run_number is not None else None
        errors = logs.page(connection, wanted, limit=ERRORS_SHOWN).items
    return WorkflowMonitor(
        execution=execution,
        run_number=detail.run_number,
        phase=state.phase if state else None,
        seconds=max(0.0, (end - execution.start_time).total_seconds()),
        stf_count=detail.messages_by_type.get("stf_gen", 0),
        messages_by_type=detail.messages_by_type,
        state=state,
        events=detail.events,
        more_events=detail.more_events,
        errors=errors,
    )


def list_watched(
    settings: Settings, database: Database, after: str | None = None, limit: int = 20
) -> Page[Watched]:
    """The executions of the last 24 hours, the newest first."""
    sweep(settings, database)
    recent = ExecutionFilter(since=datetime.now(UTC) - RECENT)
    with database.read() as connection:
        page = executions.page(connection, recent, after, limit)
        return Page(tuple(_watched(connection, one) for one in page.items), page.next)


def _watched(connection: Connection, execution: ExecutionSummary) -> Watched:
    announced = MessageFilter(execution_id=execution.execution_id, message_type="run_imminent")
    first = messages.page(connection, announced, limit=1).items
    text = (first[0].run_id or "") if first else ""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
    state = states.run_state(connection, number) if number is not None else None
    generated = MessageFilter(execution_id=execution.execution_id, message_type="stf_gen")
    return Watched(
        execution, number, state.phase if state else None, messages.count(connection, generated, 100_001)
    )
