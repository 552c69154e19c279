"""`testbed run`: one command starts everything that a workflow needs."""

import json
import time

import pytest

from ..support.processes.testbed import Row, Testbed
from ..support.waiting import wait_for

QUICK = """
[workflow]
name = "stf_datataking"
version = "1.0"
description = "five STFs for the standard agents"
includes = ["daq_state_machine.toml"]

[stf_processing]
stf_count = 5

[agents.data]
enabled = true
script = "agents/example_data_agent.py"
"""
END_RUNS = "SELECT delivered_at FROM swf_workflow_messages WHERE message_type = 'end_run'"
FOREIGN_SCRIPT = """
[agents.watcher]
enabled = true
script = "agents/watcher.py"
"""


def status_of(testbed: Testbed, execution_id: str) -> str:
    rows = [json.loads(line) for line in testbed.type("swf-console", "executions", "--json").splitlines()]
    (status,) = [row["status"] for row in rows if row.get("execution_id") == execution_id]
    return str(status)


def ready_data_agent(testbed: Testbed) -> Row:
    """The data agent's line of the status once it has reported that it is ready."""
    (data,) = [one for one in testbed.status()["agents"] if one["program"] == "example-data-agent"]
    return data if data["operational_state"] in {"READY", "PROCESSING"} else {}


@pytest.fixture
def testbed(testbed: Testbed) -> Testbed:
    """The same with a configuration that is over soon."""
    (testbed.home / "workflows/quick_default.toml").write_text(QUICK)
    return testbed


def test_testbed_run_starts_everything_and_completes(testbed: Testbed) -> None:
    said = testbed.type("testbed", "run", "quick", "--no-realtime")
    execution_id = said.split()[0]
    assert execution_id.startswith("stf_datataking-")
    # a process that was started counts as RUNNING a second later
    wait_for(lambda: testbed.agents()["workflow-runner"] == "RUNNING", timeout=30, every=0.2)
    wait_for(lambda: testbed.agents()["example-data-agent"] == "RUNNING", timeout=30, every=0.2)
    assert testbed.agents()["example-fastmon-agent"] == "STOPPED"
    wait_for(lambda: status_of(testbed, execution_id) == "completed", timeout=30, every=0.2)
    # the run needs no agent to complete: this one may still be starting
    data = wait_for(lambda: ready_data_agent(testbed), timeout=30, every=0.2)
    assert (data["state"], data["agent_type"], data["note"]) == ("RUNNING", "data", "")
    assert 0 <= data["heartbeat_seconds"] < 60
    assert "ready to run" in testbed.type("testbed", "status")
    assert "ready to run" in testbed.type("testbed", "status-local")

    # nothing is waited for: it takes little longer than a command that only reads takes on this machine now
    began = time.monotonic()
    testbed.type("testbed", "status")
    reading = time.monotonic() - began
    again = testbed.type("testbed", "run", "quick", "--no-realtime")
    assert time.monotonic() - began - reading < max(5.0, 4 * reading)
    assert again.count("already running") == 2

    testbed.type("supervisorctl", "-c", "agents.supervisord.conf", "stop", "all")
    assert "RUNNING" not in testbed.agents().values()


def test_testbed_run_foreign_script_becomes_program(testbed: Testbed) -> None:
    (testbed.home / "agents/watcher.py").write_text("import signal\nsignal.pause()\n")
    quick = testbed.home / "workflows/quick_default.toml"
    quick.write_text(QUICK + FOREIGN_SCRIPT)
    said = testbed.type("testbed", "run", "quick", "--no-realtime")
    assert "watcher" in said
    wait_for(lambda: testbed.agents()["watcher"] == "RUNNING", timeout=30, every=0.2)
    testbed.type("swf-console", "down", "watcher")
    assert testbed.agents()["watcher"] == "STOPPED"
    wait_for(lambda: testbed.agents()["workflow-runner"] == "RUNNING", timeout=30, every=0.2)


def test_testbed_run_runner_of_other_namespace_is_refused(testbed: Testbed) -> None:
    testbed.type("testbed", "run", "quick", "--no-realtime")
    settings = testbed.home / "workflows/testbed.toml"
    settings.write_text(settings.read_text().replace("torre1", "torre2"))
    said = testbed.type("testbed", "run", "quick", "--no-realtime", code=5)
    assert "runs for namespace torre1, not torre2" in said
    testbed.type("swf-console", "agents", "restart", "workflow-runner")
    assert "torre2" in testbed.type("testbed", "run", "quick", "--no-realtime")


def test_testbed_run_invalid_input_starts_nothing(testbed: Testbed) -> None:
    assert "stf_count" in testbed.type("testbed", "run", "quick", "--stf-count", "-1", code=2)
    assert "configuration not found" in testbed.type("testbed", "run", "quik", code=2)
    assert not (testbed.home / ".state/supervisor.sock").exists()
    assert not (testbed.home / ".state/swf.db").exists()


@pytest.mark.parametrize(
    "words", [("testbed", "stop-agents"), ("supervisorctl", "-c", "agents.supervisord.conf", "shutdown")]
)
def test_stop_during_a_run_delivers_end_run_before_the_broker_ends(
    testbed: Testbed, words: tuple[str, ...]
) -> None:
    testbed.type("testbed", "run", "quick", "--realtime")
    testbed.wait_rows("SELECT file_id FROM swf_stf_files")
    testbed.type(*words)
    wait_for(lambda: not testbed.running(), 60, every=0.2)
    (execution,) = testbed.rows("SELECT status FROM swf_workflow_executions")
    assert execution["status"] == "terminated"
    (end,) = testbed.rows(END_RUNS)
    assert end["delivered_at"]
    # the data agent has received it, and closed the run
    (run,) = testbed.rows("SELECT end_time FROM swf_runs")
    assert run["end_time"]


def test_testbed_run_missing_script_is_refused_before_anything_starts(testbed: Testbed) -> None:
    quick = testbed.home / "workflows/quick_default.toml"
    quick.write_text(QUICK + FOREIGN_SCRIPT)
    for words in (("testbed", "run", "quick"), ("swf-console", "config", "validate", "quick_default")):
        said = testbed.type(*words, code=2)
        assert "quick_default.toml:17:1: agents.watcher.script" in said
        assert "script not found" in said
    assert testbed.status()["supervisor"]["state"] == "absent"
    assert testbed.rows("SELECT * FROM swf_workflow_executions") == []
