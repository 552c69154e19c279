"""States of a run that another runner executes, from its messages."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from swf_console.backend.database import Database, open_database, runs
from swf_console.backend.database.records.workflows import StateEvent
from swf_console.backend.messaging.message import IncomingMessage, read
from swf_console.backend.services.executions.foreign_runs import record_states
from swf_console.backend.services.executions.queries import events_of
from tests.support.history import add_execution

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
RUN = 100077


@pytest.fixture
def empty_database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'swf.db'}")
    yield opened
    opened.close()


def announced(msg_type: str, second: int, **fields: Any) -> IncomingMessage:
    content = {
        "msg_type": msg_type,
        "run_id": str(RUN),
        "execution_id": "foreign-0001",
        "timestamp": (NOON + timedelta(seconds=second)).isoformat(),
        **fields,
    }
    return read({"destination": "/topic/epictopic"}, json.dumps(content))


def record(database: Database, *messages: IncomingMessage) -> None:
    with database.write() as connection:
        record_states(connection, messages)


def states_of(database: Database) -> list[tuple[str, str | None]]:
    events, _ = events_of(database, "foreign-0001", RUN)
    return [(event.state, event.substate) for event in events]


def test_foreign_run_states_advance_with_its_messages(empty_database: Database) -> None:
    lifecycle = [
        announced(kind, second)
        for second, kind in enumerate(("run_imminent", "start_run", "pause_run", "resume_run", "end_run"))
    ]
    record(empty_database, *lifecycle[:2])
    with empty_database.read() as connection:
        state = runs.run_state(connection, RUN)
    assert state is not None
    assert (state.phase, state.state, state.state_changed_at) == (
        "physics",
        "run",
        NOON + timedelta(seconds=1),
    )
    record(empty_database, *lifecycle)
    record(empty_database, lifecycle[0])  # a late repeat
    assert states_of(empty_database) == [
        ("beam", "not_ready"),
        ("run", "physics"),
        ("run", "standby"),
        ("run", "physics"),
        ("beam", "not_ready"),
    ]
    with empty_database.read() as connection:
        ended = runs.run_state(connection, RUN)
    assert ended is not None
    assert ended.phase == "ended"


def test_foreign_run_agents_own_events_are_not_states(empty_database: Database) -> None:
    record(empty_database, announced("start_run", 0))
    own = [
        StateEvent(NOON + timedelta(seconds=n), RUN, "tf_file_processed", "unknown", None, {})
        for n in range(5)
    ]
    with empty_database.write() as connection:
        runs.insert_events(connection, own)
    assert states_of(empty_database) == [("run", "physics")]
    with empty_database.read() as connection:
        assert len(runs.events(connection, RUN).items) == 6


def test_own_run_states_are_left_to_its_runner(empty_database: Database) -> None:
    execution_id = add_execution(empty_database, owner="vm:1:a")
    record(empty_database, announced("start_run", 0, execution_id=execution_id))
    assert states_of(empty_database) == []


@pytest.mark.parametrize("run_id", ["", "abc", "9" * 30, None])
def test_foreign_run_without_a_number_is_ignored(empty_database: Database, run_id: object) -> None:
    record(empty_database, announced("start_run", 0, run_id=run_id))
    assert states_of(empty_database) == []
