"""One execution, and one definition, as the console looks at them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ...database import definitions, runs
from ...database.records.workflows import Definition, Execution, RunState, StateEvent
from ...errors import UsageError
from ...services.executions.queries import Drift, ExecutionDetail, execution_detail, table
from ..comparing import Comparison, Difference, compare_executions, flattened
from ..message_listing import find_message

if TYPE_CHECKING:
    from ...database.records.messages import Message
    from .services import ConsoleServices

__all__ = [
    "Comparison",
    "Definition",
    "Difference",
    "Drift",
    "Execution",
    "ExecutionDetail",
    "Looked",
    "RunState",
    "StateEvent",
    "compared",
    "flattened",
    "look_at_definition",
    "look_at_execution",
    "look_at_message",
    "origin_of",
    "table",
]


AROUND = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Looked:
    """An execution with all that is known of it, and the state of its run with what was processed.

    `stopped_by` is who asked for its end in a console of this home.
    """

    detail: ExecutionDetail
    run_state: RunState | None
    stopped_by: str | None = None


def look_at_execution(services: "ConsoleServices", execution_id: str) -> Looked:
    """Everything about one execution; blocks. Raises UsageError where there is none of that id."""
    database = services.database()
    detail = execution_detail(services.settings, database, execution_id)
    stopped_by = _stopped_by(services, detail.execution)
    if detail.run_number is None:
        return Looked(detail, None, stopped_by)
    with database.read() as connection:
        return Looked(detail, runs.run_state(connection, detail.run_number), stopped_by)


def _stopped_by(services: "ConsoleServices", execution: Execution) -> str | None:
    asked = execution.stop_requested_at
    if asked is None:
        return None
    entries = services.journal.entries(since=asked - AROUND)
    wanted = [one for one in entries if {"stop", execution.execution_id} <= set(one.command.split())]
    return wanted[-1].who if wanted else None


def look_at_message(services: "ConsoleServices", message_id: str) -> "Message":
    """One message with its content; blocks. Raises UsageError where there is none of that id."""
    return find_message(services.database(), message_id)


def look_at_definition(services: "ConsoleServices", definition_id: int) -> Definition:
    """One definition with its code; blocks. Raises UsageError where there is none of that id."""
    with services.database().read() as connection:
        found = definitions.get(connection, definition_id)
    if found is None:
        raise UsageError(f"there is no definition {definition_id}", "List them: swf-console definitions")
    return found


def compared(services: "ConsoleServices", first_id: str, second_id: str) -> Comparison:
    """What two executions have different; blocks."""
    return compare_executions(services.database(), first_id, second_id)


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
