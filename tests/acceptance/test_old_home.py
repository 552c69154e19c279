"""A home of version 0.1 works, unchanged and updated: scripts, agents, supervisord."""

import json
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from swf_console.old_names import NEW_NAMES, UPDATE

from ..support.homes import CHECKOUT
from ..support.processes.testbed import SUPERVISORCTL, Testbed
from ..support.waiting import wait_for
from .exact_rows import OVER

PROGRAMS = {
    "embedded-broker",
    "workflow-runner",
    "example-data-agent",
    "example-processing-agent",
    "example-fastmon-agent",
    "fast-processing-agent",
    "slice-worker:slice-worker-0",
    "slice-worker:slice-worker-1",
}
ONCE = ("python", "workflows/workflow_runner.py", "--run-once", "stf_datataking")
OF_RUN = ("--workflow-config", "fast_processing_default", "--stf-count", "3", "--json")
SEND_RUN = (
    "python",
    "workflows/send_workflow_command.py",
    "run",
    "--workflow",
    "stf_datataking",
    "--stf-count",
    "2",
    "--no-realtime",
)
PROCESSED = "SELECT * FROM swf_agent_workflow_stages WHERE status = 'processing_complete'"


@pytest.fixture
def old_testbed(tmp_path: Path) -> Iterator[Testbed]:
    """A home of 0.1 with the embedded defaults."""
    made = Testbed(shutil.copytree(CHECKOUT / "tests/support/home_0_1", tmp_path / "home"))
    yield made
    made.close()


def run_once(testbed: Testbed) -> tuple[dict[str, object], int]:
    """The detail of an execution by the script of the home, and the warnings that this gave."""
    said = testbed.type(*ONCE, *OF_RUN)
    execution_id = json.loads(said.splitlines()[0])["execution_id"]
    detail = json.loads(testbed.type("swf-console", "executions", "show", execution_id, "--json"))
    assert detail["drift"]["drifted"] is False
    return detail, said.count(UPDATE)


def warnings_of(testbed: Testbed) -> dict[str, int]:
    """How often each program's log has the warning."""
    logs = sorted((testbed.home / ".state/logs").glob("*.log"))
    return {path.stem: path.read_text().count(UPDATE) for path in logs}


def everything_works(testbed: Testbed, *, runs: int) -> int:
    """Use scripts, agents and supervisorctl of a home that has had `runs`; returns the scripts' warnings."""
    asked = testbed.type("python", "workflows/orchestrator.py", "fast_processing", "--no-realtime")
    testbed.type("swf-console", "agents", "start", "example-processing-agent")
    wait_for(lambda: testbed.running() >= PROGRAMS - {"embedded-broker"}, 30, every=0.2)
    states = testbed.wait_rows(OVER, runs + 1)  # the agents catch up with those before they started
    assert {(row["slices_created"], row["slices_completed"]) for row in states} == {(15, 15)}
    reply = testbed.type("python", "workflows/send_workflow_command.py", "status")
    commanded = testbed.type(*SEND_RUN)
    testbed.wait_rows(PROCESSED, 3 * runs + 10 + 2)
    status = testbed.type(*SUPERVISORCTL, "status", code=3)  # as some are STOPPED
    running = {line.split()[0] for line in status.splitlines() if " RUNNING " in line}
    assert running >= PROGRAMS
    said = [asked, reply, commanded, status]
    assert max(text.count(UPDATE) for text in said) <= 1
    return sum(text.count(UPDATE) for text in said)


def test_home_0_1_unchanged_runs_with_warnings(old_testbed: Testbed) -> None:
    _, warned = run_once(old_testbed)
    assert warned <= 1
    everything_works(old_testbed, runs=1)
    found = warnings_of(old_testbed)
    launched = {name.rpartition(":")[2] for name in PROGRAMS}
    assert max(found.values()) <= 2  # the launcher, and the program that it becomes
    (launcher,) = [old for old, new in NEW_NAMES.items() if new == "swf_console.launch"]
    spec = find_spec(launcher)
    assert spec is not None
    if type(spec.loader).__module__ == "swf_console.old_names":
        assert all(found[name] for name in launched)
    assert UPDATE in old_testbed.type("swf-console", "doctor", code=0)


def test_home_0_1_updated_runs_without_warnings(old_testbed: Testbed) -> None:
    before, _ = run_once(old_testbed)
    old_testbed.type("swf-console", "init", "--update", "--yes")
    after, warned = run_once(old_testbed)
    assert (before["version"], after["version"]) == ("1.0", "1.1")
    assert warned + everything_works(old_testbed, runs=2) == 0
    assert not any(warnings_of(old_testbed).values())
    old_testbed.type("swf-console", "doctor", code=0)
