"""The workflow in docs/writing-a-workflow.md works as it is printed."""

import re

import pytest

from swf_console.backend.simulation.runner import OFFERED
from tests.support.command_line import CommandLine
from tests.support.homes import CHECKOUT

PAGE = CHECKOUT / "docs/writing-a-workflow.md"


@pytest.fixture
def console_with_example(console: CommandLine) -> CommandLine:
    text = PAGE.read_text()
    code, configuration = (
        re.search(r"```python\n(.*?)```", text, re.DOTALL),
        re.search(r"```toml\n(.*?)```", text, re.DOTALL),
    )
    assert code is not None
    assert configuration is not None
    (console.home / "workflows/cosmics.py").write_text(code[1])
    (console.home / "workflows/cosmics_default.toml").write_text(configuration[1])
    console.name_namespace("demo")
    return console


def test_documented_workflow_is_planned(console_with_example: CommandLine) -> None:
    before = sorted(console_with_example.home.rglob("*"))
    document = console_with_example("plan", "cosmics_default", "--json").document
    assert document["messages_by_type"] == {"run_imminent": 1, "start_run": 1, "stf_gen": 4, "end_run": 1}
    assert document["simulated_seconds"] == 1 + 4 * 5
    after = [path for path in sorted(console_with_example.home.rglob("*")) if "__pycache__" not in path.parts]
    assert after == [path for path in before if "__pycache__" not in path.parts]


def test_documented_workflow_runs_with_checked_parameters(console_with_example: CommandLine) -> None:
    said = console_with_example("--run", "cosmics", "--stf-count", "2", "--json")
    assert (said.code, said.document["performance_metrics"]["stf_count"]) == (0, 2)
    refused = console_with_example("--run", "cosmics", "--set", "cosmics.cosmic_interval=0")
    assert refused.code == 2
    assert "cosmic_interval" in refused.err


def test_documented_runner_is_what_the_runner_offers() -> None:
    table = PAGE.read_text().partition("| `runner` has |")[2].partition("What the runner does not have")[0]
    assert [name for name in OFFERED if f"`{name}" not in table] == []
