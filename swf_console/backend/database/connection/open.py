"""Opening a database: create the file, check the version, upgrade SQLite if needed."""

from sqlalchemy import Connection

from ...core.errors import DatabaseUnusable
from . import sqlite_file, urls
from .engine import Database
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
