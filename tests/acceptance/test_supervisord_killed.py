"""kill -9 of supervisord during a run: its agents continue or are replaced, with the same rows."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.processes.testbed import Testbed
from ..support.snapshots import differences
from ..support.waiting import wait_for

BRISK = """
[workflow]
name = "stf_datataking"
version = "1.0"
description = "Many slices in a short time"
includes = ["fast_processing_default.toml"]

[daq_state_machine]
no_beam_not_ready_delay = 0.1
broadcast_delay = 0.0
beam_not_ready_delay = 0.1
beam_ready_delay = 0.1
beam_not_ready_end_delay = 0.1

[fast_processing]
stf_count = 40
stf_interval = 0.25
stf_sampling_rate = 0.5
slices_per_sample = 5
target_worker_count = 6
slice_processing_time = 0.2
worker_rampup_time = 0.5
worker_rampdown_time = 0.1
"""
CHAIN = ("example-data-agent", "example-fastmon-agent", "fast-processing-agent", "slice-worker")
SLICES = 100
DONE = "SELECT id FROM swf_tf_slices WHERE status = 'completed'"
OVER = "SELECT * FROM swf_run_state WHERE phase = 'completed' AND active_worker_count = 0"
ENDED = "SELECT * FROM swf_runs WHERE end_time IS NOT NULL"
EXECUTIONS = "SELECT status FROM swf_workflow_executions WHERE status <> 'running'"
Rows = dict[str, list[str]]


@pytest.fixture(scope="module")
def undisturbed_rows(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rows]:
    """What the run leaves when nothing happens."""
    home = shutil.copytree(template, tmp_path_factory.mktemp("undisturbed") / "home")
    testbed = Testbed(home)
    try:
        begin(testbed)
        yield finish(testbed)
    finally:
        testbed.close()


def begin(testbed: Testbed, *more: str) -> None:
    (testbed.home / "workflows/brisk.toml").write_text(BRISK)
    testbed.type("testbed", "run", "brisk", "--realtime", *more)


def finish(testbed: Testbed) -> Rows:
    testbed.wait_rows(OVER)
    testbed.wait_rows(ENDED)
    assert testbed.wait_rows(EXECUTIONS) == [{"status": "completed"}]
    assert len(testbed.rows(DONE)) == SLICES
    return testbed.left()


def pids(testbed: Testbed) -> dict[str, int]:
    found = {one["program"]: one["pid"] for one in testbed.status()["agents"] if one["program"]}
    return {name: pid for name, pid in found.items() if pid}


def test_agents_supervisord_killed_continue(testbed: Testbed, undisturbed_rows: Rows) -> None:
    begin(testbed)
    testbed.wait_rows(DONE, 10)
    testbed.kill_supervisord()
    assert "the next run starts it" in testbed.type("testbed", "status")
    assert differences(finish(testbed), undisturbed_rows) == []


def test_agents_start_after_supervisord_killed_replaces_them(
    testbed: Testbed, undisturbed_rows: Rows
) -> None:
    begin(testbed)
    testbed.wait_rows(DONE, 10)
    before = pids(testbed)
    testbed.kill_supervisord()
    testbed.type("swf-console", "agents", "start", *CHAIN)
    after = pids(testbed)
    assert len(set(after.values()) - set(before.values())) == 5
    assert differences(finish(testbed), undisturbed_rows) == []


def test_agents_killed_with_supervisord_are_restarted(testbed: Testbed, undisturbed_rows: Rows) -> None:
    begin(testbed)
    testbed.wait_rows(DONE, 10)
    agents = [pid for name, pid in pids(testbed).items() if name.partition(":")[0] in CHAIN]
    testbed.kill_supervisord()
    for pid in agents:
        os.kill(pid, signal.SIGKILL)
    testbed.type("swf-console", "agents", "start", *CHAIN)
    assert differences(finish(testbed), undisturbed_rows) == []


@pytest.mark.timeout(300)
def test_testbed_run_beside_orphaned_runner_leaves_its_execution(testbed: Testbed) -> None:
    begin(testbed, "--stf-count", "120")
    runner = pids(testbed)["workflow-runner"]
    testbed.wait_rows(DONE, 10)
    testbed.kill_supervisord()
    said = testbed.type("testbed", "run", "brisk", "--realtime")
    assert f"PID {runner}" in said
    testbed.wait_rows(OVER, 2)
    assert testbed.wait_rows(EXECUTIONS, 2) == [{"status": "completed"}] * 2
    assert len(testbed.rows(DONE)) == 4 * SLICES
    wait_for(lambda: "ready to run" in testbed.type("testbed", "status"))
    testbed.type("testbed", "run", "stf_processing", "--no-realtime")  # it is idle now, and replaced
    assert pids(testbed)["workflow-runner"] != runner


def test_down_after_supervisord_killed_names_the_processes_and_their_command(testbed: Testbed) -> None:
    begin(testbed)
    testbed.wait_rows(DONE, 2)
    before = pids(testbed)
    testbed.kill_supervisord()
    said = testbed.type("testbed", "stop-agents", code=3)
    assert f"{len(before)} of its processes continue" in said
    assert f"workflow-runner (PID {before['workflow-runner']})" in said
    assert "Stop them: swf-console agents orphans --end" in said
    assert "example-data-agent" in testbed.type("swf-console", "down", "example-data-agent", code=3)
    ended = testbed.type("swf-console", "agents", "orphans", "--end").splitlines()
    names = [
        line.split()[0] for line in ended if line.split() and line.split()[-1] in map(str, before.values())
    ]
    assert len(names) == len(before)
    assert (names[0], names[-1]) == ("workflow-runner", "embedded-broker")
    assert "nothing to stop" in testbed.type("testbed", "stop-agents")
    # the runner ended first: its end_run is on the broker, and the agents have received it
    assert testbed.rows(EXECUTIONS) == [{"status": "terminated"}]
    assert len(testbed.rows(ENDED)) == 1
