"""Fixtures for screens: a home for each test, no broker, a supervisor in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_console.backend.core.settings import load_settings
from swf_console.testing.fake_supervisor import MemorySupervisor
from swf_console.viewmodels.context import ConsoleContext

from ..support.command_line import CommandLine
from ..support.homes import plain_environment


@pytest.fixture
def console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """The command line in a home of this test."""
    found = CommandLine(tmp_path, monkeypatch, capsys)
    found.name_namespace("demo")
    return found


@pytest.fixture
def supervisor() -> MemorySupervisor:
    """The supervisor of the context."""
    return MemorySupervisor(running=True)


@pytest.fixture
def context(console: CommandLine, supervisor: MemorySupervisor) -> Iterator[ConsoleContext]:
    """The context of screens in that home."""
    given = ConsoleContext(console.settings, "demo", supervisor=supervisor)
    yield given
    given.close()


@pytest.fixture
def offline_context(tmp_path: Path) -> ConsoleContext:
    """A context whose last screen was Messages, for a console that opens no connections."""
    (tmp_path / "home/workflows").mkdir(parents=True)
    (tmp_path / "home/workflows/testbed.toml").write_text('[testbed]\nnamespace = "your-namespace" # mine\n')
    environment = plain_environment(SWF_STATE_DIR=str(tmp_path / "state"), USER="alice")
    made = ConsoleContext(load_settings(environment, home=tmp_path / "home"), namespace="torre1")
    for namespace in (None, "torre1", "alice-dev"):
        made.ui_state.remember(namespace, "screen", "messages")
    return made
