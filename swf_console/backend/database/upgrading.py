"""Upgrades, and what `swf-console db` says: run Alembic, compare the tables with what is there."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection

from ..errors import DatabaseUnusable
from .connection import urls
from .connection.engine import Database
from .opening import refuse_newer, stored_revision
from .version import HEAD

MIGRATIONS = Path(__file__).parent / "migrations"
UPGRADE_LOCK = 7_305_226_001  # a number of ours among PostgreSQL's advisory locks


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The version before (None: no Alembic yet) and after; what was `added` to tables of this version."""

    before: str | None
    after: str
    added: tuple[str, ...] = ()


def upgrade(url: str) -> Upgraded:
    """Bring the database up to this version; rows and columns that are there stay as they are.

    What somebody took away from tables of this version is put back.
    """
    with _opened(url, create=True) as database:
        done = upgrade_sqlite(database) if database.kind == "sqlite" else _upgrade_postgresql(database)
        return replace(done, added=_mended(database)) if done.before == HEAD else done


def current(url: str) -> str | None:
    """Read the version of the database, None where it has none of ours."""
    with _opened(url) as database, database.read() as connection:
        return stored_revision(connection)


def check(url: str) -> list[str]:
    """Say what the database lacks, a line each: version, tables, columns, indexes. Empty: all is there."""
    from .comparing import missing

    with _opened(url) as database, database.read() as connection:
        revision = stored_revision(connection)
        refuse_newer(revision, database.safe_url)
        lacks = [] if revision == HEAD else [f"version {HEAD} (has {revision or 'none'})"]
        return lacks + [str(item) for item in missing(connection)]


def upgrade_sqlite(database: Database) -> Upgraded:
    """Bring SQLite up under a lock, so that processes that open one fresh file at once do it once."""
    file = urls.file_of(database.url)
    if file is None:
        with database.write() as connection:
            return _run(connection, database.safe_url)
    with _locked(file.with_name(file.name + ".lock")):
        database.enter_wal()
        with database.write() as connection:
            return _run(connection, database.safe_url)


def _upgrade_postgresql(database: Database) -> Upgraded:
    with database.write() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK:d})")
        return _run(connection, database.safe_url)


def _mended(database: Database) -> tuple[str, ...]:
    from .comparing import add_missing, missing

    with database.write() as connection:
        lacks = tuple(str(lack) for lack in missing(connection))
        add_missing(connection)
    return lacks


def _run(connection: Connection, shown: str) -> Upgraded:
    before = stored_revision(connection)
    refuse_newer(before, shown)
    if before != HEAD:
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.set_main_option("path_separator", "newline")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return Upgraded(before, HEAD)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise DatabaseUnusable(
            f"{path}: cannot be locked for the upgrade: {error.strerror}", "Make it a file that you may write"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@contextmanager
def _opened(url: str, *, create: bool = False) -> Iterator[Database]:
    from .opening import prepare_file

    parsed = urls.parse(url)
    prepare_file(parsed, create=create)
    database = Database(parsed)
    try:
        yield database
    finally:
        database.close()
