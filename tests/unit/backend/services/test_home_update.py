"""`swf-console init --update` rewrites what 0.1 called its modules in the files of a home, and asks first."""

import io
import shutil
import sys
import tomllib
from pathlib import Path

import pytest

from swf_console.backend.services.home import FOLDERS, SUPERVISION, find_updates
from swf_console.backend.simulation.workflow_loader import load_workflow
from tests.support.command_line import CommandLine
from tests.support.homes import CHECKOUT

OLD_HOME = CHECKOUT / "tests/support/home_0_1"
CHANGED = {
    "agents.supervisord.conf",
    "agents/_base.py",
    "agents/example_data_agent.py",
    "agents/example_fastmon_agent.py",
    "agents/example_processing_agent.py",
    "agents/fast_processing_agent.py",
    "agents/slice_worker.py",
    "workflows/_console.py",
    "workflows/fast_processing_default.toml",
    "workflows/stf_datataking.py",
    "workflows/stf_datataking_default.toml",
    "workflows/stf_processing_default.toml",
}


class Answer(io.StringIO):
    """A terminal at which somebody has typed already."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def old(console: CommandLine) -> CommandLine:
    """A home as 0.1 made it."""
    for name in (*FOLDERS, SUPERVISION):
        there = console.home / name
        shutil.rmtree(there) if there.is_dir() else there.unlink()
    shutil.copytree(OLD_HOME, console.home, dirs_exist_ok=True)
    console.name_namespace("mine")
    return console


def contents(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_update_without_answer_shows_diff_changes_nothing(old: CommandLine) -> None:
    before = contents(old.home)
    said = old("init", "--update", str(old.home))
    assert said.code == 5
    assert "Nothing was changed" in said.err
    assert {
        line.removeprefix("+++ b/") for line in said.out.splitlines() if line.startswith("+++")
    } == CHANGED
    assert "+supervisor.ctl_factory=swf_console.supervisorctl:find_supervisord" in said.out.splitlines()
    assert contents(old.home) == before


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("Yes\n", 0), ("n\n", 5), ("\n", 5), ("", 5)])
def test_update_asks_for_confirmation(
    old: CommandLine, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    monkeypatch.setattr(sys, "stdin", Answer(answer))
    said = old("init", "--update")
    assert said.code == code
    assert f"Change these {len(CHANGED)} files? [y/N]" in said.err
    assert bool(list(old.home.rglob("*.previous"))) == (code == 0)


def test_update_yes_changes_files_and_keeps_previous(old: CommandLine) -> None:
    before = contents(old.home)
    said = old("init", "--update", "--yes")
    assert said.code == 0
    assert "supervisorctl -c agents.supervisord.conf update" in said.err
    after = contents(old.home)
    assert {name for name in before if before[name] != after[name]} == CHANGED
    assert {name: after[f"{name}.previous"] for name in CHANGED} == {name: before[name] for name in CHANGED}
    again = old("init", "--update")
    assert (again.code, again.out) == (0, "")
    assert contents(old.home) == after


def test_update_changed_workflow_gets_new_version(old: CommandLine) -> None:
    workflows = old.home / "workflows"
    text = (workflows / "stf_processing_default.toml").read_text()
    (workflows / "next_default.toml").write_text(text.replace('"1.0"', '"1.1"  # ours'))
    (workflows / "words_default.toml").write_text(text.replace('"1.0"', '"beta"'))
    (workflows / "other_default.toml").write_text(text.replace('"stf_datataking"', '"other"'))
    (workflows / "broken_default.toml").write_text("[workflow\n")
    sha256 = load_workflow(workflows, "stf_datataking").sha256
    assert old("init", "--update", "--yes").code == 0
    assert load_workflow(workflows, "stf_datataking").sha256 != sha256
    found = {
        name: tomllib.loads((workflows / f"{name}_default.toml").read_text())["workflow"]["version"]
        for name in ("stf_processing", "fast_processing", "next", "words", "other")
    }
    assert found == {
        "stf_processing": "1.2",
        "fast_processing": "1.2",
        "next": "1.2",
        "words": "beta.1",
        "other": "1.0",
    }
    assert 'version = "1.2"  # ours' in (workflows / "next_default.toml").read_text()


def test_update_current_home_nothing_to_do(console: CommandLine) -> None:
    said = console("init", "--update")
    assert (said.code, said.out) == (0, "")
    assert "nothing to update" in said.err


def test_update_declared_programs_updated_binary_ignored(old: CommandLine) -> None:
    declared = old.settings.state_dir / "supervision" / "declared.conf"
    declared.parent.mkdir()
    command = next(line for line in (OLD_HOME / SUPERVISION).read_text().splitlines() if "data_agent" in line)
    declared.write_text(f"[program:theirs]\n{command}\n")
    (old.home / "agents/binary.py").write_bytes(b"\xff from swf_console.cli.main import main")
    (old.home / "agents/broken.py").write_text("def\n")
    assert old("init", "--update", "--yes").code == 0
    assert "\ncommand=python -m swf_console.launch agents/" in declared.read_text()
    assert not (old.home / "agents/binary.py.previous").exists()
    assert find_updates(old.home, old.settings.state_dir) == []


def test_update_unwritable_file_one_line(old: CommandLine) -> None:
    (old.home / "agents/_base.py.previous").mkdir()
    said = old("init", "--update", "--yes")
    assert said.code == 2
    assert "_base.py: cannot be written" in said.err


def test_doctor_old_home_advises_update(old: CommandLine) -> None:
    said = old("doctor", "--json")
    (check,) = [each for each in said.documents if each["name"] == "public names"]
    assert check["verdict"] == "warn"
    assert check["advice"] == f"swf-console init --update {old.home}"
    assert old("init", "--update", "--yes").code == 0
    said = old("doctor", "--json")
    assert [each["verdict"] for each in said.documents if each["name"] == "public names"] == ["ok"]


@pytest.mark.parametrize("arguments", [[], ["--yes"], ["somewhere", "--yes"]])
def test_init_without_directory_usage_error(
    console: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert console("init", *arguments).code == 2
    assert not (tmp_path / "somewhere").exists()
