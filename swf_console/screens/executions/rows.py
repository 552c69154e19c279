"""Messages, states, parameters and differences of executions as cells."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...backend.core.format import as_text, clock, short_duration
from ...backend.core.sanitize import brief
from ...backend.services.executions.diff import flattened
from ...viewmodels.executions.detail import origin_of
from ...viewmodels.executions.replay import replay_events
from ...widgets.semantic_colors import SemanticColor
from ...widgets.table.columns import Column
from ...widgets.table.rows import Cell, ListSource

if TYPE_CHECKING:
    from ...backend.database.records.messages import MessageSummary
    from ...backend.database.records.workflows import StateEvent
    from ...backend.services.executions.diff import Comparison
    from ...backend.services.executions.queries import ExecutionDetail

MESSAGES = (
    Column("sent", "SENT (UTC)", 12),
    Column("type", "TYPE", 22, least=14),
    Column("sender", "SENDER", 34, least=14, grows=True, tail=True),
    Column("delivered", "DELIVERED", 9),
    Column("destination", "DESTINATION", 24, least=16),
)
STATES = (
    Column("time", "TIME (UTC)", 12),
    Column("tick", "SIMULATED", 10, right=True),
    Column("event", "EVENT", 16, least=10),
    Column("state", "STATE", 22, least=14),
    Column("lasted", "LASTED", 8, right=True),
)
PARAMETERS = (
    Column("parameter", "PARAMETER", 44, least=24, tail=True),
    Column("value", "VALUE", 20, least=10, grows=True),
    Column("from", "FROM", 34, least=15, tail=True),
    Column("replaced", "REPLACED", 30, least=12),
)
PAIRS = (Column("name", "NAME", 34, least=20, tail=True), Column("value", "VALUE", 30, least=10, grows=True))
DIFFERENCES = (
    Column("kind", "WHAT", 11),
    Column("name", "NAME", 37, least=24, tail=True),
    Column("first", "FIRST", 18, grows=True),
    Column("second", "SECOND", 18, grows=True),
)


def message_cells(message: "MessageSummary") -> tuple[Cell, ...]:
    """A recorded message."""
    # before the broker's receipt has been written with the next transaction
    wait = None
    if message.delivered_at is not None:
        wait = (message.delivered_at - message.sent_at).total_seconds()
    return (
        Cell(clock(message.sent_at, milliseconds=True)),
        Cell(brief(message.message_type, 60)),
        Cell(brief(message.sender_agent or "-", 100)),
        _delivery(message, wait),
        Cell(brief(message.queue_name or "-", 100)),
    )


def _delivery(message: "MessageSummary", wait: float | None) -> Cell:
    if wait is None:
        return Cell("yes") if message.is_delivered else Cell("not yet", "watch")
    return Cell(f"{max(0.0, wait) * 1000:,.0f} ms")


def state_of(event: "StateEvent") -> str:
    """State and substate in one word."""
    return brief(f"{event.state}/{event.substate}" if event.substate else event.state, 60)


def state_color(state: str) -> SemanticColor:
    """The colour of a DAQ state."""
    return "ok" if state.startswith("run/physics") else "off" if state.startswith("no_beam") else "busy"


def state_rows(events: Sequence["StateEvent"]) -> ListSource:
    """State events with the duration of each state, in simulated time where that is known."""
    rows = []
    moments = replay_events(events)
    for n, moment in enumerate(moments):
        event, state = moment.event, state_of(moment.event)
        length = moments[n + 1].at - moment.at if n + 1 < len(moments) else None
        cells = (
            Cell(clock(event.timestamp, milliseconds=True)),
            Cell(brief(event.event_data.get("simulation_tick", "-"), 12)),
            Cell(brief(event.event_type, 50)),
            Cell(state, state_color(state)),
            Cell(short_duration(length)),
        )
        rows.append((str(event.event_id or n), cells, event))
    return ListSource(rows)


def parameter_rows(detail: "ExecutionDetail") -> ListSource:
    """Each parameter with its origin and the value it replaced."""
    sections = {
        name: value for name, value in detail.execution.parameter_values.items() if name != "workflow"
    }
    rows = []
    for name, value in flattened(sections):
        origin, replaced = origin_of(detail.provenance, name)
        cells = (
            Cell(brief(name, 120)),
            Cell(brief(as_text(value))),
            Cell(brief(origin, 120), "unknown"),
            Cell(brief(replaced, 200), "off"),
        )
        rows.append((name, cells, value))
    return ListSource(rows)


def pair_rows(values: object) -> ListSource:
    """The leaves of nested values with their names."""
    return ListSource(
        [
            (name, (Cell(brief(name, 120)), Cell(brief(as_text(value)))), value)
            for name, value in flattened(values)
            if name
        ]
    )


def difference_rows(comparison: "Comparison") -> ListSource:
    """The differences between two executions."""
    return ListSource(
        [
            (
                f"{one.kind}.{one.name}",
                (
                    Cell(brief(one.kind, 20), "unknown"),
                    Cell(brief(one.name, 120)),
                    Cell(brief(as_text(one.first))),
                    Cell(brief(as_text(one.second))),
                ),
                one,
            )
            for one in comparison.differences
        ]
    )
