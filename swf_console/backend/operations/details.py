"""One execution with all that is known of it, and whether it ran what its definition says."""

import hashlib
from dataclasses import dataclass
from typing import Any

from ..database import Database, definitions, messages, states
from ..database.records import Definition, Execution, MessageFilter, StateEvent
from ..settings import Settings
from .listing import find_execution
from .orphans import sweep

EVENTS_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Drift:
    """What ran against what is stored, as sha256; `drifted` is None where the execution recorded no code."""

    drifted: bool | None
    executed: str | None
    stored: str


@dataclass(frozen=True, slots=True)
class ExecutionDetail:
    """An execution, its definition, and what it left behind. `events` are the first thousand."""

    execution: Execution
    definition: Definition
    drift: Drift
    run_number: int | None
    events: tuple[StateEvent, ...]
    more_events: bool
    messages_by_type: dict[str, int]

    @property
    def provenance(self) -> dict[str, dict[str, Any]]:
        """`section.key` to what set it, as it was recorded."""
        return table(table(self.execution.execution_environment).get("provenance"))

    @property
    def source(self) -> dict[str, Any]:
        """Where the workflow's code came from, as it was recorded."""
        return table(table(self.execution.execution_environment).get("source"))


def execution_detail(settings: Settings, database: Database, execution_id: str) -> ExecutionDetail:
    """Everything about one execution. Raises UsageError where there is none of that id."""
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
    """The DAQ run that it simulated: as its metrics say, else as its first message does."""
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
    """The first thousand state events of its run, and whether there are more."""
    if run_number is None:
        return (), False
    with database.read() as connection:
        page = states.events(connection, run_number, limit=EVENTS_SHOWN)
    return tuple(event for event in page.items if belongs(event, execution_id)), page.next is not None


def belongs(event: StateEvent, execution_id: str) -> bool:
    """Whether a state event of a run is this execution's; one that says nothing is."""
    return table(event.event_data).get("execution_id") in (None, execution_id)


def drift_of(execution: Execution, definition: Definition) -> Drift:
    """Compare the code that ran with the code that is stored under the same name and version."""
    workflow = table(table(execution.execution_environment).get("workflow"))
    executed = workflow.get("sha256")
    text = definition.definition
    stored = _sha256(text.encode())
    if not isinstance(executed, str):
        return Drift(None, None, stored)
    # what ran is hashed as its file's bytes, of which the text has lost line ends and byte order mark
    spellings = [text, text.replace("\n", "\r\n")]
    known = {_sha256(each.encode(coding)) for each in spellings for coding in ("utf-8", "utf-8-sig")}
    return Drift(executed not in known, executed, stored)


def table(value: Any) -> dict[str, Any]:
    """`value` where it is a JSON object, else an empty one: rows of others may hold anything."""
    return value if isinstance(value, dict) else {}


def _sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()
