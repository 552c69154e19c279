"""State events as others report them: the same one sent twice is one row."""

from sqlalchemy import Connection, select

from .records.workflows import StateEvent
from .sql.types import clean
from .tables.workflows import state_events

_e = state_events.c
_ALL = tuple(_e[name] for name in StateEvent.__dataclass_fields__)


def insert_once(connection: Connection, event: StateEvent) -> tuple[StateEvent, bool]:
    """Store an event unless the same is there to its last field; return it, and whether it is new."""
    alike = select(*_ALL).where(
        _e.run_number == event.run_number,
        _e.timestamp == event.timestamp,
        _e.event_type == event.event_type,
        _e.state == event.state,
    )
    data = clean(event.event_data)
    for row in connection.execute(alike):
        if row.substate == event.substate and row.event_data == data:
            return StateEvent(**row._mapping), False
    values = {name: getattr(event, name) for name in StateEvent.__dataclass_fields__ if name != "event_id"}
    made = connection.execute(state_events.insert().values(values).returning(*_ALL)).one()
    return StateEvent(**made._mapping), True
