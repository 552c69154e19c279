"""A SQLite file of each test, and the database in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_console.backend.database import Database, open_database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is, or will be."""
    return tmp_path / "swf.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    """The open database in that file."""
    opened = open_database(f"sqlite:///{path}")
    yield opened
    opened.close()
