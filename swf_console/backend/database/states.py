"""Run states, and the complete history of state events from which a run can be replayed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, select

from .records.pages import Page
from .records.workflows import RunState, StateEvent
from .sql.dialect import insert_into
from .sql.keyset import Order, one_page
from .sql.types import utc_now
from .tables.workflows import run_states, state_events

COMPLETED = "completed"

_s = run_states.c
_e = state_events.c
_EVENT = (_e.event_id, _e.timestamp, _e.run_number, _e.event_type, _e.state, _e.substate, _e.event_data)
_STATE = tuple(column for column in _s if column.name != "updated_at")


def upsert_run_state(connection: Connection, state: RunState) -> None:
    """Store the present state of a run; its counters stay the database's own.

    A run whose processing is completed stays so, and metadata that are there stay.
    """
    values: dict[str, Any] = {
        "phase": state.phase,
        "state": state.state,
        "substate": state.substate,
        "target_worker_count": state.target_worker_count,
        "state_changed_at": state.state_changed_at,
        "updated_at": utc_now(),
    }
    row = insert_into(connection, run_states).values(
        run_number=state.run_number, metadata=state.metadata, **values
    )
    changes = values | {
        "phase": case((_s.phase == COMPLETED, COMPLETED), else_=row.excluded.phase),
        "metadata": func.coalesce(_s.metadata, row.excluded.metadata),
    }
    connection.execute(row.on_conflict_do_update(index_elements=["run_number"], set_=changes))


def run_state(connection: Connection, run_number: int) -> RunState | None:
    """Read the present state of a run."""
    row = connection.execute(select(*_STATE).where(_s.run_number == run_number)).first()
    return None if row is None else RunState(**row._mapping)


def insert_events(connection: Connection, events: Sequence[StateEvent]) -> None:
    """Store state events with one multi-row statement."""
    if events:
        connection.execute(state_events.insert(), [_row(event) for event in events])


def events(
    connection: Connection, run_number: int, after: str | None = None, limit: int = 1000
) -> Page[StateEvent]:
    """List a run's state events, oldest first."""
    order = Order((_e.timestamp, _e.event_id), after, limit, newest_first=False)
    return one_page(connection, [[_e.run_number == run_number]], _EVENT, order, StateEvent)


def state_at(connection: Connection, run_number: int, moment: datetime) -> StateEvent | None:
    """Read the last state event of a run up to `moment`."""
    query = select(*_EVENT).where(_e.run_number == run_number, _e.timestamp <= moment)
    row = connection.execute(query.order_by(_e.timestamp.desc(), _e.event_id.desc()).limit(1)).first()
    return None if row is None else StateEvent(**row._mapping)


def _row(event: StateEvent) -> dict[str, Any]:
    return {
        "timestamp": event.timestamp,
        "run_number": event.run_number,
        "event_type": event.event_type,
        "state": event.state,
        "substate": event.substate,
        "event_data": event.event_data,
    }
