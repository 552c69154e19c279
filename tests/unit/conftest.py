"""Fixtures of commands and operations on a home of a test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_console.backend.database import Database

from ..support.command_line import CommandLine


@pytest.fixture
def console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """The command line, in a home of this test alone."""
    return CommandLine(tmp_path, monkeypatch, capsys)


@pytest.fixture
def kept(console: CommandLine) -> Iterator[Database]:
    """The database of that home."""
    database = console.open_database()
    yield database
    database.close()
