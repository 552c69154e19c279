"""Numbers that are unique across processes and hosts (gaps are allowed), and the id of the database.

One row of `swf_persistent_state` holds them, the numbers under the keys of the monitor. Each draw is one
UPDATE ... RETURNING, which locks the row until the transaction ends: draw in a separate transaction.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from .sql.dialect import insert_into
from .sql.types import UtcDateTime, utc_now
from .tables.workflows import persistent_state


@dataclass(frozen=True, slots=True)
class _Sequence:
    next_key: str
    last_key: str
    time_key: str
    first: int


RUNS = _Sequence("next_run_number", "last_run_number", "last_run_start_time", 100_010)
AGENTS = _Sequence("next_agent_id", "last_agent_id", "last_agent_registration_time", 1)
EXECUTIONS = _Sequence(
    "next_workflow_execution_id", "last_workflow_execution_id", "last_workflow_execution_time", 1
)

DATABASE_ID = "database_label"

_c = persistent_state.c

NOW = bindparam("now", type_=UtcDateTime)
DRAW = {
    "sqlite": text(
        """
        UPDATE swf_persistent_state SET updated_at = :now, state_data = json_set(state_data,
            '$.' || :next_key, coalesce(json_extract(state_data, '$.' || :next_key), :first) + 1,
            '$.' || :last_key, coalesce(json_extract(state_data, '$.' || :next_key), :first),
            '$.' || :time_key, :at)
        WHERE id = 1 RETURNING json_extract(state_data, '$.' || :last_key)
        """
    ).bindparams(NOW),
    "postgresql": text(
        """
        UPDATE swf_persistent_state SET updated_at = :now, state_data = state_data || jsonb_build_object(
            :next_key, coalesce((state_data ->> :next_key)::bigint, :first) + 1,
            :last_key, coalesce((state_data ->> :next_key)::bigint, :first),
            :time_key, :at)
        WHERE id = 1 RETURNING (state_data ->> :last_key)::bigint
        """
    ).bindparams(NOW),
}


def next_run_number(connection: Connection) -> int:
    """Draw the next DAQ run number; the first is 100010."""
    return _draw(connection, RUNS)


def next_agent_number(connection: Connection) -> int:
    """Draw the next agent number; the first is 1."""
    return _draw(connection, AGENTS)


def next_execution_number(connection: Connection) -> int:
    """Draw the next execution number, one counter for all workflows; the first is 1."""
    return _draw(connection, EXECUTIONS)


def database_id(connection: Connection) -> str:
    """Read the id of this database, also different from an earlier database of the same name or file.

    It is created on the first call.
    """
    stored = _locked_state(connection).get(DATABASE_ID)
    return stored if isinstance(stored, str) else store_value(connection, DATABASE_ID, uuid.uuid4().hex)


def store_value(connection: Connection, key: str, value: str) -> str:
    """Store a value beside the id and the numbers, and return it."""
    changed = {"state_data": _locked_state(connection) | {key: value}, "updated_at": utc_now()}
    connection.execute(persistent_state.update().where(_c.id == 1).values(changed))
    return value


def _draw(connection: Connection, sequence: _Sequence) -> int:
    now = utc_now()
    values = {
        "now": now,
        "at": now.isoformat(),
        "next_key": sequence.next_key,
        "last_key": sequence.last_key,
        "time_key": sequence.time_key,
        "first": sequence.first,
    }
    statement = DRAW[connection.dialect.name]
    number = connection.scalar(statement, values)
    if number is None:
        # two processes may create the row at the same time: one INSERT waits for the other and does nothing
        _ensure_row(connection)
        number = connection.scalar(statement, values)
    return int(number)


def _locked_state(connection: Connection) -> dict[str, Any]:
    """Read the row and lock it until the transaction ends."""
    _ensure_row(connection)
    locked = select(_c.state_data).where(_c.id == 1).with_for_update()
    return dict(connection.scalar(locked) or {})


def _ensure_row(connection: Connection) -> None:
    row = insert_into(connection, persistent_state).values(id=1, state_data={})
    connection.execute(row.on_conflict_do_nothing(index_elements=["id"]))
