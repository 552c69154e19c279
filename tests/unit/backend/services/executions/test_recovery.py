"""Executions of processes that ended or stopped responding."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from swf_console.backend.database import Database, definitions, executions, open_database, runs
from swf_console.backend.database.records.workflows import NewDefinition, NewExecution
from swf_console.backend.messaging.message import Delivery, make
from swf_console.backend.services.executions.outbox import DatabaseOutbox
from swf_console.backend.services.executions.recovery import close_expired


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'swf.db'}")
    yield opened
    opened.close()


def begin(database: Database, execution_id: str, *, owner: str | None = "h:1:a", lease: int = 60) -> None:
    now = datetime.now(UTC)
    with database.write() as connection:
        definition = definitions.ensure(connection, NewDefinition("daq", "1", "custom", "code", {}, "me"))
        executions.insert(
            connection,
            NewExecution(
                execution_id=execution_id,
                workflow_definition_id=definition.id,
                namespace="demo",
                parameter_values={},
                executed_by="me",
                start_time=now,
                owner=owner,
                lease_expires_at=now + timedelta(seconds=lease) if owner else None,
            ),
        )


def send(database: Database, execution_id: str, *kinds: str) -> None:
    common = {"execution_id": execution_id, "run_id": "100010", "namespace": "demo", "sender": "daq-1"}
    sent = [make("/topic/epictopic", {"msg_type": kind, **common}) for kind in kinds]
    DatabaseOutbox(database).record(sent, [])


def status_of(database: Database, execution_id: str) -> str:
    with database.read() as connection:
        found = executions.get(connection, execution_id)
    assert found is not None
    return found.status


def test_close_expired_valid_lease_left_running(database: Database) -> None:
    begin(database, "daq-me-0001", lease=60)
    assert close_expired(database) == []
    assert status_of(database, "daq-me-0001") == "running"


def test_close_expired_without_lease_left_running(database: Database) -> None:
    begin(database, "daq-me-0001", owner=None)
    assert close_expired(database) == []


def test_close_expired_lease_failed_with_reason(database: Database) -> None:
    begin(database, "daq-me-0001", lease=-1)
    assert [one.execution_id for one in close_expired(database)] == ["daq-me-0001"]
    with database.read() as connection:
        closed = executions.get(connection, "daq-me-0001")
    assert closed is not None
    assert closed.status == "failed"
    assert closed.end_time is not None
    assert "process 1 on h stopped responding" in str(closed.error_message)


def test_close_expired_second_call_closes_nothing(database: Database) -> None:
    begin(database, "daq-me-0001", lease=-1)
    assert len(close_expired(database)) == 1
    assert close_expired(database) == []


def test_close_expired_dead_owner_closed_before_expiry(database: Database) -> None:
    begin(database, "daq-me-0001", owner="h:1:dead")
    begin(database, "daq-me-0002", owner="h:2:alive")
    closed = close_expired(database, dead_owner="h:1:dead")
    assert [one.execution_id for one in closed] == ["daq-me-0001"]
    assert status_of(database, "daq-me-0002") == "running"


def test_close_expired_open_run_gets_end_run(database: Database) -> None:
    begin(database, "daq-me-0001", lease=-1)
    send(database, "daq-me-0001", "run_imminent", "start_run", "stf_gen", "stf_gen")
    (recovered,) = close_expired(database)
    assert recovered.end_run is not None
    assert recovered.end_run.content["reason"] == "failed"
    assert recovered.end_run.content["total_stf_files"] == 2
    assert recovered.end_run.destination == "/topic/epictopic"
    with database.read() as connection:
        run = runs.run_state(connection, 100010)
    assert run is not None
    assert run.phase == "ended"


@pytest.mark.parametrize("heard", [(), ("run_imminent", "end_run")])
def test_close_expired_closed_run_gets_no_end_run(database: Database, heard: tuple[str, ...]) -> None:
    begin(database, "daq-me-0001", lease=-1)
    send(database, "daq-me-0001", *heard)
    (recovered,) = close_expired(database)
    assert recovered.end_run is None


def test_close_expired_undelivered_messages_are_sent_before_end_run(database: Database) -> None:
    begin(database, "daq-me-0001", lease=-1)
    common = {"execution_id": "daq-me-0001", "run_id": "100010", "namespace": "demo"}
    sent = [
        make("/topic/epictopic", {"msg_type": kind, "sequence": n, "sender": "daq-1", **common})
        for n, kind in enumerate(("run_imminent", "stf_gen", "stf_gen"))
    ]
    of_an_agent = make("/topic/epictopic", {"msg_type": "stf_ready", "sender": "data-agent-1", **common})
    outbox = DatabaseOutbox(database)
    outbox.record([*sent, of_an_agent], [Delivery(sent[0].id, datetime.now(UTC))])
    (recovered,) = close_expired(database)
    assert [one.id for one in recovered.undelivered] == [one.id for one in sent[1:]]
    assert [one.body for one in recovered.undelivered] == [one.body for one in sent[1:]]
    assert recovered.to_send[-1].msg_type == "end_run"


def test_close_expired_recorded_end_run_is_sent_and_no_other(database: Database) -> None:
    begin(database, "daq-me-0001", lease=-1)
    send(database, "daq-me-0001", "run_imminent", "end_run")
    (recovered,) = close_expired(database)
    assert [one.msg_type for one in recovered.to_send] == ["run_imminent", "end_run"]


def test_close_expired_killed_owner_says_why(database: Database) -> None:
    begin(database, "daq-me-0001", owner="h:1:dead")
    close_expired(database, dead_owner="h:1:dead", killed=True)
    with database.read() as connection:
        closed = executions.get(connection, "daq-me-0001")
    assert closed is not None
    assert closed.error_message == "process 1 on h was killed: a call held its interpreter lock for 15 s"
