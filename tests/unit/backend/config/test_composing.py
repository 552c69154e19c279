"""Composition: includes, precedence, provenance, and what is refused."""

import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swf_console.backend.config.composed import Composition
from swf_console.backend.config.load import compose
from swf_console.backend.config.overrides import Override, overrides_from, parse_override
from swf_console.backend.config.testbed import load_testbed
from swf_console.backend.core.errors import ConfigurationError, Problem
from swf_console.backend.core.redaction import REDACTED

HEAD = '[workflow]\nname = "stf_datataking"\n'
BASE = "[daq_state_machine]\nstf_interval = 2.0\nstandby_duration = 30.0\n"


def write(home: Path, **files: str) -> Path:
    for name, text in files.items():
        (home / f"{name}.toml").write_text(text)
    return home


def compose_with(home: Path, testbed: str = "", *overrides: Override, name: str = "main") -> Composition:
    (home / "testbed.toml").write_text(testbed)
    return compose(home, name, testbed=load_testbed(home / "testbed.toml"), overrides=overrides)


def problems_of(home: Path, *overrides: Override, testbed: str = "") -> tuple[Problem, ...]:
    with pytest.raises(ConfigurationError) as caught:
        compose_with(home, testbed, *overrides)
    return caught.value.problems


def problem_of(home: Path, *overrides: Override, testbed: str = "") -> Problem:
    problems = problems_of(home, *overrides, testbed=testbed)
    assert len(problems) == 1, [str(each) for each in problems]
    return problems[0]


def test_compose_includes_later_wins_key_by_key(tmp_path: Path) -> None:
    write(
        tmp_path,
        first="[daq_state_machine]\nstf_interval = 1\nstandby_duration = 1\nbroadcast_delay = 1\n",
        second="[daq_state_machine]\nstf_interval = 2\nstandby_duration = 2\n",
        main=HEAD + 'includes = ["first.toml", "second.toml"]\n[daq_state_machine]\nstf_interval = 3\n',
    )
    found = compose_with(tmp_path)
    assert (found.parameters["stf_interval"], found.parameters["standby_duration"]) == (3, 2)
    assert found.parameters["broadcast_delay"] == 1
    source = found.provenance["daq_state_machine.stf_interval"]
    assert (str(source), source.file, source.line) == ("main.toml:5", tmp_path / "main.toml", 5)
    assert [str(each) for each in source.replaced] == ["2 (second.toml:2)", "1 (first.toml:2)"]


def test_compose_layers_higher_wins(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, main=HEAD + 'includes = ["base.toml"]\n[fast_processing]\nstf_count = 10\n')
    testbed = "[fast_processing]\nstf_count = 5\n"
    assert compose_with(tmp_path).parameters["stf_count"] == 10
    assert compose_with(tmp_path, testbed).parameters["stf_count"] == 5
    testbed += "[parameters]\nstf_count = 4\n"
    assert compose_with(tmp_path, testbed).parameters["stf_count"] == 4
    found = compose_with(tmp_path, testbed, Override("stf_count", 3, "--stf-count"))
    assert found.parameters["stf_count"] == 3
    source = found.provenance["fast_processing.stf_count"]
    assert [str(source), *map(str, source.replaced)] == [
        "--stf-count",
        "4 (testbed.toml:4)",
        "5 (testbed.toml:2)",
        "10 (main.toml:5)",
    ]


LAYERS = (
    "base.toml",
    "extra.toml",
    "main.toml",
    "testbed.toml section",
    "testbed.toml parameters",
    "override",
)
NAMES = ("stf_interval", "standby_duration", "stf_count")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.sets(st.tuples(st.integers(0, 5), st.sampled_from(NAMES))))
def test_compose_any_layers_highest_wins(tmp_path: Path, places: set[tuple[int, str]]) -> None:
    def table(layer: int, header: str) -> str:
        lines = [f"{name} = {layer + 1}" for number, name in sorted(places) if number == layer]
        return "\n".join([header, *lines, ""])

    write(
        tmp_path,
        base=table(0, "[stf_processing]"),
        extra=table(1, "[stf_processing]"),
        main=HEAD + 'includes = ["base.toml", "extra.toml"]\n' + table(2, "[stf_processing]"),
    )
    testbed = table(3, "[stf_processing]") + table(4, "[parameters]")
    overrides = [Override(name, 6, "form") for layer, name in sorted(places) if layer == 5]
    found = compose_with(tmp_path, testbed, *overrides)
    for name in NAMES:
        highest = max((layer for layer, each in places if each == name), default=None)
        if highest is not None:
            assert found.parameters[name] == highest + 1
            (row,) = [each for each in found.values() if each.key == name and each.effective]
            assert row.provenance.origin == ("form" if highest == 5 else LAYERS[highest].split()[0])


def test_compose_sections_merged_over_base_in_file_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        main=HEAD + "[stf_processing]\nstf_count = 1\n[fast_processing]\nstf_count = 2\n"
        "[daq_state_machine]\nstf_count = 3\n",
    )
    found = compose_with(tmp_path)
    assert list(found.sections) == ["daq_state_machine", "stf_processing", "fast_processing"]
    assert found.parameters["stf_count"] == 2
    rows = {(row.section, row.key): row for row in found.values()}
    assert not rows["stf_processing", "stf_count"].effective
    effective = rows["fast_processing", "stf_count"]
    assert effective.effective
    assert [each.value for each in effective.provenance.replaced] == [1, 3]


def test_compose_testbed_section_not_in_configuration_ignored(tmp_path: Path) -> None:
    write(tmp_path, main=HEAD + "[stf_processing]\nstf_count = 1\n")
    found = compose_with(tmp_path, "[fast_processing]\nstf_count = 9\n")
    assert "fast_processing" not in found.sections
    assert found.parameters["stf_count"] == 1
    found = compose_with(tmp_path, "[stf_procesing]\nstf_count = 9\n")
    assert any("Did you mean stf_processing?" in warning for warning in found.warnings)


def test_compose_testbed_value_overridden_by_later_section_warns(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, main=HEAD + 'includes = ["base.toml"]\n[stf_processing]\nstf_interval = 1.0\n')
    found = compose_with(tmp_path, "[daq_state_machine]\nstf_interval = 9.0\n")
    assert found.parameters["stf_interval"] == 1.0
    assert [
        warning for warning in found.warnings if "testbed.toml:2" in warning and "has no effect" in warning
    ]


def test_compose_testbed_own_tables_not_in_parameters(tmp_path: Path) -> None:
    testbed = (
        '[testbed]\nnamespace = "n"\n[workflow]\nname = "other"\nconfig = "x"\nrealtime = true\n'
        '[agents.data]\nenabled = true\nscript = "a.py"\n'
    )
    write(tmp_path, main=HEAD + '[testbed]\nnamespace = "m"\n[stf_processing]\nstf_count = 1\n')
    found = compose_with(tmp_path, testbed)
    assert set(found.sections) == {"daq_state_machine", "stf_processing"}
    assert found.workflow_name == "stf_datataking"
    assert not {"namespace", "realtime", "config", "name", "data"} & set(found.parameters)
    assert set(found.stored()) == {"workflow", "daq_state_machine", "stf_processing"}


def test_compose_override_not_in_next_composition(tmp_path: Path) -> None:
    write(tmp_path, main=HEAD + "[my_own]\nlimits = [1, 2]\n[my_own.deep]\nx = 1\n")
    (tmp_path / "testbed.toml").write_text("[my_own]\nlist = [1]\n")
    testbed = load_testbed(tmp_path / "testbed.toml")
    first = compose(tmp_path, "main", testbed=testbed, overrides=[Override("stf_count", 3)])
    first.sections["my_own"]["list"].append("leak")
    first.sections["my_own"]["deep"]["x"] = "leak"
    second = compose(tmp_path, "main", testbed=testbed)
    assert "stf_count" not in second.parameters
    assert second.sections["my_own"] == {"limits": [1, 2], "deep": {"x": 1}, "list": [1]}


def test_compose_bare_override_sets_every_section(tmp_path: Path) -> None:
    text = "[daq_state_machine]\nstf_count = 1\n[fast_processing]\nstf_count = 2\n[stf_processing]\n"
    write(tmp_path, main=HEAD + text)
    found = compose_with(tmp_path, "", Override("stf_count", "7", "message"))
    assert found.sections["daq_state_machine"]["stf_count"] == 7
    assert found.sections["fast_processing"]["stf_count"] == 7
    assert "stf_count" not in found.sections["stf_processing"]


def test_compose_bare_override_unknown_goes_into_last_section(tmp_path: Path) -> None:
    write(tmp_path, main=HEAD + BASE + "[stf_processing]\n")
    found = compose_with(tmp_path, "", Override("stf_count", 7, "--stf-count"))
    assert found.sections["stf_processing"] == {"stf_count": 7}
    assert found.parameters["stf_count"] == 7


def test_compose_section_override_is_effective(tmp_path: Path) -> None:
    write(tmp_path, main=HEAD + BASE + "[stf_processing]\nstf_interval = 1.0\n")
    found = compose_with(tmp_path, "", parse_override("daq_state_machine.stf_interval=4", "--set"))
    assert found.sections["daq_state_machine"]["stf_interval"] == 4
    assert found.parameters["stf_interval"] == 4
    found = compose_with(tmp_path, "", parse_override("stf_processing.stf_interval=4", "--set"))
    assert found.sections["daq_state_machine"]["stf_interval"] == 2.0


def test_compose_missing_base_values_get_defaults(tmp_path: Path) -> None:
    write(tmp_path, main=HEAD + "[fast_processing]\nstf_count = 2\n")
    found = compose_with(tmp_path)
    assert found.parameters["stf_interval"] == 2.0
    assert found.parameters["slices_per_sample"] == 15
    assert str(found.provenance["daq_state_machine.stf_interval"]) == "default"


def test_includes_nested_resolved_from_own_folder(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "inner.toml").write_text("[daq_state_machine]\nstf_interval = 9\n")
    (tmp_path / "parts" / "outer.toml").write_text('[workflow]\nincludes = ["inner.toml"]\n')
    write(tmp_path, main=HEAD + 'includes = ["parts/outer.toml"]\n')
    assert compose_with(tmp_path).parameters["stf_interval"] == 9


def test_includes_same_file_twice_is_not_a_cycle(tmp_path: Path) -> None:
    part = '[workflow]\nincludes = ["base.toml"]\n'
    write(tmp_path, base=BASE, a=part, b=part, main=HEAD + 'includes = ["a.toml", "b.toml"]\n')
    assert compose_with(tmp_path).parameters["stf_interval"] == 2.0


def test_includes_cycle_error_names_chain_and_line(tmp_path: Path) -> None:
    write(
        tmp_path,
        a='[workflow]\nincludes = ["b.toml"]\n',
        b='# one\n[workflow]\nincludes = [\n  "a.toml",\n]\n',
        main=HEAD + 'includes = ["a.toml"]\n',
    )
    problem = problem_of(tmp_path)
    assert (problem.file, problem.line) == (tmp_path / "b.toml", 4)
    assert "includes itself: main.toml:3 -> a.toml:2 -> b.toml:4 -> a.toml" in str(problem)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "an absolute path"),
        ("../../etc/passwd", "a '..'"),
        ("parts/../../x.toml", "a '..'"),
        ("gone.toml", "does not exist"),
        ("", "is not a file name"),
        ("a\\\\b.toml", "is not a file name"),
        ("a\\u0000b", "is not a file name"),
        ("leak.toml", "link to a file outside the workflows folder"),
    ],
)
def test_includes_invalid_error_names_chain_and_line(tmp_path: Path, name: str, reason: str) -> None:
    home = tmp_path / "workflows"
    home.mkdir()
    (tmp_path / "outside.toml").write_text("[x]\n")
    (home / "leak.toml").symlink_to(tmp_path / "outside.toml")
    write(home, part=f'[workflow]\nincludes = ["{name}"]\n', main=HEAD + 'includes = ["part.toml"]\n')
    problem = problem_of(home)
    assert (problem.file, problem.line) == (home / "part.toml", 2)
    assert reason in problem.message
    assert "main.toml:3 -> part.toml:2 -> " in problem.message


def test_includes_broken_file_error_names_including_file(tmp_path: Path) -> None:
    write(tmp_path, part="[daq_state_machine]\nx = \n", main=HEAD + 'includes = ["part.toml"]\n')
    problem = problem_of(tmp_path)
    assert (problem.file, problem.line, problem.column) == (tmp_path / "part.toml", 2, 5)
    assert "included by main.toml:3" in problem.message


def test_includes_exponential_limited(tmp_path: Path) -> None:
    for number in range(40):
        following = f'"f{number + 1}.toml"'
        write(tmp_path, **{f"f{number}": f"[workflow]\nincludes = [{following}, {following}]\n"})
    write(tmp_path, f40="", main=HEAD + 'includes = ["f0.toml"]\n')
    assert "exceeds the limit of 200" in problem_of(tmp_path).message


@pytest.mark.parametrize("text", ['includes = "base.toml"\n', "includes = [1]\n", "includes = 3\n"])
def test_includes_not_an_array_refused(tmp_path: Path, text: str) -> None:
    write(tmp_path, main=HEAD + text)
    assert "must be an array of file names" in problem_of(tmp_path).message


def test_compose_reports_all_problems(tmp_path: Path) -> None:
    write(
        tmp_path,
        base="[daq_state_machine]\nstf_intervall = 2.0\nbroadcast_delay = -1\n",
        main=HEAD + 'includes = ["base.toml"]\n[fast_processing]\nstf_count = "ten"\n',
    )
    problems = problems_of(
        tmp_path, Override("stf_cuont", 1, "--set"), testbed="[parameters]\nstf_interval = 0\n"
    )
    assert [str(each) for each in problems] == [
        f"{tmp_path}/base.toml:2:1: daq_state_machine.stf_intervall = 2.0: unknown parameter. "
        "Did you mean stf_interval?",
        f"{tmp_path}/base.toml:3:1: daq_state_machine.broadcast_delay = -1: is out of range: "
        "0 to 31,622,400 s. broadcast_delay: Time that each state message takes to reach all agents",
        f"{tmp_path}/main.toml:5:1: fast_processing.stf_count = ten: must be a whole number. "
        "stf_count: STFs in the whole execution; if not set, as many as fit into the physics periods",
        f"{tmp_path}/testbed.toml:2:1: parameters.stf_interval = 0: is out of range: 0.001 to 86,400 s. "
        "stf_interval: Time from the start of one STF to the next",
        "--set: stf_cuont = 1: unknown parameter. Did you mean stf_count?",
    ]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("section", ["daq_state_machine", "their_own"])
def test_compose_nan_and_infinity_refused(tmp_path: Path, section: str, value: str) -> None:
    write(tmp_path, main=HEAD + f"[{section}]\nstf_interval = {value}\nown = [[{value}]]\n")
    messages = {each.field: each.message for each in problems_of(tmp_path)}
    assert messages[f"{section}.stf_interval"] == "must be a finite number"


@pytest.mark.parametrize("value", [-1, 0, "abc", "", 1.5, "1.5", True, "nan", math.inf, [1], {"a": 1}, 2**31])
def test_compose_invalid_count_refused(tmp_path: Path, value: Any) -> None:
    write(tmp_path, main=HEAD + "[stf_processing]\n")
    problem = problem_of(tmp_path, Override("stf_count", value, "--stf-count"))
    assert (problem.file, problem.field) == ("--stf-count", "stf_count")


@pytest.mark.parametrize("value", [1_000_000_000, 1e9, "1e9", "1000000000"])
def test_compose_huge_count_warns(tmp_path: Path, value: Any) -> None:
    write(tmp_path, main=HEAD + "[stf_processing]\n")
    found = compose_with(tmp_path, "", Override("stf_count", value, "--stf-count"))
    assert found.parameters["stf_count"] == 1_000_000_000
    assert isinstance(found.parameters["stf_count"], int)
    assert found.warnings == ("stf_count is very large: 1,000,000,000 STFs",)


def test_compose_override_of_unknown_section_lists_sections(tmp_path: Path) -> None:
    write(tmp_path, main=HEAD + "[stf_processing]\n")
    problem = problem_of(tmp_path, parse_override("stf_procesing.stf_count=1", "--set"))
    assert "section not found in this configuration: [stf_procesing]" in problem.message
    assert problem.remedy == "Did you mean stf_processing?"
    for section in ("workflow", "testbed", "agents"):
        assert "section not found" in problem_of(tmp_path, Override(f"{section}.name", "x")).message


@pytest.mark.parametrize("key", ["", ".", "stf count", "a..b", ".stf_count", "x\n"])
def test_compose_override_invalid_name_refused(tmp_path: Path, key: str) -> None:
    write(tmp_path, main='[workflow]\nname = "their_own"\n[x]\n')
    assert problem_of(tmp_path, Override(key, 1)).message == "is not a valid parameter name"


def test_compose_unknown_workflow_sections_pass_through(tmp_path: Path) -> None:
    text = '[workflow]\nname = "tape_archive"\n[tape]\ndrives = 4\nstf_count = "many"\n'
    write(tmp_path, main=text + '[tape.robot]\narm = "left"\n')
    found = compose_with(tmp_path, "[parameters]\nlibrary = 7\n", Override("tape.drives", 9, "form"))
    assert found.workflow_type == "custom"
    expected = {"drives": 9, "stf_count": "many", "robot": {"arm": "left"}, "library": 7}
    assert found.sections == {"tape": expected}
    assert str(found.provenance["tape.robot.arm"]) == "main.toml:7"
    assert [row.key for row in found.values()] == ["drives", "stf_count", "robot.arm", "library"]


def test_compose_nested_tables_merged_key_by_key(tmp_path: Path) -> None:
    write(
        tmp_path,
        base="[tape]\nroom = 1\nrack = { u = 1 }\n[tape.robot]\narm = 1\nleg = 1\n[tape.light]\n",
        more="[tape]\n[tape.robot]\n[tape.light]\nlamp = 2\n[tape.room]\ndoor = 2\n",
        main='[workflow]\nname = "tape"\nincludes = ["base.toml", "more.toml"]\n'
        "[tape]\nrobot.arm = 3\nrack = 3\n",
    )
    found = compose_with(tmp_path)
    expected = {"room": {"door": 2}, "rack": 3, "robot": {"arm": 3, "leg": 1}, "light": {"lamp": 2}}
    assert found.sections["tape"] == expected
    places = {row.key: str(row.provenance) for row in found.values()}
    assert places == {
        "room.door": "more.toml:6",
        "rack": "main.toml:6",
        "robot.arm": "main.toml:5",
        "robot.leg": "base.toml:6",
        "light.lamp": "more.toml:4",
    }
    assert set(found.provenance) == {f"tape.{key}" for key in places}


def test_compose_table_for_value_keeps_provenance(tmp_path: Path) -> None:
    write(tmp_path, main='[workflow]\nname = "tape_archive"\n[tape]\nrobot = 1\n[tape.room]\nx = 1\n')
    given = overrides_from({"tape": {"robot": {"arm": {"joint": 2}}, "room": 3}}, "message")
    rows = {row.key: row for row in compose_with(tmp_path, "", *given).values()}
    assert rows["robot.arm.joint"].value == 2
    assert str(rows["robot.arm.joint"].provenance) == "message"
    assert rows["room"].value == 3


def test_compose_misspelt_section_warns(tmp_path: Path) -> None:
    write(tmp_path, main=HEAD + "[fast_procesing]\nstf_count = 3\n")
    found = compose_with(tmp_path)
    assert any("Did you mean fast_processing" in warning for warning in found.warnings)


def test_compose_known_names_checked_in_every_section(tmp_path: Path) -> None:
    write(tmp_path, main=HEAD + '[tuning]\nstf_count = "many"\nmine = 1\n')
    assert problem_of(tmp_path).field == "tuning.stf_count"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[workflow]\n[stf_processing]\n", "must name its workflow"),
        ("[workflow]\nname = 3\n", "must be a string"),
        ('[workflow]\nname = "../../etc/passwd"\n', "not a valid workflow name"),
        ('[workflow]\nname = "x"\nversion = 1.0\n', "must be a string"),
        ('[workflow]\nname = "x"\nversion = ""\n', "is empty"),
        ("workflow = 3\n", "must be a table"),
        (HEAD + "[agents]\ndata = 3\n", "must be a table"),
        (HEAD + "[agents.data]\nenabled = 1\n", "must be true or false"),
        (HEAD + "[agents.data]\ncount = 0\n", "must be from 1 to 1000"),
        ("stf_count = 3\n" + HEAD, "outside any section"),
    ],
)
def test_compose_invalid_workflow_or_agents_table_one_problem(
    tmp_path: Path, text: str, message: str
) -> None:
    write(tmp_path, main=text)
    problem = problem_of(tmp_path)
    assert message in problem.message
    assert problem.line


def test_compose_unknown_workflow_key_warns(tmp_path: Path) -> None:
    write(tmp_path, main=HEAD + 'include = ["base.toml"]\n')
    assert "main.toml:3: [workflow] include is unknown and ignored. Did you mean includes?" in str(
        compose_with(tmp_path).warnings
    )


@pytest.mark.parametrize(
    ("sections", "kind"),
    [("", "custom"), ("[fast_processing]\n", "fast_processing"), ("[stf_processing]\n", "stf_processing")],
)
def test_workflow_type_follows_sections(tmp_path: Path, sections: str, kind: str) -> None:
    write(tmp_path, main=HEAD + sections)
    assert compose_with(tmp_path).workflow_type == kind


def test_compose_agents_of_configuration_win_over_testbed(tmp_path: Path) -> None:
    testbed = "[agents.data]\nenabled = false\n[agents.monitor]\nenabled = true\n"
    write(tmp_path, main=HEAD + "[agents.data]\nenabled = true\ncount = 3\nextra = 1\n", bare=HEAD)
    found = compose_with(tmp_path, testbed)
    assert list(found.agents) == ["data"]
    assert (found.agents["data"].enabled, found.agents["data"].count) == (True, 3)
    assert found.agents["data"].options == {"extra": 1}
    assert list(compose_with(tmp_path, testbed, name="bare").agents) == ["data", "monitor"]


def test_compose_secrets_redacted_everywhere(tmp_path: Path) -> None:
    secret = "hunter2-" + str(random.Random(1).getrandbits(64))
    text = (
        f'[workflow]\nname = "tape"\n[tape]\nhost = "h"\ndb_password = "{secret}"\napiKey = "{secret}"\n'
        f'url = "postgresql://me:{secret}@h/d"\nlist = [{{ token = "{secret}" }}]\n'
        f'[tape.secrets]\na = "{secret}"\n'
    )
    write(tmp_path, main=text)
    given = (Override("tape.db_password", secret + "2", "form"),)
    found = compose_with(tmp_path, f'[tape]\ndb_password = "{secret}1"\n', *given)
    assert found.parameters["db_password"] == secret + "2"
    assert found.stored()["tape"]["db_password"] == REDACTED
    assert found.stored()["tape"]["host"] == "h"
    told = [found, found.stored(), found.values(), found.provenance, found.stored_provenance(), given]
    assert secret not in repr(told)
    write(tmp_path, main=HEAD + f'[daq_state_machine]\npassword = "{secret}"\n')
    assert secret not in str(problem_of(tmp_path))
    write(tmp_path, main=HEAD + f'[daq_state_machine.stf_count]\npassword = "{secret}"\n')
    assert secret not in str(problem_of(tmp_path))


def test_stored_dates_are_text(tmp_path: Path) -> None:
    text = '[workflow]\nname = "x"\n[x]\nday = 2026-01-02\nat = 07:32:00\nwhen = 2026-01-02T07:32:00Z\n'
    write(tmp_path, main=text)
    stored = compose_with(tmp_path).stored()["x"]
    assert stored == {"day": "2026-01-02", "at": "07:32:00", "when": "2026-01-02T07:32:00+00:00"}


@pytest.mark.parametrize("name", ["../main", "/etc/passwd", "", "a/b", "..", "ma\0in", "-x", "x" * 200])
def test_compose_name_with_path_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, main=HEAD)
    with pytest.raises(ConfigurationError, match="not a valid configuration name"):
        compose(tmp_path, name)


def test_compose_unknown_configuration_suggests_nearest(tmp_path: Path) -> None:
    write(tmp_path, fast_processing_default=HEAD, other=HEAD)
    with pytest.raises(ConfigurationError, match="Did you mean fast_processing_default"):
        compose(tmp_path, "fast_procesing_default")
    with pytest.raises(ConfigurationError, match="Available: fast_processing_default, other"):
        compose(tmp_path, "zzz")


def test_compose_name_with_suffix_accepted(tmp_path: Path) -> None:
    write(tmp_path, main=HEAD)
    assert compose(tmp_path, "main.toml").configuration == "main"


def test_compose_testbed_toml_refused(tmp_path: Path) -> None:
    write(tmp_path, testbed="")
    with pytest.raises(ConfigurationError, match="is not a configuration"):
        compose(tmp_path, "testbed")


def test_compose_unsaved_text_replaces_file(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, main=HEAD + 'includes = ["base.toml"]\n')
    unsaved = {tmp_path / "base.toml": "[daq_state_machine]\nstf_interval = 7\n"}
    assert compose(tmp_path, "main", unsaved=unsaved).parameters["stf_interval"] == 7
