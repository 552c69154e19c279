"""`swf-console config` and `swf-console plan`."""

import pytest

from swf_console.cli.charts import chart
from tests.support.command_line import CommandLine


def test_config_show_values_with_origin(console: CommandLine) -> None:
    said = console("config", "show", "fast_processing_default", "--set", "stf_count=7")
    assert said.code == 0
    rows = {line.split()[0]: line for line in said.out.splitlines() if line}
    assert "--set" in rows["stf_count"]
    assert "10 (fast_processing_default.toml:11)" in rows["stf_count"]
    assert "daq_state_machine.toml:16" in rows["stf_interval"]


def test_config_show_overridden_value_marked(console: CommandLine) -> None:
    rows = console("config", "show", "fast_processing_default", "--json").documents
    counts = {row["section"]: row["effective"] for row in rows if row["key"] == "physics_period_count"}
    assert counts == {"daq_state_machine": False, "fast_processing": True}
    assert "overridden by a later section" in console("config", "show", "fast_processing_default").out


def test_config_show_secret_redacted(console: CommandLine) -> None:
    file = console.home / "workflows" / "fast_processing_default.toml"
    file.write_text(file.read_text() + '\n[site]\napi_token = "hunter2"\nurl = "http://u:hunter2@h/"\n')
    for more in ([], ["--json"]):
        said = console("config", "show", "fast_processing_default", *more)
        assert said.code == 0
        assert "hunter2" not in said.out + said.err


def test_config_validate_reports_all_errors(console: CommandLine) -> None:
    workflows = console.home / "workflows"
    (workflows / "one.toml").write_text(
        '[workflow]\nname = "stf_datataking"\n[fast_processing]\nstf_cuont = 1\nstf_count = -1\n'
    )
    (workflows / "two.toml").write_text("[workflow\n")
    said = console("config", "validate")
    assert (said.code, said.out) == (2, "")
    assert len(said.err.splitlines()) == 3
    assert "stf_count" in said.err
    assert "two.toml:1" in said.err
    assert len(console("config", "validate", "--json").documents) == 3
    assert console("config", "validate", "fast_processing_default").code == 0


def test_config_validate_broken_testbed(console: CommandLine) -> None:
    (console.home / "workflows" / "testbed.toml").write_text("[testbed\n")
    said = console("config", "validate")
    assert said.code == 2
    assert "testbed.toml:1" in said.err


def test_config_validate_valid_home(console: CommandLine) -> None:
    said = console("config", "validate")
    assert (said.code, said.out) == (0, "every configuration: valid\n")


def test_config_list_includes_invalid_configuration(console: CommandLine) -> None:
    (console.home / "workflows" / "broken.toml").write_text("[workflow\n")
    rows = {line.split()[0]: line for line in console("config", "list").out.splitlines()}
    assert "INVALID" in rows["broken"]
    assert "a base to include" in rows["daq_state_machine"]
    assert {row["name"] for row in console("config", "list", "--json").documents} >= {"broken"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "nope"],
        ["show", "../../etc/passwd"],
        ["show", "fast_processing_default", "--set", "stf_cuont=1"],
        ["show", "fast_processing_default", "--set", "stf_count"],
        ["show", "fast_processing_default", "--testbed-config", "/nope.toml"],
    ],
)
def test_config_bad_input_one_line_exit_2(console: CommandLine, arguments: list[str]) -> None:
    said = console("config", *arguments)
    assert (said.code, said.out) == (2, "")
    assert len(said.err.splitlines()) == 1


def test_plan_warns_with_needed_workers(console: CommandLine) -> None:
    said = console("plan", "fast_processing_default", "--stf-count", "100", "--set", "stf_sampling_rate=1")
    assert said.code == 0
    assert "225 workers would be enough" in said.err
    assert "falls behind" in said.out
    assert "Queued slices" in said.out


def test_plan_json_one_valid_object(console: CommandLine) -> None:
    document = console("plan", "fast_processing_default", "--workers", "0", "--json").document
    assert document["messages_by_type"] == {"run_imminent": 1, "start_run": 1, "stf_gen": 10, "end_run": 1}
    assert document["capacity"]["workers_needed"] == 12
    assert document["capacity"]["utilisation"] is None
    assert len(document["schedule"]) == 6


def test_plan_without_fast_processing_no_workers(console: CommandLine) -> None:
    document = console("plan", "stf_datataking_default", "--duration", "20", "--json").document
    assert (document["capacity"], document["backlog"]) == (None, None)
    assert document["simulated_seconds"] == 20


def test_plan_printing_workflow_stdout_clean(console: CommandLine) -> None:
    file = console.home / "workflows" / "stf_datataking.py"
    file.write_text(file.read_text() + "\nprint('hello from the workflow')\n")
    said = console("plan", "stf_datataking_default", "--json")
    assert said.document["stf_count"] == 10
    assert "hello from the workflow" in said.err


@pytest.mark.parametrize(
    "arguments", [["nope"], ["daq_state_machine"], ["fast_processing_default", "--workers", "x"]]
)
def test_plan_invalid_refused(console: CommandLine, arguments: list[str]) -> None:
    assert console("plan", *arguments).code == 2


def test_chart_reaches_top_and_bottom() -> None:
    lines = chart([(float(x), float(x)) for x in range(100)], "s", width=20, height=4)
    assert lines[0].startswith("99 |")
    assert lines[0].endswith(("█", "@"))
    assert lines[3].startswith(" 0 |")
    assert "99 s" in lines[-1]
    assert chart([(0.0, 0.0), (1.0, 0.0)], "s") == []
    assert chart([(5.0, 3.0)], "s")


@pytest.mark.parametrize(
    ("per_period", "said"),
    [("false", "stf_count  10 in all"), ("true", "stf_count  10 in each physics period")],
)
def test_plan_stf_count_says_what_it_counts(console: CommandLine, per_period: str, said: str) -> None:
    options = ("--set", "physics_period_count=2", "--set", f"stf_count_per_period={per_period}")
    shown = console("plan", "fast_processing_default", *options)
    assert said in [line.strip() for line in shown.out.splitlines()]
