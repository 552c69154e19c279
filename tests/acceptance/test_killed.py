"""kill -9 during a run: within 30 s the execution is closed and its agents receive end_run."""

import json
import os
import re
import signal
from collections.abc import Iterator

import pytest

from ..support.independent_client import IndependentClient
from ..support.processes.foreground import ForegroundProcess
from ..support.processes.site import NO_DELAYS, Row, Site
from ..support.waiting import wait_for

LONG = ["--realtime", "--stf-count", "10000", "--stf-interval", "0.02", *NO_DELAYS]
PROMISED_SECONDS = 30.0
SHORT_LEASE = {"SWF_LEASE_SECONDS": "2"}


@pytest.fixture
def subscriber(site: Site) -> Iterator[IndependentClient]:
    with site.listen() as client:
        yield client


def in_mid_run(site: Site, subscriber: IndependentClient, process: ForegroundProcess) -> str:
    """The id of the execution that `process` has begun to send STFs of."""
    execution_id = site.running()
    subscriber.wait(10)
    assert process.running
    return execution_id


def check_closed(site: Site, subscriber: IndependentClient, execution_id: str) -> Row:
    """It is `failed` and says why, in time; the agents had exactly one end_run, with what really was sent."""
    failed = site.wait_status(execution_id, "failed", PROMISED_SECONDS)
    assert re.search(r"process \d+ on \S+ (stopped responding|ended before)", failed["error_message"])
    assert failed["end_time"] >= failed["start_time"]
    end = subscriber.wait_for_type("end_run")
    assert (end["execution_id"], end["reason"], end["namespace"]) == (execution_id, "failed", site.namespace)
    assert subscriber.types.count("end_run") == 1
    recorded = [row["message_type"] for row in site.messages(execution_id)]
    assert end["total_stf_files"] == end["total_files"] == recorded.count("stf_gen")
    events = [(row["state"], row["substate"]) for row in site.events(end["run_id"])]
    assert events[-1] == ("beam", "not_ready")
    wait_for(lambda: all(row["delivered_at"] for row in site.messages(execution_id)[-1:]))
    return failed


def test_run_killed_is_failed_with_end_run(site: Site, subscriber: IndependentClient) -> None:
    process = site.start_run(*LONG)
    execution_id = in_mid_run(site, subscriber, process)
    process.kill()
    check_closed(site, subscriber, execution_id)


def test_run_killed_with_process_group_is_failed(site: Site, subscriber: IndependentClient) -> None:
    process = site.start_run(*LONG)
    execution_id = in_mid_run(site, subscriber, process)
    process.send_group(signal.SIGKILL)
    check_closed(site, subscriber, execution_id)


def test_runner_killed_executions_are_failed(site: Site, subscriber: IndependentClient) -> None:
    process = site.start("runner")
    process.wait_for("serves namespace")
    sent = site.run("control", "run", "--workflow", "stf_datataking", *LONG)
    assert sent.returncode == 0, sent
    execution_id = in_mid_run(site, subscriber, process)
    process.kill()
    check_closed(site, subscriber, execution_id)


def kill_with_its_guard(site: Site, process: ForegroundProcess) -> None:
    """kill -9 of a run and of its guard, which is a fork of it."""
    alive = site.left_behind()
    family = [pid for pid, command in alive.items() if command == alive[process.pid]]
    assert len(family) == 2
    for pid in sorted(family, reverse=True):
        os.kill(pid, signal.SIGKILL)
    process.wait()


def test_run_killed_with_watchdog_is_closed_by_reader(site: Site, subscriber: IndependentClient) -> None:
    process = site.start_run(*LONG, environment=SHORT_LEASE)
    execution_id = in_mid_run(site, subscriber, process)
    kill_with_its_guard(site, process)

    def status() -> str:
        listed = site.run("executions", "list", "--json")
        assert listed.returncode == 0, listed
        (execution,) = map(json.loads, listed.stdout.splitlines())
        return str(execution["status"]) if execution["status"] != "running" else ""

    assert wait_for(status, PROMISED_SECONDS) == "failed"
    failed = check_closed(site, subscriber, execution_id)
    assert "its lease expired at" in failed["error_message"]


def test_run_killed_with_watchdog_is_closed_by_runner(site: Site, subscriber: IndependentClient) -> None:
    other = site.start("runner")
    other.wait_for("serves namespace")
    process = site.start_run(*LONG, environment=SHORT_LEASE)
    execution_id = in_mid_run(site, subscriber, process)
    kill_with_its_guard(site, process)
    check_closed(site, subscriber, execution_id)
    other.send(signal.SIGTERM)
    assert other.wait(20).returncode == 0


def test_run_killed_with_own_broker_leaves_no_process(embedded_site: Site) -> None:
    process = embedded_site.start_run(*LONG)
    execution_id = embedded_site.running()
    embedded_site.wait_messages(10)
    process.kill()
    failed = embedded_site.wait_status(execution_id, "failed", PROMISED_SECONDS)
    assert "ended before this execution did" in failed["error_message"]
    again = embedded_site.workflow("--stf-count", "2")
    assert again["status"] == "completed"
    assert [one["status"] for one in embedded_site.executions()] == ["failed", "completed"]


def test_run_frozen_beyond_lease_does_not_continue(embedded_site: Site) -> None:
    process = embedded_site.start_run(*LONG, environment=SHORT_LEASE)
    execution_id = embedded_site.running()
    embedded_site.wait_messages(10)
    process.send(signal.SIGSTOP)

    def closed() -> bool:
        assert embedded_site.run("executions").returncode == 0
        return bool(embedded_site.execution(execution_id)["status"] == "failed")

    wait_for(closed, PROMISED_SECONDS)
    process.send(signal.SIGCONT)
    done = process.wait()
    assert done.returncode == 1
    assert "lease" in json.loads(done.stdout)["error_message"]
    assert embedded_site.execution(execution_id)["status"] == "failed"
