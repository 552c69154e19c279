"""Leases: renewed in the database, and valid by a clock that counts suspended time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from swf_console.backend.database import Database, executions, open_database
from swf_console.backend.messaging.outbox import ExecutionsLost
from swf_console.backend.services.executions import leases
from swf_console.backend.services.executions.leases import LeaseRenewer
from tests.support.waiting import wait_for

from .test_recovery import begin

OWNER = "h:1:a"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'swf.db'}")
    yield opened
    opened.close()


class Clock:
    """The lease clock of a test."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(leases, "lease_clock", made)
    return made


@pytest.fixture
def lost() -> list[str]:
    return []


@pytest.fixture
def stopped() -> list[str]:
    return []


@pytest.fixture
def renewer(database: Database, lost: list[str], stopped: list[str]) -> LeaseRenewer:
    return LeaseRenewer(database, OWNER, 15.0, stop=stopped.append, lost=lost.append, tick=lambda: None)


def test_lease_expires_by_the_local_clock_and_is_renewed_by_a_proof(
    database: Database, renewer: LeaseRenewer, clock: Clock, lost: list[str]
) -> None:
    begin(database, "daq-me-0001", owner=OWNER)
    renewer.hold("daq-me-0001", clock.now + 15.0)
    assert renewer.may_send({"daq-me-0001", None, "of another process"})
    clock.now += 15.0
    assert not renewer.may_send({"daq-me-0001"})
    renewer.prove()
    assert renewer.may_send({"daq-me-0001"})
    assert lost == []


def test_lease_of_a_closed_execution_is_lost(
    database: Database, renewer: LeaseRenewer, clock: Clock, lost: list[str]
) -> None:
    for execution_id in ("daq-me-0001", "daq-me-0002"):
        begin(database, execution_id, owner=OWNER)
        renewer.hold(execution_id, clock.now + 15.0)
    with database.write() as connection:
        executions.finish(connection, "daq-me-0001", status="failed", end_time=datetime.now(UTC))
    clock.now += 20.0
    with pytest.raises(ExecutionsLost) as raised:
        renewer.prove()
    assert raised.value.executions == {"daq-me-0001"}
    assert lost == ["daq-me-0001"]
    assert renewer.may_send({"daq-me-0002"})


def test_lease_of_a_dropped_execution_is_not_lost(
    database: Database, renewer: LeaseRenewer, clock: Clock, lost: list[str]
) -> None:
    begin(database, "daq-me-0001", owner=OWNER)
    renewer.hold("daq-me-0001", clock.now)
    renewer.drop("daq-me-0001")
    renewer.prove()
    assert lost == []


def test_lease_renewer_reads_stop_requests(
    database: Database, renewer: LeaseRenewer, stopped: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "TICK_SECONDS", 0.01)
    begin(database, "daq-me-0001", owner=OWNER)
    renewer.hold("daq-me-0001", leases.lease_clock() + 15.0)
    renewer.start()
    with database.write() as connection:
        executions.request_stop(connection, "daq-me-0001", datetime.now(UTC))
    wait_for(lambda: "daq-me-0001" in stopped)
    renewer.end()
