"""The command lines of the existing testbed, and the program that a usage error names."""

import sys
from collections.abc import Sequence

import pytest

from swf_console import testbed
from swf_console.cli.main import TESTBED_WORDS, main
from tests.support.command_line import CommandLine


@pytest.mark.parametrize(
    ("typed", "command", "usage"),
    [
        (["/home/x/bin/swf-console", "up", "--nope"], ["up", "--nope"], "usage: swf-console up "),
        (["/home/x/bin/testbed", "run", "--nope"], ["up", "--nope"], "usage: testbed run "),
        (["swf-testbed", "status", "--nope"], ["status", "--nope"], "usage: swf-testbed status "),
        (["workflows/workflow_runner.py", "--nope"], ["runner", "--nope"], "usage: workflow_runner.py "),
        (
            ["workflows/send_workflow_command.py", "nope"],
            ["control", "nope"],
            "usage: send_workflow_command.py ",
        ),
    ],
)
def test_usage_error_names_the_typed_program(
    typed: list[str],
    command: list[str],
    usage: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", typed)
    with pytest.raises(SystemExit) as ended:
        main(command)
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith(usage)
    assert "error: " in said
    assert "nope" in said


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        (["run", "fast_processing"], ["up", "fast_processing"]),
        (["--home", "/h", "run"], ["--home", "/h", "up"]),
        (["start-local"], ["up", "--services"]),
        (["stop"], ["down"]),
        (["stop-agents", "data"], ["down", "data"]),
        (["agent-manager"], ["agent-manager"]),
        (["init", "new"], ["init", "new"]),
        (["init"], ["init", "."]),
    ],
)
def test_testbed_word_is_carried_out_by_its_command(
    typed: list[str],
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    carried_out: list[Sequence[str]] = []

    def console(words: Sequence[str]) -> int:
        carried_out.append(words)
        return 0

    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    monkeypatch.setattr(testbed, "console", console)
    monkeypatch.setattr(sys, "argv", ["testbed", *typed])
    assert testbed.main() == 0
    assert carried_out == [command]


def test_testbed_unknown_word_is_refused_with_the_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["testbed", "strat"])
    assert testbed.main() == 2
    assert capsys.readouterr().err.startswith("testbed: 'strat' is not a command\nusage: testbed ")


def test_testbed_words_are_those_that_usage_errors_name() -> None:
    assert sorted(TESTBED_WORDS) == sorted(testbed.COMMANDS)


def test_testbed_init_in_a_home_changes_nothing(
    console: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(console.home)
    monkeypatch.setattr(sys, "argv", ["testbed", "init"])
    assert testbed.main() == 0
    assert "is a home" in capsys.readouterr().out


def test_runner_with_a_workflow_runs_it_once(console: CommandLine) -> None:
    console.name_namespace("demo")
    said = console("runner", "stf_datataking", "--stf-count", "2", "--json")
    assert (said.code, said.document["performance_metrics"]["stf_count"]) == (0, 2)


def test_log_level_unknown_name_is_refused(console: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    console.name_namespace("demo")
    monkeypatch.setenv("SWF_LOG_LEVEL", "LOUD")
    said = console("--run", "stf_datataking", "--stf-count", "1")
    assert (said.code, said.out) == (2, "")
    assert "SWF_LOG_LEVEL=LOUD is not a log level" in said.err
