"""Recorded executions: pages, the detail of one, and its progress."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ...core.errors import UsageError
from ...core.settings import Settings
from ...core.suggest import suggest
from ...database import Connection, Database, definitions, executions, logs, messages, runs
from ...database.records.agents import LogEntry, LogFilter
from ...database.records.messages import MessageFilter
from ...database.records.pages import Page
from ...database.records.workflows import (
    Definition,
    Execution,
    ExecutionFilter,
    ExecutionSummary,
    RunState,
    StateEvent,
)
from .recovery import sweep

EVENTS_SHOWN = 1000
SUGGESTIONS_FROM = 200
RECENT = timedelta(hours=24)
ERRORS_SHOWN = 20
ERROR_LEVEL = 40


@dataclass(frozen=True, slots=True)
class Drift:
    """Executed and stored code as sha256; `drifted` is None if the execution recorded no code."""

    drifted: bool | None
    executed: str | None
    stored: str


@dataclass(frozen=True, slots=True)
class ExecutionDetail:
    """An execution with its definition and recorded data. `events` are the first thousand."""

    execution: Execution
    definition: Definition
    drift: Drift
    run_number: int | None
    events: tuple[StateEvent, ...]
    more_events: bool
    messages_by_type: dict[str, int]

    @property
    def provenance(self) -> dict[str, dict[str, Any]]:
        """The recorded origin of each `section.key`."""
        return table(table(self.execution.execution_environment).get("provenance"))

    @property
    def source(self) -> dict[str, Any]:
        """The recorded origin of the workflow's code."""
        return table(table(self.execution.execution_environment).get("source"))


@dataclass(frozen=True, slots=True)
class ExecutionPhase:
    """An execution and its run; `phase` is that of the run, None before its first message."""

    execution: ExecutionSummary
    run_number: int | None
    phase: str | None
    stf_count: int


@dataclass(frozen=True, slots=True)
class WorkflowMonitor:
    """The current state of one execution. `errors` are the latest error lines of all agents while it ran."""

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


def list_executions(
    settings: Settings, database: Database, wanted: ExecutionFilter, after: str | None = None, limit: int = 50
) -> Page[ExecutionSummary]:
    """Executions, newest first; expired ones are closed first, so that none is shown as running."""
    sweep(settings, database)
    with database.read() as connection:
        return executions.page(connection, wanted, after, limit)


def find_execution(database: Database, execution_id: str) -> Execution:
    """The execution with this id. Raises UsageError with the nearest ids if it does not exist."""
    with database.read() as connection:
        found = executions.get(connection, execution_id)
        if found:
            return found
        near = executions.page(connection, ExecutionFilter(), limit=SUGGESTIONS_FROM).items
    names = [one.execution_id for one in near]
    advice = suggest(execution_id, names, otherwise="List executions: swf-console executions")
    raise UsageError(f"execution not found: {execution_id[:100]}", advice)


def execution_detail(settings: Settings, database: Database, execution_id: str) -> ExecutionDetail:
    """Everything about one execution. Raises UsageError for an unknown id."""
    sweep(settings, database)
    execution = find_execution(database, execution_id)
    with database.read() as connection:
        definition = definitions.get(connection, execution.workflow_definition_id)
        counts = messages.counts(connection, execution_id)
    if definition is None:  # a foreign key forbids it
        raise LookupError(f"{execution_id} has no definition")
    number = run_number_of(database, execution)
    events, more = events_of(database, execution_id, number)
    return ExecutionDetail(
        execution, definition, drift_of(execution, definition), number, events, more, counts
    )


def run_number_of(database: Database, execution: Execution) -> int | None:
    """The DAQ run number of its metrics, else that of its first message."""
    number = table(execution.performance_metrics).get("run_number")
    if number is None:
        wanted = MessageFilter(execution_id=execution.execution_id, message_type="run_imminent")
        with database.read() as connection:
            first = messages.page(connection, wanted, limit=1, newest_first=False).items
        number = first[0].run_id if first else None
    text = str(number)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def events_of(
    database: Database, execution_id: str, run_number: int | None
) -> tuple[tuple[StateEvent, ...], bool]:
    """The first thousand DAQ states of its run, and whether there are more."""
    if run_number is None:
        return (), False
    with database.read() as connection:
        page = runs.daq_states(connection, run_number, EVENTS_SHOWN)
    return tuple(event for event in page.items if belongs(event, execution_id)), page.next is not None


def belongs(event: StateEvent, execution_id: str) -> bool:
    """Whether a state event belongs to this execution; one without an execution id does."""
    return table(event.event_data).get("execution_id") in (None, execution_id)


def drift_of(execution: Execution, definition: Definition) -> Drift:
    """Compare the executed code with the code stored under the same name and version."""
    workflow = table(table(execution.execution_environment).get("workflow"))
    executed = workflow.get("sha256")
    text = definition.definition
    stored = _sha256(text.encode())
    if not isinstance(executed, str):
        return Drift(None, None, stored)
    # the hash is of the file's bytes; the stored text has lost its line ends and byte order mark
    spellings = [text, text.replace("\n", "\r\n")]
    known = {_sha256(each.encode(coding)) for each in spellings for coding in ("utf-8", "utf-8-sig")}
    return Drift(executed not in known, executed, stored)


def watch_execution(settings: Settings, database: Database, execution_id: str) -> WorkflowMonitor:
    """The current state of an execution. Raises UsageError for an unknown id."""
    detail = execution_detail(settings, database, execution_id)
    execution = detail.execution
    end = execution.end_time or datetime.now(UTC)
    wanted = LogFilter(level=ERROR_LEVEL, since=execution.start_time, until=execution.end_time)
    with database.read() as connection:
        state = runs.run_state(connection, detail.run_number) if detail.run_number is not None else None
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


def list_recent_phases(
    settings: Settings, database: Database, after: str | None = None, limit: int = 20
) -> Page[ExecutionPhase]:
    """The executions of the last 24 hours, the newest first."""
    sweep(settings, database)
    recent = ExecutionFilter(since=datetime.now(UTC) - RECENT)
    with database.read() as connection:
        page = executions.page(connection, recent, after, limit)
        return Page(tuple(_phase_of(connection, one) for one in page.items), page.next)


def table(value: Any) -> dict[str, Any]:
    """`value` if it is a JSON object, else an empty one: rows of other programs may hold anything."""
    return value if isinstance(value, dict) else {}


def _phase_of(connection: Connection, execution: ExecutionSummary) -> ExecutionPhase:
    announced = MessageFilter(execution_id=execution.execution_id, message_type="run_imminent")
    first = messages.page(connection, announced, limit=1).items
    text = (first[0].run_id or "") if first else ""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
    state = runs.run_state(connection, number) if number is not None else None
    generated = MessageFilter(execution_id=execution.execution_id, message_type="stf_gen")
    return ExecutionPhase(
        execution, number, state.phase if state else None, messages.count(connection, generated, 100_001)
    )


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
