"""The engine: connections, their pool, and the start of transactions, for either database."""

import contextlib
import select
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event, pool, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, DisconnectionError

from ...core.errors import DatabaseFull, DatabaseUnusable
from . import driver_errors, sqlite_file, urls
from .identity import FileIdentity, ServerIdentity

IDLE_SECONDS = 30.0
PAGE_OF_ROWS = 1000
FULL = "its disk"  # the start of `read_only` for a full disk
ASK_OWNER = "Ask the owner of the database to run: swf-console db upgrade"

Kind = Literal["sqlite", "postgresql"]

_POSTGRESQL_NOW = text("SELECT clock_timestamp()")


class Database:
    """An open database. Thread-safe; a connection of `read()` or `write()` belongs to one thread.

    A commit survives the process; with `durable` SQLite's also survives a loss of power. `read_only` is the
    reason why nothing can be written, empty if it can.
    """

    def __init__(self, url: URL, *, durable: bool = False, read_only: str = "", advice: str = "") -> None:
        self.url = url
        self.kind: Kind = "sqlite" if url.drivername == "sqlite" else "postgresql"
        self.safe_url = urls.shown(url)
        self.read_only, self._advice = read_only, advice or ASK_OWNER
        file = urls.file_of(url)
        if file is not None and read_only:
            self._engine = _read_only_engine(file)
        else:
            self._engine = _sqlite_engine(url, durable) if self.kind == "sqlite" else _postgresql_engine(url)
        self._file = FileIdentity(file) if file else None
        if self.kind == "postgresql":
            event.listen(self._engine, "connect", ServerIdentity(self.safe_url).check)
        self._writer = self._engine.execution_options(swf_begin="BEGIN IMMEDIATE")
        # a database in memory is one connection that all threads share: one transaction at a time
        self._memory_lock = threading.RLock() if urls.is_memory(url) else contextlib.nullcontext()

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one state of the database and blocks no writer (except in memory).

        Raises DatabaseReplaced if its file was moved or replaced since it was opened.
        """
        self._check_identity()
        with self._translated(), self._memory_lock, self._engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that commits at the end, or rolls back on an exception.

        On SQLite it waits up to 30 s for the write lock. Raises DatabaseUnusable (full, read-only, locked for
        too long) and DatabaseUnreachable (no connection to the server).
        """
        if self.read_only:
            raise self.write_refusal()
        self._check_identity()
        with self._translated(), self._memory_lock, self._writer.begin() as connection:
            yield connection

    def write_refusal(self) -> DatabaseUnusable:
        """The error of every write to a database that is `read_only`."""
        kind = DatabaseFull if self.read_only.startswith(FULL) else DatabaseUnusable
        return kind(f"read-only: {self.read_only}", self._advice)

    def enter_wal(self) -> None:
        """Set SQLite's journal mode to WAL; the file keeps it."""
        # the mode cannot change inside a transaction
        outside = self._engine.execution_options(swf_begin=None)
        with self._translated(), outside.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")

    @property
    def engine(self) -> Engine:
        """The pool of connections."""
        return self._engine

    def close(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()

    def _check_identity(self) -> None:
        if self._file is not None:
            self._file.check()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            driver_errors.reraise(error, self.safe_url)


def server_time(connection: Connection) -> datetime:
    """The time by which leases are measured, so that clocks of hosts may differ.

    On PostgreSQL it is the clock of the server; on SQLite that of this host, the only one that uses the file.
    """
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    instant: datetime = connection.execute(_POSTGRESQL_NOW).scalar_one()
    return instant.astimezone(UTC)


def server_encoding(connection: Connection) -> str:
    """The encoding of a PostgreSQL database; SQLite stores text as UTF-8."""
    if connection.dialect.name == "sqlite":
        return "UTF8"
    return str(connection.scalar(text("SHOW server_encoding")))


def _sqlite_engine(url: URL, durable: bool) -> Engine:
    memory = urls.is_memory(url)
    file = urls.file_of(url)
    if file is not None:
        url = url.set(database=str(file))
    engine = create_engine(
        url,
        poolclass=pool.StaticPool if memory else pool.QueuePool,
        connect_args={
            "isolation_level": None,
            "timeout": sqlite_file.BUSY_SECONDS,
            "check_same_thread": False,
        },
        hide_parameters=True,
        **({} if memory else {"max_overflow": 20}),
    )
    event.listen(engine, "connect", _prepare_sqlite)
    if durable:
        event.listen(engine, "connect", _sync_every_commit)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _read_only_engine(file: Path) -> Engine:
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite_file.connect_read_only(file),
        poolclass=pool.NullPool,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # synchronous=NORMAL in WAL mode: a power loss may lose the last commits, but never corrupts the file
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA cache_size=-16384")
    connection.execute("PRAGMA wal_autocheckpoint=4000")


def _sync_every_commit(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: Connection) -> None:
    # isolation_level=None stops sqlite3 from its own BEGIN: without an explicit one each statement is a
    # transaction, and two readers that become writers overwrite each other's update without an error
    begin = connection.get_execution_options().get("swf_begin", "BEGIN")
    if not begin:
        return
    raw: Any = connection.connection.dbapi_connection
    try:
        # on the raw connection: creating a cursor through SQLAlchemy costs more than the statement
        raw.execute(begin)
    except sqlite3.Error as error:
        raise DBAPIError.instance(begin, (), error, sqlite3.Error, dialect=connection.dialect) from error


def _postgresql_engine(url: URL) -> Engine:
    arguments: dict[str, Any] = {
        "connect_timeout": 5,
        "application_name": "swf-console",
        # a network that drops packets silently is noticed after 10 + 3 x 5 s when idle, after 20 s when
        # sending; the defaults of Linux are two hours and 15 minutes
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }
    engine = create_engine(
        url,
        connect_args={key: value for key, value in arguments.items() if key not in url.query},
        # one INSERT with many rows, and batches for other statements: psycopg2's own executemany makes a
        # round trip per row
        executemany_mode="values_plus_batch",
        insertmanyvalues_page_size=PAGE_OF_ROWS,
        hide_parameters=True,
        max_overflow=20,
    )
    event.listen(engine, "do_connect", _connect_to_server)
    event.listen(engine, "checkin", _note_idle)
    event.listen(engine, "checkout", _check_alive)
    return engine


def _connect_to_server(
    dialect: Any, _record: object, arguments: Sequence[Any], keywords: dict[str, Any]
) -> Any:
    try:
        return dialect.connect(*arguments, **keywords)
    except UnicodeDecodeError as error:
        # psycopg2 2.9 decodes every error reply as UTF-8
        raise dialect.loaded_dbapi.OperationalError("the reply is not from a PostgreSQL server") from error


def _note_idle(_connection: object, record: Any) -> None:
    record.info["idle_since"] = time.monotonic()


def _check_alive(connection: Any, record: Any, _proxy: object) -> None:
    """Have the pool replace a connection that the server has closed.

    The socket of a closed connection is readable: poll() costs 2 us, a round trip much more. A round trip is
    made only for a readable socket, and after IDLE_SECONDS, as a firewall may drop idle connections silently.
    """
    since = record.info.get("idle_since")
    if since is None:
        return
    if not _is_readable(connection) and time.monotonic() - since < IDLE_SECONDS:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError("the server closed the connection") from error


def _is_readable(connection: Any) -> bool:
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
