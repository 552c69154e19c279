"""What tells this database from every other, also from one of the same name that was there before it."""

import uuid
from typing import Any

from sqlalchemy import Connection, select

from .sql.dialect import insert_into
from .sql.types import utc_now
from .tables.workflows import persistent_state

KEY = "database_label"

_c = persistent_state.c


def ensure(connection: Connection) -> str:
    """Read the label of this database, which it is given the first time."""
    stored = _held(connection).get(KEY)
    return stored if isinstance(stored, str) else keep(connection, KEY, uuid.uuid4().hex)


def keep(connection: Connection, key: str, value: str) -> str:
    """Store a value beside the label and the counters, which stay as they are, and return it."""
    changed = {"state_data": _held(connection) | {key: value}, "updated_at": utc_now()}
    connection.execute(persistent_state.update().where(_c.id == 1).values(changed))
    return value


def _held(connection: Connection) -> dict[str, Any]:
    """Read the row that holds them, which is locked until the transaction ends."""
    row = insert_into(connection, persistent_state).values(id=1, state_data={})
    connection.execute(row.on_conflict_do_nothing(index_elements=["id"]))
    held = select(_c.state_data).where(_c.id == 1).with_for_update()
    return dict(connection.scalar(held) or {})
