"""`testbed run fast_processing`: what is missing is started, and the last slice is done in seconds."""

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ..support.homes import plain_environment, run
from ..support.waiting import wait_for
from .site import PROGRAMS

PATH = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
AGENTS = {
    "workflow-runner",
    "example-data-agent",
    "example-fastmon-agent",
    "fast-processing-agent",
    "slice-worker:slice-worker-0",
    "slice-worker:slice-worker-1",
}
HALF = ["--set", "fast_processing.stf_sampling_rate=0.5"]
STATES = ["run_imminent", "start_run", "end_run"]
OVER = (
    "SELECT s.* FROM swf_run_state s JOIN swf_runs r USING (run_number)"
    " WHERE phase = 'completed' AND active_worker_count = 0 AND r.end_time IS NOT NULL"
)
COUNTED = (
    "SELECT run_number, count(DISTINCT fastmon_file_id) AS stf_samples_received, count(*) AS slices_created,"
    " sum(status = 'queued') AS slices_queued, sum(status = 'processing') AS slices_processing,"
    " sum(status = 'completed') AS slices_completed, sum(status = 'failed') AS slices_failed"
    " FROM swf_tf_slices GROUP BY run_number"
)
EVENTS = "SELECT event_type FROM swf_system_state_events"
WORKERS = (
    "SELECT run_number, count(*) AS workers, sum(slices_completed) AS slices, count(ended_at) AS ended"
    " FROM swf_workers GROUP BY run_number"
)

Row = dict[str, Any]


class Testbed:
    """A home in which somebody types."""

    __test__ = False

    def __init__(self, home: Path) -> None:
        self.home = home

    def type(self, *words: str) -> str:
        done = run(words, cwd=self.home, environment=plain_environment(PATH=PATH))
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def rows(self, statement: str) -> list[Row]:
        """Ask the database with nothing of ours between."""
        place = f"file:{self.home / '.state/swf.db'}?mode=ro"
        with closing(sqlite3.connect(place, uri=True, timeout=30)) as sqlite:
            sqlite.row_factory = sqlite3.Row
            return [dict(row) for row in sqlite.execute(statement)]

    def running(self) -> set[str]:
        rows = [json.loads(line) for line in self.type("swf-console", "agents", "--json").splitlines()]
        return {row["program"] for row in rows if row["state"] == "RUNNING"}


@pytest.fixture
def testbed(new_home: Path) -> Iterator[Testbed]:
    made = Testbed(new_home)
    settings = new_home / "workflows/testbed.toml"
    settings.write_text(settings.read_text().replace("your-namespace", "torre1"))
    yield made
    stop = ["supervisorctl", "-c", "agents.supervisord.conf", "shutdown"]
    run(stop, cwd=new_home, environment=plain_environment(PATH=PATH))
    wait_for(lambda: not (new_home / ".state/supervisor.sock").exists(), timeout=30)


def test_one_command_and_ten_runs_are_exact_to_the_last_slice(testbed: Testbed) -> None:
    for number in range(1, 11):
        said = testbed.type("testbed", "run", "fast_processing", "--no-realtime", *HALF)
        assert said.startswith("stf_datataking-")
        wait_for(lambda number=number: len(testbed.rows(OVER)) == number, 20, every=0.05)  # type: ignore[misc]
    assert testbed.running() >= AGENTS
    states = {row["run_number"]: row for row in testbed.rows(OVER)}
    counted = testbed.rows(COUNTED)
    assert len(counted) == 10
    for row in counted:
        assert {name: states[row["run_number"]][name] for name in row} == row
        assert (row["stf_samples_received"], row["slices_completed"]) == (5, 75)
    for row in testbed.rows(WORKERS):
        assert (row["workers"], row["slices"], row["ended"]) == (30, 75, 30)
    for run_number in states:
        events = testbed.rows(f"{EVENTS} WHERE run_number = {run_number} ORDER BY event_id")
        assert [row["event_type"] for row in events if row["event_type"] in STATES] == STATES
        assert len(events) == 6


def test_the_shipped_configuration_is_done_within_seconds(testbed: Testbed) -> None:
    testbed.type("testbed", "run", "fast_processing", "--no-realtime")
    wait_for(lambda: testbed.rows(OVER), 20, every=0.05)
    (state,) = testbed.rows(OVER)
    assert (state["slices_created"], state["slices_completed"]) == (15, 15)  # 5 % of 10 STFs: the first
    (took,) = testbed.rows(
        "SELECT (julianday(max(completed_at)) - julianday(min(created_at))) * 86400 AS seconds FROM"
        " swf_tf_slices"
    )
    assert took["seconds"] < 5


def test_the_plan_says_what_happens(testbed: Testbed) -> None:
    (line,) = testbed.type("swf-console", "plan", "fast_processing_default", "--json").splitlines()
    plan = json.loads(line)
    assert plan["downstream_messages_by_type"]["slice"] == 15
