"""Databases that stop, die, freeze or are locked during a run: the execution completes."""

import re
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from swf_console.backend.database.connection.migrate import upgrade

from ..support.postgresql import PostgreSQL
from ..support.processes.foreground import ForegroundProcess
from ..support.processes.site import NO_DELAYS, Row, Site, report_of
from ..support.waiting import wait_for
from .conftest import watched

STFS = 200
REALTIME = ["--realtime", "--stf-count", str(STFS), "--stf-interval", "0.02", *NO_DELAYS]

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def postgresql_site(new_home: Path, private_postgresql: PostgreSQL) -> Iterator[Site]:
    """A home with the embedded broker up, and a PostgreSQL that the test may stop, kill and freeze."""
    url = private_postgresql.url(private_postgresql.create_database())
    upgrade(url)
    with watched(Site(new_home, postgresql_url=url)) as made:
        made.broker.start()
        yield made


def noticed(site: Site) -> bool:
    """Whether a process has logged that the database does not take its messages."""
    return "recording messages failed" in (site.state / "logs" / "runs.log").read_text()


def check_complete(site: Site, process: ForegroundProcess, heard: list[Row]) -> None:
    """Nothing is missing in the database, nor was it on the topic."""
    done = process.wait(60)
    assert done.returncode == 0, done
    report = report_of(done)
    recorded = site.messages(report["execution_id"])
    assert len(recorded) == STFS + 3
    assert all(row["delivered_at"] for row in recorded)
    assert [one["sequence"] for one in heard[2:-1]] == list(range(1, STFS + 1))
    assert len(site.events(report["run_id"])) == 6
    (execution,) = site.executions()
    assert (execution["status"], execution["error_message"]) == ("completed", None)
    assert execution["performance_metrics"]["stf_count"] == STFS


@pytest.mark.postgresql
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_run_postgresql_restarted_loses_nothing(
    postgresql_site: Site, private_postgresql: PostgreSQL, how: str
) -> None:
    with postgresql_site.listen() as subscriber:
        process = postgresql_site.start_run(*REALTIME)
        subscriber.wait(30)
        getattr(private_postgresql, how)()
        wait_for(lambda: noticed(postgresql_site), 20)
        assert process.running
        private_postgresql.start()
        subscriber.wait_for_type("end_run")
        check_complete(postgresql_site, process, subscriber.messages)


@pytest.mark.postgresql
def test_run_postgresql_frozen_loses_nothing(postgresql_site: Site, private_postgresql: PostgreSQL) -> None:
    with postgresql_site.listen() as subscriber:
        process = postgresql_site.start_run(*REALTIME)
        subscriber.wait(30)
        private_postgresql.freeze()
        asked = postgresql_site.run("executions")
        before = subscriber.arrivals
        assert asked.returncode == 3
        assert process.running
        private_postgresql.thaw()
        subscriber.wait_for_type("end_run")
        check_complete(postgresql_site, process, subscriber.messages)
    assert before < STFS  # nothing is sent that was not recorded


@pytest.mark.postgresql
def test_run_postgresql_away_fails_execution(postgresql_site: Site, private_postgresql: PostgreSQL) -> None:
    postgresql_site.environment |= {"SWF_OUTAGE_LIMIT": "2", "SWF_LEASE_SECONDS": "2"}
    with postgresql_site.listen() as subscriber:
        process = postgresql_site.start_run(*REALTIME, "--stf-count", "5000")
        subscriber.wait(30)
        private_postgresql.stop()
        done = process.wait(40)
    assert done.returncode == 1
    report = report_of(done)
    assert report["status"] == "failed"
    # the limit of 2 s is looked at each second, on a machine that may be busy
    assert re.search(r"could not be delivered for [2-6] s: postgresql://", report["error_message"])
    private_postgresql.start()
    listed = postgresql_site.run("executions", "--json")
    assert listed.returncode == 0, listed
    assert postgresql_site.execution(report["execution_id"])["status"] == "failed"


def test_run_locked_database_continues_after_release(embedded_site: Site) -> None:
    embedded_site.broker.start()
    with embedded_site.listen() as subscriber:
        process = embedded_site.start_run(*REALTIME)
        subscriber.wait(30)
        with closing(sqlite3.connect(embedded_site.database_file)) as other:
            other.execute("BEGIN IMMEDIATE")
            before = subscriber.arrivals
            others = embedded_site.run("executions", "--json")
            other.rollback()
        assert subscriber.arrivals <= before + 10
        subscriber.wait_for_type("end_run")
        check_complete(embedded_site, process, subscriber.messages)
    assert others.returncode == 0


@pytest.mark.postgresql
def test_run_stopped_while_postgresql_is_away_exits_in_time(
    postgresql_site: Site, private_postgresql: PostgreSQL
) -> None:
    process = postgresql_site.start_run(*REALTIME, "--stf-count", "5000")
    execution_id = postgresql_site.running()
    postgresql_site.wait_messages(10)
    private_postgresql.stop()
    process.send(signal.SIGTERM)
    process.send(signal.SIGTERM)
    # 15 s are promised; the rest is for a busy machine
    assert process.wait(25).returncode == 130
    private_postgresql.start()
    assert postgresql_site.run("executions", "list").returncode == 0
    closed = postgresql_site.wait_status(execution_id, "failed")
    assert "stopped responding" in closed["error_message"]
