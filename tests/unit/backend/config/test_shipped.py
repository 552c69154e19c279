"""The configuration files that the project ships."""

from pathlib import Path

import pytest

from swf_console.backend.config.list import list_configurations, validate
from swf_console.backend.config.load import compose
from swf_console.backend.config.names import resolve_namespace
from swf_console.backend.config.testbed import Testbed, find_testbed, load_testbed
from swf_console.backend.core.errors import NamespaceError

WORKFLOWS = Path(__file__).parents[4] / "workflows"


@pytest.fixture
def testbed() -> Testbed:
    path = find_testbed(None, WORKFLOWS)
    assert path
    return load_testbed(path)


def test_shipped_configurations_valid(testbed: Testbed) -> None:
    assert [str(problem) for problem in validate(WORKFLOWS, (), testbed)] == []


def test_shipped_namespace_is_placeholder(testbed: Testbed) -> None:
    assert testbed.namespace == "your-namespace"
    with pytest.raises(NamespaceError, match="placeholder"):
        resolve_namespace(None, testbed)


def test_shipped_fast_processing_has_founding_values(testbed: Testbed) -> None:
    found = compose(WORKFLOWS, "fast_processing_default", testbed=testbed)
    assert found.workflow_name == "stf_datataking"
    assert (found.version, found.description) == ("1.1", "STF datataking workflow for fast processing")
    assert found.workflow_type == "fast_processing"
    assert {
        row.key: row.value
        for row in found.values()
        if row.provenance.origin == "fast_processing_default.toml"
    } == {
        "stf_count": 10,
        "physics_period_count": 1,
        "target_worker_count": 30,
        "stf_sampling_rate": 0.05,
        "slices_per_sample": 15,
        "slice_processing_time": 30,
        "worker_rampup_time": 300,
        "worker_rampdown_time": 60,
    }


@pytest.mark.parametrize(
    ("name", "agents"),
    [
        ("fast_processing_default", ["data", "fastmon", "fast_processing", "slice_worker"]),
        ("stf_processing_default", ["data", "processing"]),
        ("stf_datataking_default", ["data", "processing"]),
    ],
)
def test_shipped_configurations_enable_their_agents(testbed: Testbed, name: str, agents: list[str]) -> None:
    found = compose(WORKFLOWS, name, testbed=testbed)
    assert [agent.name for agent in found.agents.values() if agent.enabled] == agents
    assert all(agent.script.startswith("agents/") for agent in found.agents.values())


def test_shipped_datataking_default_is_ten_stfs(testbed: Testbed) -> None:
    found = compose(WORKFLOWS, "stf_datataking_default", testbed=testbed)
    parameters = found.parameters
    assert (parameters["stf_count"], parameters["physics_period_count"]) == (10, 1)
    assert parameters["stf_interval"] == 2.0
    assert parameters["physics_period_duration"] >= 10 * parameters["stf_interval"]
    assert found.workflow_type == "stf_processing"
    assert found.warnings == ()


def test_shipped_configurations_listed_with_base() -> None:
    listed = {summary.name: summary for summary in list_configurations(WORKFLOWS)}
    assert listed["daq_state_machine"].is_base
    assert not listed["fast_processing_default"].is_base
    assert listed["stf_processing_default"].workflow_name == "stf_datataking"
    assert "testbed" not in listed
