"""Fixtures of commands and operations on a home of a test's own."""

import socket
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
def home_database(console: CommandLine) -> Iterator[Database]:
    """The database of that home."""
    database = console.open_database()
    yield database
    database.close()


@pytest.fixture
def unused_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]
