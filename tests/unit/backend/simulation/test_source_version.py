"""What git knows about a workflow's file, and what is recorded where it knows nothing."""

import importlib
import subprocess
from pathlib import Path

import pytest

from swf_console.backend.simulation.execution_environment import execution_environment
from swf_console.backend.simulation.source_version import Remote, SourceVersion, collect_source, parse_remote
from swf_console.backend.simulation.workflow_loader import load_workflow
from tests.support.simulation import WORKFLOWS


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def workflow_file(tmp_path: Path) -> Path:
    """A committed workflow in a repository with a remote."""
    top = tmp_path / "testbed with spaces"
    path = top / "workflows" / "mine.py"
    path.parent.mkdir(parents=True)
    path.write_text("x = 1\n")
    git(top, "init", "-q", "-b", "main")
    git(top, "remote", "add", "origin", "https://ada:s3cret@github.com/BNLNPPS/swf-testbed.git")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "first")
    return path


def test_source_version_committed_file_without_password(workflow_file: Path) -> None:
    git(workflow_file.parent, "tag", "v1.2")
    commit = git(workflow_file.parent, "rev-parse", "HEAD")
    assert collect_source(workflow_file).result() == SourceVersion(
        organisation="BNLNPPS",
        repository="swf-testbed",
        path="workflows/mine.py",
        branch="main",
        commit=commit,
        tag="v1.2",
        dirty=False,
        url=f"https://github.com/BNLNPPS/swf-testbed/blob/{commit}/workflows/mine.py",
    )


def test_source_version_changed_or_uncommitted_dirty(workflow_file: Path) -> None:
    other = workflow_file.with_name("other.py")
    other.write_text("y = 1\n")
    assert collect_source(workflow_file).result().dirty is False
    assert collect_source(other).result().dirty is True
    workflow_file.write_text("x = 2\n")
    assert collect_source(workflow_file).result().dirty is True


def test_source_version_detached_head_no_branch(workflow_file: Path) -> None:
    git(workflow_file.parent, "checkout", "-q", "--detach")
    source = collect_source(workflow_file).result()
    assert (source.branch, source.absent) == (None, None)
    assert source.commit


def test_source_version_before_first_commit_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "mine.py").touch()
    source = collect_source(tmp_path / "mine.py").result()
    assert (source.commit, source.branch, source.dirty, source.repository) == (None, "main", True, None)


def test_source_version_no_repository_absent(tmp_path: Path) -> None:
    source = collect_source(tmp_path / "mine.py").result()
    assert source == SourceVersion(absent="the file is not in a git repository")


def test_source_version_no_git_absent(workflow_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(workflow_file.parent))
    assert collect_source(workflow_file).result() == SourceVersion(absent="git is not installed")


def test_source_version_refused_repository_has_reason(
    workflow_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = workflow_file.parent / "git"
    fake.write_text(
        "#!/bin/sh\necho \"fatal: detected dubious ownership in repository at '/x'\" >&2\nexit 128\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(workflow_file.parent))
    source = collect_source(workflow_file).result()
    assert source.absent == "fatal: detected dubious ownership in repository at '/x'"
    assert source.path == "workflows/mine.py"


def test_source_version_ignores_git_variables(workflow_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert collect_source(workflow_file).result().branch == "main"


@pytest.mark.parametrize(
    ("url", "remote"),
    [
        ("https://github.com/BNLNPPS/swf-testbed.git", Remote("github.com", "BNLNPPS", "swf-testbed")),
        ("https://ada:token@github.com/BNLNPPS/swf-testbed", Remote("github.com", "BNLNPPS", "swf-testbed")),
        ("git@github.com:BNLNPPS/swf-testbed.git", Remote("github.com", "BNLNPPS", "swf-testbed")),
        (
            "ssh://git@gitlab.cern.ch:7999/epic/daq/testbed.git",
            Remote("gitlab.cern.ch", "epic/daq", "testbed"),
        ),
        ("/srv/git/testbed.git", Remote(None, None, "testbed")),
        ("file:///srv/git/testbed.git", Remote(None, None, "testbed")),
        ("", Remote(None, None, None)),
    ],
)
def test_parse_remote_all_forms(url: str, remote: Remote) -> None:
    assert parse_remote(url) == remote


def test_execution_environment_complete() -> None:
    for loaded in ("simpy", "sqlalchemy", "stomp"):
        importlib.import_module(loaded)
    code = load_workflow(WORKFLOWS, "stf_datataking")
    source = SourceVersion(branch="main")
    environment = execution_environment(
        code, source, user="ada", broker="embedded", database="sqlite", host="h"
    )
    assert environment["workflow"]["sha256"] == code.sha256
    assert environment["source"]["branch"] == "main"
    assert {"simpy", "sqlalchemy", "stomp.py"} <= set(environment["packages"])
    assert all(environment[name] for name in ("host", "user", "pid", "python", "broker", "database"))


def test_source_version_file_outside_the_commit_has_no_link(workflow_file: Path) -> None:
    other = workflow_file.with_name("other.py")
    other.write_text("y = 1\n")
    assert collect_source(other).result().url is None
    git(other.parent, "add", "other.py")
    staged = collect_source(other).result()
    assert (staged.url, staged.dirty) == (None, True)
