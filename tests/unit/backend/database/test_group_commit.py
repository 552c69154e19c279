"""Writing for many at once: each job for itself, all of them committed together."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import pytest

from swf_console.backend.core.errors import DatabaseUnusable, UsageError
from swf_console.backend.database import Connection, Database, namespaces, runs
from swf_console.backend.database.connection.group_commit import GroupWriter, ParallelWriter, RowRejected
from swf_console.backend.database.executions import insert
from swf_console.backend.database.records.workflows import NewExecution
from swf_console.backend.database.sql.types import utc_now


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


def test_writer_failing_job_rolls_back_alone(database: Database) -> None:
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


def test_writer_result_available_after_commit(database: Database) -> None:
    writer = GroupWriter(database)
    writer.submit(lambda connection: runs.ensure(connection, 7, utc_now())).result(10)
    with database.read() as connection:
        assert runs.find(connection, 7) is not None
    writer.close()


def test_writer_row_failing_at_commit_fails_alone(database: Database) -> None:
    writer = GroupWriter(database)
    go = held(writer)
    orphan = NewExecution("e-1", 77, None, {}, "o", utc_now())
    bad = writer.submit(lambda connection: insert(connection, orphan))
    good = writer.submit(lambda connection: namespaces.ensure(connection, "good", "o"))
    go.set()
    assert isinstance(bad.exception(10), RowRejected)
    assert good.result(10)[1]
    writer.close()
    assert names(database) == ["good"]


def test_writer_unwritable_database_fails_every_job(
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


def test_writer_close_finishes_submitted_jobs(database: Database) -> None:
    writer = GroupWriter(database, most=2)
    futures = [writer.submit(naming(f"n{number}")) for number in range(9)]
    writer.close()
    assert all(future.done() for future in futures)
    assert len(names(database)) == 9


class Together:
    """A job that makes a namespace of each name, all of them at once; `calls` are those that it was given."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, connection: Connection, given: Sequence[str]) -> list[str | Exception]:
        self.calls.append(list(given))
        for name in given:
            namespaces.ensure(connection, name, "o")
        if "breaks" in given:
            raise ValueError("one of them breaks all")
        return [UsageError(name) if name == "refused" else name for name in given]


def test_writer_batched_jobs_run_once_with_separate_results(database: Database) -> None:
    writer, together = GroupWriter(database), Together()
    go = held(writer)
    futures = [writer.submit_batched(together, name) for name in ("a", "refused", "b")]
    other = writer.submit(lambda connection: namespaces.ensure(connection, "c", "o"))
    go.set()
    assert [futures[0].result(10), futures[2].result(10)] == ["a", "b"]
    assert isinstance(futures[1].exception(10), UsageError)
    assert other.result(10)[1]
    assert together.calls == [["a", "refused", "b"]]
    writer.close()


def test_writer_failing_item_of_a_batch_fails_alone(database: Database) -> None:
    writer, together = GroupWriter(database), Together()
    go = held(writer)
    futures = [writer.submit_batched(together, name) for name in ("a", "breaks", "b")]
    other = writer.submit(lambda connection: namespaces.ensure(connection, "c", "o"))
    go.set()
    assert [future.exception(10) is None for future in futures] == [True, False, True]
    assert other.exception(10) is None
    assert together.calls == [["a", "breaks", "b"], ["a"], ["breaks"], ["b"]]
    writer.close()
    assert names(database) == ["a", "b", "c"]


def test_writer_patient_job_waits_for_others(database: Database) -> None:
    writer, together = GroupWriter(database), Together()
    patient = [writer.submit_batched(together, name, patience=60) for name in ("a", "b")]
    with pytest.raises(TimeoutError):
        patient[0].result(0.05)
    assert writer.submit(lambda connection: namespaces.ensure(connection, "c", "o")).result(10)[1]
    assert [future.result(10) for future in patient] == ["a", "b"]
    assert together.calls == [["a", "b"]]
    assert writer.submit_batched(together, "d", patience=0.01).result(10) == "d"
    last = writer.submit_batched(together, "e", patience=60)
    writer.close()
    assert last.result(0) == "e"


def test_parallel_writer_batched_jobs_run_separately(database: Database) -> None:
    writer, together = ParallelWriter(database, threads=1), Together()
    futures = [writer.submit_batched(together, name, patience=60) for name in ("a", "refused")]
    assert futures[0].result(10) == "a"
    assert isinstance(futures[1].exception(10), UsageError)
    writer.close()
    assert together.calls == [["a"], ["refused"]]
    assert names(database) == ["a"]
