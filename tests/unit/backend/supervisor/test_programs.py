"""Declared programs, their launch, and the files that carry them."""

import json
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from swf_console.backend.core.errors import UsageError
from swf_console.backend.supervisor import programs
from swf_console.backend.supervisor.base import Program
from swf_console.backend.supervisor.launcher import LaunchRefused, prepare
from swf_console.backend.supervisor.paths import SupervisorPaths, find_paths
from swf_console.backend.supervisor.program_environment import search_path, write_environment
from tests.support.processes.supervisord import make_home, user_folder

THEIRS = Program("theirs", "agents/theirs.py")


@pytest.fixture
def paths(tmp_path: Path) -> Iterator[SupervisorPaths]:
    home = make_home(tmp_path / "home")
    with user_folder():
        yield find_paths(home, home / ".state")


def groups(paths: SupervisorPaths) -> dict[str, list[str]]:
    """What supervisord itself reads from the configuration: the processes of each group."""
    options = ServerOptions()
    options.configfile = str(paths.configuration)
    options.here = str(paths.here)
    found = options.read_config(options.configfile).process_group_configs
    return {group.name: [process.name for process in group.process_configs] for group in found}


def test_shipped_programs_have_their_scripts(paths: SupervisorPaths) -> None:
    shipped = programs.shipped_programs(paths.home)
    assert shipped["example-data-agent"].script == "agents/example_data_agent.py"
    assert shipped["slice-worker"].count == 2
    assert shipped["workflow-runner"].script == ""
    assert set(shipped) == set(groups(paths))


def test_declare_writes_what_supervisord_reads(paths: SupervisorPaths) -> None:
    wanted = [
        THEIRS,
        Program("more", "a b.py", 2),
        Program("slice-worker", count=5),
        Program("example-data-agent", count=2),
    ]
    assert programs.declare(paths, wanted)
    found = groups(paths)
    assert found["theirs"] == ["theirs"]
    assert found["more"] == ["more-0", "more-1"]
    assert len(found["slice-worker"]) == 5
    assert found["example-data-agent"] == ["example-data-agent-0", "example-data-agent-1"]


def test_declare_again_keeps_others_and_reports_no_change(paths: SupervisorPaths) -> None:
    programs.declare(paths, [THEIRS])
    assert programs.declare(paths, [Program("more", "more.py")])
    assert not programs.declare(paths, [THEIRS])
    assert set(programs.declared_programs(paths)) == {"theirs", "more"}
    assert programs.forget(paths, ["theirs", "never there"])
    assert not programs.forget(paths, ["theirs"])
    assert "theirs" not in groups(paths)


def test_declare_shipped_program_with_its_script_is_the_same_program(paths: SupervisorPaths) -> None:
    programs.declare(paths, [Program("example-data-agent", "agents/example_data_agent.py")])
    assert groups(paths)["example-data-agent"] == ["example-data-agent"]


@pytest.mark.parametrize(
    "program",
    [
        Program("with space", "x.py"),
        Program("a:b", "x.py"),
        Program("../up", "x.py"),
        Program("", "x.py"),
        Program("x\n[program:y]", "x.py"),
        Program("theirs", "x.py", 0),
        Program("theirs", "x.py", 1001),
        Program("theirs", "x\0.py"),
        Program("nobody-knows-it"),
        Program("monitor", "other.py"),
        Program("theirs", "x.py", options={"startsecs": "1"}),
        Program("theirs", "x.py", options={"startsecs": True}),
        Program("theirs", "x.py", options={"stopwaitsecs": -1}),
        Program("theirs", "x.py", options={"stopsignal": "TERM\ncommand=rm"}),
        Program("theirs", "x.py", options={"autorestart": "maybe"}),
        Program("theirs", "x.py", options={"arguments": "one"}),
        Program("theirs", "x.py", options={"arguments": [1]}),
        Program("theirs", "x.py", options={"environment": {"A": 1}}),
    ],
)
def test_declare_invalid_program_is_refused_and_writes_nothing(
    program: Program, paths: SupervisorPaths
) -> None:
    with pytest.raises(UsageError):
        programs.declare(paths, [THEIRS, program])
    assert programs.declared_programs(paths) == {}


def test_declare_known_options_are_written(paths: SupervisorPaths) -> None:
    options = {"stopsignal": "sigint", "autorestart": False, "startsecs": 7, "colour": "red"}
    program = Program("theirs", "x.py", options=options)
    programs.declare(paths, [program])
    text = (paths.directory / programs.INCLUDE).read_text()
    assert {"stopsignal=INT", "autorestart=false", "startsecs=7"} <= set(text.splitlines())
    assert "colour" not in text
    assert "theirs" in groups(paths)


def test_shipped_programs_unreadable_configuration_is_a_usage_error(paths: SupervisorPaths) -> None:
    path = paths.home / "agents.supervisord.conf"
    path.write_text("no section\n")
    with pytest.raises(UsageError, match=r"agents\.supervisord\.conf"):
        programs.shipped_programs(paths.home)
    path.unlink()
    with pytest.raises(UsageError, match="swf-console init"):
        programs.declare(paths, [THEIRS])


def test_write_environment_is_private_without_supervisor_variables(paths: SupervisorPaths) -> None:
    write_environment(paths, {"COLOUR": "red", "SUPERVISOR_ENABLED": "1", "SWF_STATE_DIR": "elsewhere"})
    path = paths.directory / "environment.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    told = json.loads(path.read_text())["environment"]
    assert told["COLOUR"] == "red"
    assert told["SWF_STATE_DIR"] == str(paths.state_dir)
    assert "SUPERVISOR_ENABLED" not in told


def test_search_path_starts_with_our_interpreter(paths: SupervisorPaths) -> None:
    write_environment(paths, {})
    first, _, rest = search_path(paths, {"PATH": "/bin"}).partition(":")
    assert rest == "/bin"
    assert sys.executable in (Path(first) / "python").read_text()


def addresses(environment: Mapping[str, str], uses_package: bool) -> dict[str, str]:
    return {"SWF_MONITOR_URL": f"{environment['COLOUR']}, ours: {uses_package}"}


def test_launcher_prepare_declared_script_without_the_package_uses_the_homes_python(
    paths: SupervisorPaths,
) -> None:
    write_environment(paths, {"COLOUR": "red"})
    (paths.home / "agents/foreign.py").write_text("from swf_common_lib.base_agent import BaseAgent\n")
    (paths.home / "agents/ours.py").write_text("import sys\n\nfrom _base import Agent\n")
    python = paths.home / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    declared = [Program("foreign", "agents/foreign.py"), Program("ours", "agents/ours.py")]
    programs.declare(paths, declared)
    foreign = prepare(paths.directory, ["@foreign"], {}, addresses)
    assert foreign.command == [str(python), str(paths.home / "agents/foreign.py")]
    assert foreign.environment["VIRTUAL_ENV"] == str(paths.home / ".venv")
    assert foreign.environment["SWF_MONITOR_URL"] == "red, ours: False"
    ours = prepare(paths.directory, ["@ours"], {}, addresses)
    assert ours.command[0] == sys.executable
    assert ours.environment["SWF_MONITOR_URL"] == "red, ours: True"


def test_launcher_prepare_uses_the_stored_environment(paths: SupervisorPaths) -> None:
    write_environment(paths, {"COLOUR": "red"})
    inherited = {"OLD": "gone", "SUPERVISOR_PROCESS_NAME": "x"}
    launch = prepare(paths.directory, ["agents/slice_worker.py", "--fast"], inherited, addresses)
    assert launch.command == [sys.executable, str(paths.home / "agents" / "slice_worker.py"), "--fast"]
    assert launch.directory == paths.home
    assert launch.environment["COLOUR"] == "red"
    assert launch.environment["SUPERVISOR_PROCESS_NAME"] == "x"
    assert "OLD" not in launch.environment


def test_launcher_prepare_without_stored_environment_uses_the_inherited(
    paths: SupervisorPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(paths.home)
    launch = prepare(paths.directory, ["-m", "swf_console", "runner"], {"OLD": "kept"}, addresses)
    assert launch.command == [sys.executable, "-m", "swf_console", "runner"]
    assert launch.directory == paths.home
    assert launch.environment["OLD"] == "kept"
    assert launch.environment["SWF_STATE_DIR"] == str(paths.state_dir)


def test_launcher_prepare_declared_program_uses_its_options(paths: SupervisorPaths) -> None:
    write_environment(paths, {"COLOUR": "red"})
    options = {"arguments": ["a b"], "environment": {"COLOUR": "blue"}, "directory": "workflows"}
    programs.declare(paths, [Program("theirs", "agents/slice_worker.py", options=options)])
    launch = prepare(paths.directory, ["@theirs"], {}, addresses)
    assert launch.command[1:] == [str(paths.home / "agents" / "slice_worker.py"), "a b"]
    assert launch.environment["COLOUR"] == "blue"
    assert launch.directory == paths.home / "workflows"


@pytest.mark.parametrize("words", [[], ["agents/absent.py"], ["agents"], ["@never-declared"]])
def test_launcher_prepare_impossible_raises_the_reason(words: list[str], paths: SupervisorPaths) -> None:
    write_environment(paths, {})
    with pytest.raises(LaunchRefused) as caught:
        prepare(paths.directory, words, {}, addresses)
    assert caught.value.reason
    assert caught.value.advice
