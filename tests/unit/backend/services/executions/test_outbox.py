"""The book of a process that executes."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from swf_console.backend.database import executions, messages, open_database, runs
from swf_console.backend.database.records.messages import MessageFilter
from swf_console.backend.messaging.message import Delivery, make
from swf_console.backend.messaging.outbox import ExecutionsLost
from swf_console.backend.services.executions.outbox import DatabaseOutbox
from swf_console.backend.simulation.ports import StateChange

from .test_recovery import begin


def event(kind: str, state: str, substate: str, tick: float) -> StateChange:
    return StateChange(datetime.now(UTC), 100010, kind, state, substate, {"simulation_tick": tick})


def test_outbox_states_written_with_next_messages(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'swf.db'}")
    ledger = DatabaseOutbox(database)
    ledger.note(event("state_change", "no_beam", "not_ready", 0.0), {"target_worker_count": 30})
    ledger.note(event("run_imminent", "beam", "not_ready", 1.0), {"target_worker_count": 30})
    with database.read() as connection:
        assert runs.events(connection, 100010).items == ()
    ledger.record([make("/topic/epictopic", {"msg_type": "run_imminent"})], [])
    with database.read() as connection:
        assert len(runs.events(connection, 100010).items) == 2
        run = runs.run_state(connection, 100010)
    assert run is not None
    assert (run.phase, run.target_worker_count) == ("imminent", 30)
    database.close()


@pytest.mark.parametrize(
    ("last", "phase"),
    [
        (("state_change", "no_beam", "not_ready", 0.0), "idle"),
        (("state_change", "beam", "ready", 3.0), "ready"),
        (("start_run", "run", "physics", 4.0), "physics"),
        (("pause_run", "run", "standby", 9.0), "standby"),
        (("end_run", "beam", "not_ready", 30.0), "ended"),
        (("state_change", "no_beam", "not_ready", 31.0), "ended"),
        (("state_change", "calib", "test", 1.0), "calib"),
    ],
)
def test_outbox_phase_follows_last_state(
    tmp_path: Path, last: tuple[str, str, str, float], phase: str
) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'swf.db'}")
    ledger = DatabaseOutbox(database)
    ledger.note(event(*last), {})
    ledger.flush()
    with database.read() as connection:
        run = runs.run_state(connection, 100010)
    assert run is not None
    assert run.phase == phase
    database.close()


def test_outbox_message_delivered_after_receipt(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'swf.db'}")
    ledger = DatabaseOutbox(database)
    first, second = (make("/topic/epictopic", {"msg_type": "stf_gen", "sequence": n}) for n in (1, 2))
    ledger.record([first, second], [])
    ledger.record([], [Delivery(first.id, datetime.now(UTC))])
    with database.read() as connection:
        rows = messages.page(connection, MessageFilter()).items
    delivered = {row.message_id: row.delivered_at is not None for row in rows}
    assert delivered == {first.id: True, second.id: False}
    database.close()


def test_outbox_batch_recorded_twice_is_one(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'swf.db'}")
    message = make("/topic/epictopic", {"msg_type": "stf_gen"})
    DatabaseOutbox(database).record([message], [])
    DatabaseOutbox(database).record([message], [])
    with database.read() as connection:
        assert len(messages.page(connection, MessageFilter()).items) == 1
    database.close()


def test_outbox_fenced_execution_is_recorded_only_while_running_and_ours(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'swf.db'}")
    begin(database, "daq-me-0001", owner="h:1:a")
    begin(database, "daq-me-0002", owner="h:1:a")
    lost: list[str] = []
    outbox = DatabaseOutbox(database, "h:1:a", lost.append)
    for execution_id in ("daq-me-0001", "daq-me-0002"):
        outbox.fence(execution_id)
    ours, others = (
        make("/topic/epictopic", {"msg_type": "stf_gen", "execution_id": one})
        for one in ("daq-me-0002", "daq-me-0001")
    )
    outbox.record([ours, others], [])
    with database.write() as connection:
        executions.finish(connection, "daq-me-0001", status="failed", end_time=datetime.now(UTC))
    later = make("/topic/epictopic", {"msg_type": "stf_gen", "execution_id": "daq-me-0001"})
    outbox.note(replace(event("end_run", "beam", "not_ready", 9.0), event_data=later.content), {})
    with pytest.raises(ExecutionsLost):
        outbox.record([later], [])
    assert lost == ["daq-me-0001"]
    outbox.record([make("/topic/epictopic", {"msg_type": "stf_gen", "execution_id": "daq-me-0002"})], [])
    with database.read() as connection:
        assert messages.count(connection, MessageFilter(execution_id="daq-me-0001")) == 1
        assert messages.count(connection, MessageFilter(execution_id="daq-me-0002")) == 2
        assert runs.events(connection, 100010).items == ()
    database.close()
