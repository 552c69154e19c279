"""Writing for many at once: on SQLite all that waits shares one commit, on PostgreSQL each has its own."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from ..errors import SwfError, UsageError
from .engine import Database

T = TypeVar("T")
Job = Callable[[Connection], T]

MOST_AT_ONCE = 100
THREADS = 12
IN_EACH_OTHERS_WAY = ("40001", "40P01")


class Unfit(UsageError):
    """A row that the tables refuse."""


class Writer(Protocol):
    """Runs jobs that write; a job's result is there once it is committed."""

    def submit(self, job: Job[T]) -> Future[T]:
        """Run `job` in a transaction; what it raises undoes this job alone."""

    def close(self) -> None:
        """Finish what was submitted and end."""


def open_writer(database: Database) -> Writer:
    """The writer that suits the database."""
    return GroupWriter(database) if database.kind == "sqlite" else ParallelWriter(database)


class ParallelWriter:
    """A few threads, each job in a transaction of its own."""

    def __init__(self, database: Database, threads: int = THREADS) -> None:
        self._database = database
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="writer")

    def submit(self, job: Job[T]) -> Future[T]:
        """Run `job` in a transaction."""
        return self._pool.submit(self._run, job)

    def close(self) -> None:
        """Finish what was submitted."""
        self._pool.shutdown()

    def _run(self, job: Job[T]) -> T:
        for last in (False, False, True):
            try:
                with self._database.write() as connection:
                    return job(connection)
            except (IntegrityError, DataError) as error:
                raise unfit(error) from error
            except DBAPIError as error:
                if last or getattr(error.orig, "pgcode", None) not in IN_EACH_OTHERS_WAY:
                    raise
        raise AssertionError("the last attempt returns or raises")


class GroupWriter:
    """One thread and one transaction for all that wait, each job within a savepoint."""

    def __init__(self, database: Database, most: int = MOST_AT_ONCE) -> None:
        self._database, self._most = database, most
        self._waiting: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job[T]) -> Future[T]:
        """Run `job` in the next transaction."""
        entry = _Entry(job)
        self._waiting.put(entry)
        return entry.future

    def close(self) -> None:
        """Finish what was submitted."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            entries, more = self._take()
            self._write([entry for entry in entries if entry.future.set_running_or_notify_cancel()])
            if not more:
                return

    def _take(self) -> tuple[list["_Entry"], bool]:
        entries: list[_Entry] = []
        entry = self._waiting.get()
        while entry is not None:
            entries.append(entry)
            if len(entries) >= self._most:
                return entries, True
            try:
                entry = self._waiting.get_nowait()
            except queue.Empty:
                return entries, True
        return entries, False

    def _write(self, entries: Sequence["_Entry"]) -> None:
        if not entries:
            return
        try:
            with self._database.write() as connection:
                if len(entries) == 1:
                    entries[0].do(connection)
                else:
                    for entry in entries:
                        entry.try_within(connection)
        except Exception as error:  # noqa: BLE001 (whatever it is, the jobs' owners are told)
            self._one_by_one(entries, error)
        else:
            for entry in entries:
                entry.settle()

    def _one_by_one(self, entries: Sequence["_Entry"], error: Exception) -> None:
        """The transaction failed as a whole: where one job may be the cause, the others go on without it."""
        if len(entries) > 1 and not isinstance(error, SwfError):
            for entry in entries:
                self._write([entry])
            return
        told = unfit(error) if isinstance(error, IntegrityError | DataError) else error
        for entry in entries:
            entry.future.set_exception(told)


def unfit(error: DBAPIError) -> Unfit:
    """The first line of what the database said, without the statement."""
    lines = str(error.orig).strip().splitlines()
    return Unfit(lines[0] if lines else "refused by the database")


class _Entry:
    """A job, what became of it, and who waits for it."""

    def __init__(self, job: Job[Any]) -> None:
        self._job = job
        self.future: Future[Any] = Future()
        self._result: Any = None
        self._error: Exception | None = None

    def do(self, connection: Connection) -> None:
        self._result, self._error = self._job(connection), None

    def try_within(self, connection: Connection) -> None:
        self._result = self._error = None
        try:
            with connection.begin_nested():
                self._result = self._job(connection)
        except DBAPIError as error:
            if not isinstance(error, IntegrityError | DataError):
                raise  # the disk, the lock, the file: a matter of all
            self._error = unfit(error)
        except Exception as error:  # noqa: BLE001 (its owner is told)
            self._error = error

    def settle(self) -> None:
        if self._error is None:
            self.future.set_result(self._result)
        else:
            self.future.set_exception(self._error)
