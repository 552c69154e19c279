"""`testbed run fast_processing`: missing programs are started, every slice is processed."""

import json
import shutil
from pathlib import Path

import pytest

from swf_console.backend.database.connection.migrate import upgrade

from ..support.activemq import ActiveMQAddress
from ..support.processes.testbed import Testbed
from .exact_rows import OVER, run_exactly

AGENTS = {
    "workflow-runner",
    "example-data-agent",
    "example-fastmon-agent",
    "fast-processing-agent",
    "slice-worker:slice-worker-0",
    "slice-worker:slice-worker-1",
}
ELSEWHERE = ("fast-processing-agent", "slice-worker")


def test_fast_processing_ten_runs_leave_exact_rows(testbed: Testbed) -> None:
    run_exactly(testbed, 10)
    assert testbed.running() >= AGENTS


def test_fast_processing_shipped_configuration_completes(testbed: Testbed) -> None:
    testbed.type("testbed", "run", "fast_processing", "--no-realtime")
    (state,) = testbed.wait_rows(OVER)
    assert (state["slices_created"], state["slices_completed"]) == (15, 15)  # 5 % of 10 STFs: the first
    (took,) = testbed.rows(
        "SELECT (julianday(max(completed_at)) - julianday(min(created_at))) * 86400 AS seconds FROM"
        " swf_tf_slices"
    )
    assert took["seconds"] < 5


def test_plan_predicts_fast_processing_run(testbed: Testbed) -> None:
    (line,) = testbed.type("swf-console", "plan", "fast_processing_default", "--json").splitlines()[:1]
    plan = json.loads(line)
    assert plan["downstream_messages_by_type"]["slice"] == 15
    assert plan["backlog"]["drain_seconds"] == plan["backlog_modelled"]["drain_seconds"]


@pytest.mark.activemq
@pytest.mark.postgresql
def test_fast_processing_agents_in_two_homes_leave_exact_rows(
    new_home: Path, tmp_path: Path, private_activemq: ActiveMQAddress, postgresql_url: str
) -> None:
    upgrade(postgresql_url)
    backends = {**private_activemq.environment(), "SWF_DATABASE_URL": postgresql_url}
    other_home = shutil.copytree(new_home, tmp_path / "other")
    _leave_to_others(new_home / "workflows/fast_processing_default.toml")
    here, there = Testbed(new_home, backends), Testbed(other_home, backends)
    try:
        there.type("swf-console", "agents", "start", *ELSEWHERE)
        run_exactly(here, 10)
        assert here.running() == {"workflow-runner", "example-data-agent", "example-fastmon-agent"}
        assert there.running() == AGENTS - here.running()
    finally:
        here.close()
        there.close()


def _leave_to_others(configuration: Path) -> None:
    """Say that fast processing and its workers run elsewhere."""
    kept, _, left = configuration.read_text().partition("[agents.fast_processing]")
    configuration.write_text(kept + "[agents.fast_processing]" + left.replace("= true", "= false"))
