"""Writing for many at once: on SQLite all that waits shares one commit, on PostgreSQL each has its own."""

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
IN_EACH_OTHERS_WAY = ("40001", "40P01")


class Unfit(UsageError):
    """A row that the tables refuse."""


class Writer(Protocol):
    """Runs jobs that write; a job's result is there once it is committed."""

    def submit(self, job: Job[T]) -> Future[T]:
        """Run `job` in a transaction; what it raises undoes this job alone."""

    def submit_together(self, job: JobForAll[A, T], one: A, patience: float = 0.0) -> Future[T]:
        """Run `job` on `one` and on what else waits for the same job: a result, or an error, for each.

        It may wait for others up to `patience` seconds.
        """

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

    def submit_together(self, job: JobForAll[A, T], one: A, patience: float = 0.0) -> Future[T]:  # noqa: ARG002
        """Run `job` on `one` alone: transactions at once are faster than one after the other."""
        return self.submit(_alone(job, one))

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
    """One thread and one transaction for all that wait, each job within a savepoint.

    Jobs that are submitted together are one job.
    """

    def __init__(self, database: Database, most: int = MOST_AT_ONCE) -> None:
        self._database, self._most = database, most
        self._waiting: deque[_Entry] = deque()
        self._news = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job[T]) -> Future[T]:
        """Run `job` in the next transaction."""
        return self._put(_Entry(job))

    def submit_together(self, job: JobForAll[A, T], one: A, patience: float = 0.0) -> Future[T]:
        """Run `job` in the next transaction on `one`, and on what else waits for it by then."""
        latest = time.monotonic() + patience if patience else 0.0
        return self._put(_Entry(_alone(job, one), job, one, latest))

    def close(self) -> None:
        """Finish what was submitted."""
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join()

    def _put(self, entry: "_Entry") -> Future[Any]:
        with self._news:
            self._waiting.append(entry)
            # who may wait wakes nobody who waits already
            if not entry.latest or len(self._waiting) == 1:
                self._news.notify()
        return entry.future

    def _run(self) -> None:
        while entries := self._take():
            self._write([entry for entry in entries if entry.future.set_running_or_notify_cancel()])

    def _take(self) -> list["_Entry"]:
        """What waits, once the first of it may wait no longer; nothing when the end has come."""
        with self._news:
            while not self._closing and (not self._waiting or self._patience() > 0):
                self._news.wait(self._patience() if self._waiting else None)
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most))]

    def _patience(self) -> float:
        return min(entry.latest for entry in self._waiting) - time.monotonic()

    def _write(self, entries: Sequence["_Entry"]) -> None:
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


def _alone(job: JobForAll[A, T], one: A) -> Job[T]:
    def run(connection: Connection) -> T:
        (result,) = job(connection, [one])
        if isinstance(result, Exception):
            raise result
        return result

    return run


class _Entry:
    """A job, what became of it, and who waits for it; `for_all` does it for others of its kind as well.

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


Unit = Sequence[_Entry]


def _units(entries: Unit) -> list[Unit]:
    """What is done at once: jobs for all with their like, every other on its own."""
    alike: dict[object, list[_Entry]] = {}
    for entry in entries:
        alike.setdefault(entry.for_all or entry, []).append(entry)
    return list(alike.values())


def _do(unit: Unit, connection: Connection) -> None:
    first = unit[0]
    if len(unit) == 1 or first.for_all is None:
        first.result = first.job(connection)
        return
    results = first.for_all(connection, [entry.one for entry in unit])
    for entry, result in zip(unit, results, strict=True):
        entry.result = result


def _try_within(unit: Unit, connection: Connection) -> None:
    """A unit within a savepoint; where it fails as a whole, each of it within one of its own."""
    try:
        with connection.begin_nested():
            _do(unit, connection)
    except Exception as error:
        if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError | DataError):
            raise  # the disk, the lock, the file: a matter of all
        if len(unit) > 1:
            for entry in unit:
                _try_within([entry], connection)
            return
        unit[0].result = unfit(error) if isinstance(error, DBAPIError) else error
