"""Concurrent writes: on SQLite all waiting jobs share one commit, on PostgreSQL each has its own."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from ...core.errors import SwfError, UsageError
from .engine import Database

T = TypeVar("T")
A = TypeVar("A")
Job = Callable[[Connection], T]
JobForAll = Callable[[Connection, Sequence[A]], Sequence[T | Exception]]

MOST_AT_ONCE = 100
THREADS = 12
CONFLICTS = ("40001", "40P01")  # SQLSTATE: serialization_failure, deadlock_detected; both are to be retried


class RowRejected(UsageError):
    """The database rejects a row: a constraint, a type, a length."""


class Writer(Protocol):
    """Runs jobs that write; the result of a job is available once it is committed."""

    def submit(self, job: Job[T]) -> Future[T]:
        """Run `job` in a transaction; an exception rolls back this job only."""

    def submit_batched(self, job: JobForAll[A, T], one: A, patience: float = 0.0) -> Future[T]:
        """Run `job` on `one` and other waiting items of this job; it returns a result or error for each.

        `one` may wait up to `patience` seconds for others.
        """

    def close(self) -> None:
        """Finish the submitted jobs and stop."""


def open_writer(database: Database) -> Writer:
    """The writer for this kind of database."""
    return GroupWriter(database) if database.kind == "sqlite" else ParallelWriter(database)


class ParallelWriter:
    """A pool of threads; each job has its own transaction."""

    def __init__(self, database: Database, threads: int = THREADS) -> None:
        self._database = database
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="writer")

    def submit(self, job: Job[T]) -> Future[T]:
        """Run `job` in a transaction."""
        return self._pool.submit(self._run, job)

    def submit_batched(self, job: JobForAll[A, T], one: A, patience: float = 0.0) -> Future[T]:  # noqa: ARG002
        """Run `job` on `one` only: PostgreSQL is faster with concurrent transactions than with a batch."""
        return self.submit(_for_one(job, one))

    def close(self) -> None:
        """Finish the submitted jobs."""
        self._pool.shutdown()

    def _run(self, job: Job[T]) -> T:
        for last in (False, False, True):
            try:
                with self._database.write() as connection:
                    return job(connection)
            except (IntegrityError, DataError) as error:
                raise row_rejected(error) from error
            except DBAPIError as error:
                if last or getattr(error.orig, "pgcode", None) not in CONFLICTS:
                    raise
        raise AssertionError("the last attempt returns or raises")


class GroupWriter:
    """One thread and one transaction for all waiting jobs, each within a savepoint.

    SQLite has one writer at a time and pays for each commit: sharing one multiplies the throughput.
    """

    def __init__(self, database: Database, most: int = MOST_AT_ONCE) -> None:
        self._database, self._most = database, most
        self._waiting: deque[_Job] = deque()
        self._changed = threading.Condition()  # guards _waiting and _closing
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job[T]) -> Future[T]:
        """Run `job` in the next transaction."""
        return self._put(_Job(job))

    def submit_batched(self, job: JobForAll[A, T], one: A, patience: float = 0.0) -> Future[T]:
        """Run `job` in the next transaction on `one` and the other items that wait for it by then."""
        latest = time.monotonic() + patience if patience else 0.0
        return self._put(_Job(_for_one(job, one), job, one, latest))

    def close(self) -> None:
        """Finish the submitted jobs."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _put(self, entry: "_Job") -> Future[Any]:
        with self._changed:
            self._waiting.append(entry)
            # a patient item need not wake the thread: the first one set the time of the next transaction
            if not entry.latest or len(self._waiting) == 1:
                self._changed.notify()
        return entry.future

    def _run(self) -> None:
        while entries := self._take():
            # a job that was cancelled while it waited is skipped, and can no longer be cancelled from here on
            self._write([entry for entry in entries if entry.future.set_running_or_notify_cancel()])

    def _take(self) -> list["_Job"]:
        """The waiting jobs, once the first of them must not wait longer; empty after close()."""
        with self._changed:
            while not self._closing and (not self._waiting or self._patience() > 0):
                self._changed.wait(self._patience() if self._waiting else None)
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most))]

    def _patience(self) -> float:
        return min(entry.latest for entry in self._waiting) - time.monotonic()

    def _write(self, entries: Sequence["_Job"]) -> None:
        if not entries:
            return
        units = _units(entries)
        try:
            with self._database.write() as connection:
                if len(units) == 1:
                    _do(units[0], connection)
                else:
                    for unit in units:
                        _try_within(unit, connection)
        except Exception as error:  # noqa: BLE001 (every caller gets it from its future)
            self._one_by_one(entries, error)
        else:
            for entry in entries:
                entry.settle()

    def _one_by_one(self, entries: Sequence["_Job"], error: Exception) -> None:
        """The transaction failed: if one job may be the cause, run each in its own transaction."""
        if len(entries) > 1 and not isinstance(error, SwfError):
            for entry in entries:
                self._write([entry])
            return
        reported = row_rejected(error) if isinstance(error, IntegrityError | DataError) else error
        for entry in entries:
            entry.future.set_exception(reported)


def row_rejected(error: DBAPIError) -> RowRejected:
    """The first line of the database's error, without the statement."""
    lines = str(error.orig).strip().splitlines()
    return RowRejected(lines[0] if lines else "rejected by the database")


def _for_one(job: JobForAll[A, T], one: A) -> Job[T]:
    def run(connection: Connection) -> T:
        (result,) = job(connection, [one])
        if isinstance(result, Exception):
            raise result
        return result

    return run


class _Job:
    """A job with its result and its future; `for_all` runs it for several items at once.

    It may wait until `latest`, by the monotonic clock.
    """

    def __init__(
        self,
        job: Job[Any],
        for_all: JobForAll[Any, Any] | None = None,
        one: Any = None,
        latest: float = 0.0,
    ) -> None:
        self.job, self.for_all, self.one, self.latest = job, for_all, one, latest
        self.future: Future[Any] = Future()
        self.result: Any = None

    def settle(self) -> None:
        if isinstance(self.result, Exception):
            self.future.set_exception(self.result)
        else:
            self.future.set_result(self.result)


Unit = Sequence[_Job]


def _units(entries: Unit) -> list[Unit]:
    """Items of the same batch job together, every other job alone."""
    by_job: dict[object, list[_Job]] = {}
    for entry in entries:
        by_job.setdefault(entry.for_all or entry, []).append(entry)
    return list(by_job.values())


def _do(unit: Unit, connection: Connection) -> None:
    first = unit[0]
    if len(unit) == 1 or first.for_all is None:
        first.result = first.job(connection)
        return
    results = first.for_all(connection, [entry.one for entry in unit])
    for entry, result in zip(unit, results, strict=True):
        entry.result = result


def _try_within(unit: Unit, connection: Connection) -> None:
    """Run a unit within a savepoint; if it fails, run each of its jobs within a separate one."""
    try:
        with connection.begin_nested():
            _do(unit, connection)
    except Exception as error:
        if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError | DataError):
            raise  # disk, lock or file: it concerns all jobs
        if len(unit) > 1:
            for entry in unit:
                _try_within([entry], connection)
            return
        unit[0].result = row_rejected(error) if isinstance(error, DBAPIError) else error
