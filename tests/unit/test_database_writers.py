"""Writing for many at once: each job for itself, all of them committed together."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from swf_console.backend.database import Connection, Database, namespaces, open_database, runs
from swf_console.backend.database.columns import utc_now
from swf_console.backend.database.executions import insert
from swf_console.backend.database.records import NewExecution
from swf_console.backend.database.writers import GroupWriter, Unfit
from swf_console.backend.errors import DatabaseUnusable, UsageError


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = open_database(f"sqlite:///{tmp_path / 'swf.db'}")
    yield found
    found.close()


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return [use.namespace.name for use in namespaces.listed(connection)]


def held(writer: GroupWriter) -> threading.Event:
    """Hold the writer until the event is set, so that what comes meanwhile waits together."""
    go, began = threading.Event(), threading.Event()

    def job(_connection: Connection) -> None:
        began.set()
        go.wait(10)

    writer.submit(job)
    began.wait(10)
    return go


def test_what_one_job_raises_undoes_that_job_alone(database: Database) -> None:
    writer = GroupWriter(database)
    go = held(writer)

    def job(name: str) -> Future[str]:
        def write(connection: Connection) -> str:
            namespaces.ensure(connection, name, "o")
            if name.startswith("bad"):
                raise UsageError(name)
            return name

        return writer.submit(write)

    futures = [job(name) for name in ("a", "bad", "c")]
    go.set()
    assert [future.exception(10) is None for future in futures] == [True, False, True]
    writer.close()
    assert names(database) == ["a", "c"]


def test_a_result_is_there_only_once_it_is_committed(database: Database) -> None:
    writer = GroupWriter(database)
    writer.submit(lambda connection: runs.ensure(connection, 7, utc_now())).result(10)
    with database.read() as connection:
        assert runs.find(connection, 7) is not None
    writer.close()


def test_a_row_that_fails_at_the_commit_fails_alone(database: Database) -> None:
    writer = GroupWriter(database)
    go = held(writer)
    orphan = NewExecution("e-1", 77, None, {}, "o", utc_now())
    bad = writer.submit(lambda connection: insert(connection, orphan))
    good = writer.submit(lambda connection: namespaces.ensure(connection, "good", "o"))
    go.set()
    assert isinstance(bad.exception(10), Unfit)
    assert good.result(10)[1]
    writer.close()
    assert names(database) == ["good"]


def test_a_database_that_cannot_be_written_tells_everybody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = GroupWriter(database)
    go = held(writer)
    monkeypatch.setattr(database, "write", _broken)
    futures = [writer.submit(lambda _connection: None) for _ in range(3)]
    go.set()
    assert all(isinstance(future.exception(10), DatabaseUnusable) for future in futures)
    writer.close()


def _broken() -> object:
    raise DatabaseUnusable("the database is full")


def naming(name: str) -> Callable[[Connection], object]:
    return lambda connection: namespaces.ensure(connection, name, "o")


def test_closing_finishes_what_was_submitted(database: Database) -> None:
    writer = GroupWriter(database, most=2)
    futures = [writer.submit(naming(f"n{number}")) for number in range(9)]
    writer.close()
    assert all(future.done() for future in futures)
    assert len(names(database)) == 9
