"""What tells this database from every other, also from one of the same name that was there before it."""

import uuid

from sqlalchemy import Connection, select

from .sql.dialect import insert_into
from .sql.types import utc_now
from .tables.workflows import persistent_state

KEY = "database_label"

_c = persistent_state.c


def ensure(connection: Connection) -> str:
    """Read the label of this database, which it is given the first time."""
    row = insert_into(connection, persistent_state).values(id=1, state_data={})
    connection.execute(row.on_conflict_do_nothing(index_elements=["id"]))
    held = select(_c.state_data).where(_c.id == 1).with_for_update()
    data = dict(connection.scalar(held) or {})
    if not isinstance(data.get(KEY), str):
        data[KEY] = uuid.uuid4().hex
        changed = {"state_data": data, "updated_at": utc_now()}
        connection.execute(persistent_state.update().where(_c.id == 1).values(changed))
    return str(data[KEY])
