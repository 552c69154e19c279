"""Numbers that are unique across processes and hosts; gaps are allowed, a fallback is not.

One row of `swf_persistent_state` holds them all, in the monitor's own keys. Each draw is one UPDATE ...
RETURNING, which holds the row until the transaction ends: draw in a transaction of its own.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, text

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
        row = insert_into(connection, persistent_state).values(id=1, state_data={})
        connection.execute(row.on_conflict_do_nothing(index_elements=["id"]))
        number = connection.scalar(statement, values)
    return int(number)
