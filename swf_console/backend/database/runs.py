"""DAQ runs, their current states, and the complete history of state events for the replay."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from .records.pages import Page
from .records.workflows import Run, RunState, StateEvent
from .sql.dialect import insert_into, matching
from .sql.keyset import Order, one_page
from .sql.offset import TableGateway
from .sql.types import clean, utc_now
from .tables.workflows import run_states, runs, state_events

COMPLETED = "completed"
RUN_LOCK = 0x5EF  # class of our advisory locks on run numbers; any number that no other lock uses

_c = runs.c
_s = run_states.c
# the messages that announce a state, and a transition that no message announces
DAQ_EVENTS = ("run_imminent", "start_run", "pause_run", "resume_run", "end_run", "state_change")
_e = state_events.c
_STATE = tuple(_s[name] for name in RunState.__dataclass_fields__)
_EVENT = tuple(_e[name] for name in StateEvent.__dataclass_fields__)

rows: TableGateway[Run] = TableGateway(
    runs, _c.run_id, Run, filters={"run_number": _c.run_number}, order=(_c.run_number.desc(),)
)
state_rows: TableGateway[RunState] = TableGateway(
    run_states,
    _s.run_number,
    RunState,
    columns={name: _s[name] for name in RunState.__dataclass_fields__},
    filters={"run_number": _s.run_number, "phase": _s.phase, "state": _s.state},
    order=(_s.run_number.desc(),),
)
event_rows: TableGateway[StateEvent] = TableGateway(
    state_events,
    _e.event_id,
    StateEvent,
    columns={name: _e[name] for name in StateEvent.__dataclass_fields__},
    filters={
        "run_number": _e.run_number,
        "event_type": _e.event_type,
        "state": _e.state,
        "substate": _e.substate,
    },
    order=(_e.timestamp.desc(), _e.event_id.desc()),
)


def ensure(
    connection: Connection,
    run_number: int,
    start_time: datetime,
    run_conditions: dict[str, Any] | None = None,
) -> Run:
    """Store a run unless its number exists already; return the stored one.

    On PostgreSQL an advisory lock prevents a second INSERT of the same run: ON CONFLICT DO NOTHING would
    still draw a number of the identity column and leave gaps in `run_id`.
    """
    known = find(connection, run_number)
    if known is None and connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(RUN_LOCK, run_number)))
        known = find(connection, run_number)
    return known or _insert(connection, run_number, start_time, run_conditions)


def find(connection: Connection, run_number: int) -> Run | None:
    """Read a run by its number."""
    row = connection.execute(_numbered(run_number)).first()
    return None if row is None else Run(**row._mapping)


def finish(connection: Connection, run_number: int, end_time: datetime) -> bool:
    """Store when a run ended; False if the run is unknown or has ended."""
    ended = runs.update().where(_c.run_number == run_number, _c.end_time.is_(None))
    return connection.execute(ended.values(end_time=end_time)).rowcount == 1


def page(
    connection: Connection,
    after: str | None = None,
    limit: int = 50,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Page[Run]:
    """List runs that started in [since, until), the highest number first."""
    conditions = matching((), _c.start_time, since, until)
    return one_page(connection, [conditions], tuple(_c), Order((_c.run_number,), after, limit), Run)


def upsert_run_state(connection: Connection, state: RunState, *, unless_newer: bool = False) -> None:
    """Store the current state of a run; its counters are not changed.

    The phase `completed` and stored metadata stay. With `unless_newer` nothing changes if the stored state
    is as new, so that messages may arrive twice and late.
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
    older = _s.state_changed_at < row.excluded.state_changed_at if unless_newer else None
    connection.execute(row.on_conflict_do_update(index_elements=["run_number"], set_=changes, where=older))


def run_state(connection: Connection, run_number: int) -> RunState | None:
    """Read the current state of a run."""
    row = connection.execute(select(*_STATE).where(_s.run_number == run_number)).first()
    return None if row is None else RunState(**row._mapping)


def states(connection: Connection, after: str | None = None, limit: int = 50) -> Page[RunState]:
    """List the states of runs, the highest number first."""
    return one_page(connection, [[]], _STATE, Order((_s.run_number,), after, limit), RunState)


def insert_events(connection: Connection, events: Sequence[StateEvent]) -> None:
    """Store state events with one multi-row statement."""
    if events:
        connection.execute(state_events.insert(), [_row(event) for event in events])


def insert_event_once(connection: Connection, event: StateEvent) -> tuple[StateEvent, bool]:
    """Store an event unless one with equal fields exists; return it, and whether it is new."""
    same = select(*_EVENT).where(
        _e.run_number == event.run_number,
        _e.timestamp == event.timestamp,
        _e.event_type == event.event_type,
        _e.state == event.state,
    )
    data = clean(event.event_data)
    for row in connection.execute(same):
        if row.substate == event.substate and row.event_data == data:
            return StateEvent(**row._mapping), False
    made = connection.execute(state_events.insert().values(_row(event)).returning(*_EVENT)).one()
    return StateEvent(**made._mapping), True


def is_new_event(connection: Connection, event: StateEvent) -> bool:
    """Whether the history of the run has no event of this type at this time."""
    same = (_e.run_number == event.run_number, _e.event_type == event.event_type)
    query = select(_e.event_id).where(*same, _e.timestamp == event.timestamp)
    return connection.execute(query.limit(1)).first() is None


def events(
    connection: Connection, run_number: int, after: str | None = None, limit: int = 1000
) -> Page[StateEvent]:
    """List a run's events, oldest first: its DAQ states and what agents recorded."""
    order = Order((_e.timestamp, _e.event_id), after, limit, newest_first=False)
    return one_page(connection, [[_e.run_number == run_number]], _EVENT, order, StateEvent)


def daq_states(connection: Connection, run_number: int, limit: int = 1000) -> Page[StateEvent]:
    """List the events in which the DAQ of a run entered a state, oldest first.

    Agents of the existing testbed record events of their own (tf_file_processed, slice_result) in the same
    table: these are not states.
    """
    order = Order((_e.timestamp, _e.event_id), None, limit, newest_first=False)
    conditions = [_e.run_number == run_number, _e.event_type.in_(DAQ_EVENTS)]
    return one_page(connection, [conditions], _EVENT, order, StateEvent)


def _insert(
    connection: Connection, run_number: int, start_time: datetime, run_conditions: dict[str, Any] | None
) -> Run:
    row = insert_into(connection, runs).values(
        run_number=run_number, start_time=start_time, run_conditions=run_conditions
    )
    connection.execute(row.on_conflict_do_nothing(index_elements=["run_number"]))
    return Run(**connection.execute(_numbered(run_number)).one()._mapping)


def _numbered(run_number: int) -> Select[*tuple[Any, ...]]:
    return select(*_c).where(_c.run_number == run_number)


def _row(event: StateEvent) -> dict[str, Any]:
    return {
        "timestamp": event.timestamp,
        "run_number": event.run_number,
        "event_type": event.event_type,
        "state": event.state,
        "substate": event.substate,
        "event_data": event.event_data,
    }
