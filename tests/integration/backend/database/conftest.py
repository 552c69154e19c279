"""A database of each test, once on SQLite and once on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_console.backend.database import Database, open_database
from swf_console.backend.database.connection import migrate


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'swf.db'}"
    address: str = request.getfixturevalue("postgresql_url")
    return address


@pytest.fixture
def url(empty_url: str) -> str:
    """The address of a database with all tables."""
    migrate.upgrade(empty_url)
    return empty_url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """That database, opened."""
    opened = open_database(url)
    yield opened
    opened.close()
