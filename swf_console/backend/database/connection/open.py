"""Opening a database: create the file, check the version, upgrade SQLite if needed."""

from pathlib import Path

from sqlalchemy import Connection

from ...core.errors import DatabaseUnusable
from ...core.files import disk_problem
from . import sqlite_file, urls
from .driver_errors import FREE_SPACE
from .engine import FULL, Database
from .revision import HEAD, UPGRADE_HELP, compatible, refuse_newer, stored_revision


def open_database(
    url: str, *, upgrade: bool = True, durable: bool = False, or_read_only: bool = False
) -> Database:
    """Open the database at `url`, with tables that this version may use; `durable` as for Database.

    SQLite is created and upgraded as needed, also by several processes at the same time, unless `upgrade` is
    False; PostgreSQL is only checked. With `or_read_only` a database that this account may neither upgrade
    nor write is opened for reading, and `read_only` holds the reason. Raises DatabaseUnusable (newer, older
    server, read-only, full, not a database, cannot be opened) and DatabaseUnreachable.
    """
    parsed = urls.parse(url)
    file = urls.file_of(parsed)
    if or_read_only and file is not None and file.is_file() and (why := _why_read_only(file)):
        return _read_only_sqlite(Database(parsed, read_only=why, advice=_advice(why)))
    sqlite_file.prepare(parsed, create=upgrade)
    database = Database(parsed, durable=durable)
    try:
        if or_read_only and database.kind == "postgresql":
            from .foreign_schema import open_read_only

            if open_read_only(database):
                return database
        _at_head(database, upgrade)
    except BaseException:
        database.close()
        raise
    return database


def _why_read_only(file: Path) -> str:
    problem = disk_problem(file)
    # also a reader creates files beside a WAL database, for which a full disk has no room
    return sqlite_file.why_read_only(file) or (f"{FULL} {problem}" if problem else "")


def _advice(why: str) -> str:
    return FREE_SPACE if why.startswith(FULL) else sqlite_file.WRITABLE_ADVICE


def _read_only_sqlite(database: Database) -> Database:
    """A file that cannot be written: it cannot be upgraded either."""
    with database.read() as connection:
        revision = stored_revision(connection)
        refuse_newer(connection, revision, database.safe_url)
        if not compatible(connection, revision):
            state = f"has version {revision}, not {HEAD}" if revision else "has no tables of swf-console yet"
            what = f"{database.safe_url}: the database {state}, and {database.read_only}"
            raise type(database.write_refusal())(what, _advice(database.read_only))
    return database


def _at_head(database: Database, upgrade: bool) -> None:
    with database.read() as connection:
        revision = stored_revision(connection)
        refuse_newer(connection, revision, database.safe_url)
        if compatible(connection, revision) and _is_wal(connection, database):
            return
    if database.kind == "postgresql" or not upgrade:
        state = f"has version {revision}, not {HEAD}" if revision else "has no tables of swf-console yet"
        raise DatabaseUnusable(f"{database.safe_url}: the database {state}", UPGRADE_HELP)
    # imported here: it is rarely needed, and every command opens the database
    from .migrate import upgrade_sqlite

    upgrade_sqlite(database)


def _is_wal(connection: Connection, database: Database) -> bool:
    if urls.file_of(database.url) is None:
        return True
    return connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
