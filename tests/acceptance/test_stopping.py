"""Every way to stop: `terminated`, the agents told, the end written."""

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from swf_console.backend.core.destinations import CONTROL_QUEUE

from ..support.independent_client import EPICTOPIC, IndependentClient
from ..support.processes.foreground import ForegroundProcess
from ..support.processes.site import NO_DELAYS, Row, Site, report_of
from ..support.waiting import wait_for

LONG = ["--stf-count", "100000", "--stf-interval", "0.02", *NO_DELAYS]
PACES = {"realtime": "--realtime", "fast": "--no-realtime"}
INTERRUPTED = 130


@pytest.fixture
def subscriber(site: Site) -> Iterator[IndependentClient]:
    with site.listen() as client:
        yield client


def begin(site: Site, subscriber: IndependentClient, *arguments: str) -> ForegroundProcess:
    process = site.start_run(*LONG, *arguments)
    subscriber.wait(20)
    assert process.running
    return process


def check_terminated(site: Site, subscriber: IndependentClient, execution_id: str) -> Row:
    """The execution and its agents know that it was stopped, and every message of it has arrived."""
    execution = site.wait_status(execution_id, "terminated")
    assert execution["end_time"] is not None
    assert execution["error_message"] is None
    assert execution["performance_metrics"]["undelivered"] == 0
    end = subscriber.wait_for_type("end_run")
    assert (end["execution_id"], end["reason"]) == (execution_id, "stopped")
    heard = [one for one in subscriber.messages if one["execution_id"] == execution_id]
    assert heard[-1]["msg_type"] == "end_run"
    sequences = [one["sequence"] for one in heard if one["msg_type"] == "stf_gen"]
    assert sequences == list(range(1, end["total_stf_files"] + 1))
    assert len(sequences) < 100_000
    recorded = [row for row in site.messages(execution_id) if row["queue_name"] == EPICTOPIC]
    assert len(recorded) == len(heard)
    assert all(row["delivered_at"] for row in recorded)
    assert site.events(end["run_id"])[-1]["event_type"] == "end_run"
    return execution


SIGNALS: dict[str, Callable[[ForegroundProcess], None]] = {
    "Ctrl-C": lambda process: process.send_group(signal.SIGINT),
    "SIGTERM": lambda process: process.send(signal.SIGTERM),
    "SIGHUP": lambda process: process.send(signal.SIGHUP),
}


@pytest.mark.parametrize(
    ("how", "pace"),
    [("Ctrl-C", "realtime"), ("Ctrl-C", "fast"), ("SIGTERM", "realtime"), ("SIGHUP", "fast")],
)
def test_run_signalled_is_terminated(site: Site, subscriber: IndependentClient, how: str, pace: str) -> None:
    process = begin(site, subscriber, PACES[pace])
    SIGNALS[how](process)
    done = process.wait(20)
    assert (done.returncode, done.stderr) == (INTERRUPTED, "")
    report = report_of(done)
    assert (report["status"], report["reason"]) == ("terminated", "stopped")
    check_terminated(site, subscriber, report["execution_id"])


def test_run_repeated_ctrl_c_is_terminated(site: Site, subscriber: IndependentClient) -> None:
    process = begin(site, subscriber, "--realtime")
    for _ in range(3):
        process.send_group(signal.SIGINT)
    done = process.wait(20)
    assert done.returncode == INTERRUPTED
    check_terminated(site, subscriber, report_of(done)["execution_id"])


def test_run_signalled_ends_within_one_second(site: Site, subscriber: IndependentClient) -> None:
    process = begin(site, subscriber, "--realtime", "--stf-interval", "0.02")
    asked = datetime.now(UTC)
    process.send(signal.SIGTERM)
    report = report_of(process.wait(20))
    end = subscriber.wait_for_type("end_run")
    told = datetime.fromisoformat(end["timestamp"])
    assert (told.astimezone(UTC) - asked).total_seconds() < 1.0
    assert report["status"] == "terminated"


def test_run_ctrl_c_at_start_leaves_nothing_running(embedded_site: Site) -> None:
    process = embedded_site.start_run(*LONG, "--realtime")
    wait_for(embedded_site.state.exists, every=0.001)
    process.send_group(signal.SIGINT)
    assert process.wait(30).returncode == INTERRUPTED
    statuses = (
        {one["status"] for one in embedded_site.executions()}
        if embedded_site.database_file.exists()
        else set()
    )
    assert statuses <= {"terminated"}


def test_executions_stop_ends_run_of_other_process(site: Site, subscriber: IndependentClient) -> None:
    process = begin(site, subscriber, "--realtime")
    execution_id = site.running()
    stopped = site.run("executions", "stop", execution_id)
    assert stopped.returncode == 0, stopped
    assert "terminated" in stopped.stdout
    done = process.wait(20)
    assert done.returncode == INTERRUPTED
    check_terminated(site, subscriber, execution_id)
    again = site.run("executions", "stop", execution_id)
    assert again.returncode == 5
    assert "terminated" in again.stderr


def test_run_timeout_is_exit_4(site: Site, subscriber: IndependentClient) -> None:
    done = site.start_run(*LONG, "--realtime", "--timeout", "2").wait(30)
    assert done.returncode == 4
    check_terminated(site, subscriber, report_of(done)["execution_id"])


STOPS: dict[str, Callable[[Site, str], Any]] = {
    "queue": lambda site, one: site.run("control", "stop", "--execution-id", one),
    "executions stop": lambda site, one: site.run("executions", "stop", one),
}


@pytest.mark.parametrize("how", STOPS)
def test_runner_one_execution_stopped_other_continues(
    site: Site, subscriber: IndependentClient, how: str
) -> None:
    runner = site.start("runner")
    runner.wait_for("serves namespace")
    first, second = (send(site, "--realtime", *LONG) for _ in range(2))
    wait_for(lambda: {one["execution_id"] for one in subscriber.messages} == {first, second})
    assert STOPS[how](site, first).returncode == 0
    check_terminated(site, subscriber, first)
    before = stfs(subscriber, second)
    wait_for(lambda: stfs(subscriber, second) > before + 10)
    assert site.execution(second)["status"] == "running"
    runner.send(signal.SIGTERM)
    assert runner.wait(20).returncode == 0
    assert site.execution(second)["status"] == "terminated"


def send(site: Site, *arguments: str) -> str:
    """Have the runner run it; the execution's id."""
    sent = site.run("control", "run", "--json", "--workflow", "stf_datataking", *arguments)
    assert sent.returncode == 0, sent
    return str(report_of(sent)["execution_id"])


def stfs(subscriber: IndependentClient, execution_id: str) -> int:
    return sum(
        one["msg_type"] == "stf_gen" and one["execution_id"] == execution_id for one in subscriber.messages
    )


FOREIGN = "foreign-workflow-bob-0001"


def change_execution(site: Site, execution_id: str, changes: str) -> None:
    """As another program does it in the database."""
    with closing(sqlite3.connect(site.database_file, timeout=30)) as database, database:
        statement = f"UPDATE swf_workflow_executions SET {changes} WHERE execution_id = ?"
        assert database.execute(statement, [execution_id]).rowcount == 1


def store_foreign_execution(site: Site) -> None:
    """An execution as the runner of another testbed leaves it: running, without a lease."""
    ended = site.workflow("--stf-count", "1", *NO_DELAYS)
    left = "status = 'running', owner = NULL, lease_expires_at = NULL, end_time = NULL"
    change_execution(site, ended["execution_id"], f"execution_id = '{FOREIGN}', {left}")


def test_executions_stop_of_a_foreign_runner_is_sent_to_its_queue(embedded_site: Site) -> None:
    embedded_site.broker.start()
    store_foreign_execution(embedded_site)
    with IndependentClient(embedded_site.address, embedded_site.namespace, CONTROL_QUEUE) as runner:
        stopping = embedded_site.start("executions", "stop", FOREIGN, "--timeout", "30")
        command = runner.wait_for_type("stop_workflow")
        assert command["execution_id"] == FOREIGN
        change_execution(embedded_site, FOREIGN, "status = 'terminated'")
        assert stopping.wait(30).returncode == 0


def test_executions_end_of_a_foreign_execution_stores_who_and_why(embedded_site: Site) -> None:
    embedded_site.broker.start()
    store_foreign_execution(embedded_site)
    late = embedded_site.run("executions", "stop", FOREIGN, "--timeout", "0.2")
    assert late.returncode == 4
    assert f"swf-console executions end {FOREIGN}" in late.stderr
    ended = embedded_site.run("executions", "end", FOREIGN, "--reason", "node 7 was switched off")
    assert ended.returncode == 0, ended.stderr
    stored = embedded_site.execution(FOREIGN)
    assert stored["status"] == "terminated"
    assert stored["error_message"].startswith("force terminated by ")
    assert stored["error_message"].endswith(": node 7 was switched off")


@pytest.mark.parametrize("late", [False, True], ids=["first moment", "running"])
def test_run_started_in_the_background_hears_sigint(embedded_site: Site, late: bool) -> None:
    """A shell without job control starts background jobs with SIGINT ignored, as some CI runners do."""
    embedded_site.broker.start()
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = embedded_site.start_run(*LONG, "--realtime")
    finally:
        signal.signal(signal.SIGINT, ignored)
    if late:
        embedded_site.running()
    else:
        wait_for(lambda: hears_sigint(process.pid), every=0.001)
    process.send(signal.SIGINT)
    assert process.wait(30).returncode == INTERRUPTED
    assert {one["status"] for one in recorded(embedded_site)} <= {"terminated"}


def hears_sigint(pid: int) -> bool:
    """Whether the process has a handler for SIGINT: its bit in SigCgt of /proc/PID/status."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)


def recorded(site: Site) -> list[Row]:
    return site.executions() if site.database_file.exists() else []
