"""Opening a database: the file made, the version compared, SQLite upgraded where that is needed."""

from sqlalchemy import Connection

from ...core.errors import DatabaseUnusable
from . import sqlite_file, urls
from .engine import Database
from .revision import HEAD, UPGRADE_HELP, compatible, refuse_newer, stored_revision


def open_database(
    url: str, *, upgrade: bool = True, durable: bool = False, or_read_only: bool = False
) -> Database:
    """Open the database at `url`, at tables that this version may use; `durable` as for Database.

    SQLite is made and upgraded as needed, safely beside other processes that do the same, unless `upgrade` is
    False; PostgreSQL is only looked at. With `or_read_only` one that this account may neither bring up nor
    write to is opened for reading, and its `read_only` says why. Raises DatabaseUnusable (newer, older
    server, read-only, full, no database, cannot be opened) and DatabaseUnreachable.
    """
    parsed = urls.parse(url)
    sqlite_file.prepare(parsed, create=upgrade)
    database = Database(parsed, durable=durable)
    try:
        if or_read_only and database.kind == "postgresql":
            from .foreign_schema import open_as_it_is

            if open_as_it_is(database):
                return database
        _at_head(database, upgrade)
    except BaseException:
        database.close()
        raise
    return database


def _at_head(database: Database, upgrade: bool) -> None:
    with database.read() as connection:
        revision = stored_revision(connection)
        refuse_newer(connection, revision, database.safe_url)
        if compatible(connection, revision) and _is_wal(connection, database):
            return
    if database.kind == "postgresql" or not upgrade:
        state = f"is of version {revision}, not {HEAD}" if revision else "has no tables of ours yet"
        raise DatabaseUnusable(f"{database.safe_url}: the database {state}", UPGRADE_HELP)
    # rarely needed, and every command opens the database
    from .migrate import upgrade_sqlite

    upgrade_sqlite(database)


def _is_wal(connection: Connection, database: Database) -> bool:
    if urls.file_of(database.url) is None:
        return True
    return connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
