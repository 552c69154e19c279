"""A database that is moved, deleted or replaced under a running process: noticed, and never written to."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from swf_console.backend.core.errors import DatabaseReplaced
from swf_console.backend.database import Database, agents, open_database
from swf_console.backend.database.records.agents import Heartbeat


def beat(database: Database, name: str) -> None:
    with database.write() as connection:
        agents.heartbeat(connection, Heartbeat(name, "data", "OK", datetime.now(UTC)))


def agents_in(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        return int(connection.execute("SELECT count(*) FROM swf_systemagent").fetchone()[0])


def test_write_moved_file_refused_until_it_is_back(database: Database, path: Path) -> None:
    beat(database, "a")
    moved = path.rename(path.with_name("moved.db"))
    journal = path.with_name("swf.db-wal")
    before = (moved.read_bytes(), journal.read_bytes())
    with pytest.raises(DatabaseReplaced, match=r"swf\.db: the database file was moved or deleted"):
        beat(database, "b")
    with pytest.raises(DatabaseReplaced), database.read():
        pass
    assert (moved.read_bytes(), journal.read_bytes()) == before
    assert not path.exists()
    moved.rename(path)
    beat(database, "b")
    assert agents_in(path) == 2


def test_write_replaced_file_refused(database: Database, path: Path) -> None:
    beat(database, "a")
    path.rename(path.with_name("lost.db"))
    other = open_database(f"sqlite:///{path}")
    with pytest.raises(DatabaseReplaced, match="replaced by another one"):
        beat(database, "b")
    beat(other, "c")
    other.close()
    assert agents_in(path) == 1


def test_read_unchanged_file_never_refused(database: Database, path: Path) -> None:
    for number in range(3):
        beat(database, f"a{number}")
        path.touch()
    with database.read() as connection:
        assert len(agents.page(connection).items) == 3
