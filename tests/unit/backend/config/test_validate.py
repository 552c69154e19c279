"""`validate` and `list_configurations`: everything that is wrong, at once."""

from pathlib import Path

import pytest

from swf_console.backend.config.list import list_configurations, validate
from swf_console.backend.config.load import compose
from swf_console.backend.config.overrides import Override
from swf_console.backend.config.testbed import load_testbed
from swf_console.backend.core.errors import ConfigurationError

HEAD = '[workflow]\nname = "stf_datataking"\n'


def make_home(home: Path, **files: str) -> Path:
    (home / "stf_datataking.py").touch()
    for name, text in files.items():
        (home / f"{name}.toml").write_text(text)
    return home


def test_validate_reports_each_problem_once(tmp_path: Path) -> None:
    make_home(
        tmp_path,
        base="[daq_state_machine]\nstf_interval = 0\n",
        a=HEAD + 'includes = ["base.toml"]\n',
        b="[x\n",
        c='[workflow]\nname = "stf_datatakin"\n',
        d=HEAD + "[fast_processing]\nstf_sampling_rate = 2\nslices_per_sampel = 1\n",
    )
    problems = [str(problem) for problem in validate(tmp_path)]
    starts = ["base.toml:2:1", "b.toml:1:3", "c.toml:2:1", "d.toml:4:1", "d.toml:5:1"]
    assert sorted(text.removeprefix(f"{tmp_path}/").split(": ")[0] for text in problems) == sorted(starts)
    assert any(
        "workflow not found: 'stf_datatakin'" in text and "mean stf_datataking?" in text for text in problems
    )


def test_validate_broken_include_other_problems_reported(tmp_path: Path) -> None:
    includes = 'includes = ["bad.toml", "gone.toml", "base.toml"]\n'
    make_home(
        tmp_path,
        a=HEAD + includes + "[fast_processing]\nslices_per_sampel = 1\n",
        bad="[x\n",
        base="[daq_state_machine]\nstf_interval = 0\n",
    )
    places = [f"{Path(problem.file or '').name}:{problem.line}" for problem in validate(tmp_path, ["a"])]
    assert sorted(places) == ["a.toml:3", "a.toml:5", "bad.toml:1", "base.toml:2"]


def test_validate_named_only(tmp_path: Path) -> None:
    make_home(tmp_path, good=HEAD, bad="[x\n")
    assert validate(tmp_path, ["good.toml"]) == []
    assert len(validate(tmp_path, ["bad"])) == 1
    assert "configuration not found: 'gone'" in str(validate(tmp_path, ["good", "gone"])[0])


def test_validate_testbed_used_and_unused_sections(tmp_path: Path) -> None:
    make_home(
        tmp_path,
        main=HEAD + "[stf_processing]\n",
        testbed="[stf_processing]\nstf_count = 0\n[fast_processing]\nstf_cuont = 1\n[parameters]\nnope = 1\n",
    )
    fields = [problem.field for problem in validate(tmp_path, (), load_testbed(tmp_path / "testbed.toml"))]
    assert sorted(str(field) for field in fields) == [
        "fast_processing.stf_cuont",
        "parameters.nope",
        "stf_processing.stf_count",
    ]


def test_list_configurations_invalid_has_problems(tmp_path: Path) -> None:
    make_home(tmp_path, good=HEAD + "[fast_processing]\n", bad="[x\n")
    bad, good = list_configurations(tmp_path)
    assert (good.name, good.workflow_type, good.problems) == ("good", "fast_processing", ())
    assert (bad.name, len(bad.problems), bad.is_base) == ("bad", 1, False)


def test_slice_destination_any_queue_in_a_file_but_only_choices_in_an_override(tmp_path: Path) -> None:
    (tmp_path / "own_default.toml").write_text(
        '[workflow]\nname = "stf_datataking"\n[fast_processing]\nslice_destination = "/queue/panda.mine"\n'
    )
    assert compose(tmp_path, "own_default").parameters["slice_destination"] == "/queue/panda.mine"
    override = Override("slice_destination", "/queue/agent_control.victim")
    with pytest.raises(ConfigurationError, match=r"must be /queue/panda\.transformer\.slices or"):
        compose(tmp_path, "own_default", overrides=[override])


@pytest.mark.parametrize("value", ["panda.mine", "/queue/", "/queue/a b", "/temp-queue/x"])
def test_slice_destination_that_is_not_a_destination_is_refused(tmp_path: Path, value: str) -> None:
    (tmp_path / "own_default.toml").write_text(
        f'[workflow]\nname = "stf_datataking"\n[fast_processing]\nslice_destination = "{value}"\n'
    )
    with pytest.raises(ConfigurationError, match="slice_destination"):
        compose(tmp_path, "own_default")


def test_validate_missing_or_unusable_agent_script_is_a_problem(tmp_path: Path) -> None:
    workflows, agents = tmp_path / "workflows", tmp_path / "agents"
    workflows.mkdir()
    agents.mkdir()
    (agents / "good.py").touch()
    (agents / "tool").touch(mode=0o644)
    tables = [
        f'[agents.{name}]\nenabled = {enabled}\nscript = "{script}"\n'
        for name, enabled, script in (
            ("good", "true", "agents/good.py"),
            ("gone", "true", "agents/gone.py"),
            ("off", "false", "agents/off.py"),
            ("tool", "true", "agents/tool"),
        )
    ]
    make_home(workflows, one=HEAD + "".join(tables), two=HEAD)
    (workflows / "testbed.toml").write_text('[testbed]\nnamespace = "n"\n' + tables[1])
    found = [str(one) for one in validate(workflows, testbed=load_testbed(workflows / "testbed.toml"))]
    assert [text.removeprefix(f"{workflows}/").partition(" ")[0] for text in found] == [
        "one.toml:8:1:",
        "one.toml:14:1:",
        "testbed.toml:5:1:",
    ]
    assert "agents.gone.script" in found[0]
    assert "script not found" in found[0]
    assert "agents/gone.py" in found[0]
    assert "not executable" in found[1]
    assert "chmod +x" in found[1]
