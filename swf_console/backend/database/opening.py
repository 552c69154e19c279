"""Opening a database: the file made, the version compared, SQLite upgraded where that is needed."""

import os
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL

from ..errors import DatabaseUnusable
from .connection import urls
from .connection.engine import Database
from .version import HEAD, KNOWN

UPGRADE_HELP = "Bring it up: swf-console db upgrade"
VERSIONED = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'",
    "postgresql": "SELECT to_regclass('alembic_version')",
}


def open_database(
    url: str, *, upgrade: bool = True, durable: bool = False, or_read_only: bool = False
) -> Database:
    """Open the database at `url`, at this version's tables; `durable` as for Database.

    SQLite is made and upgraded as needed, safely beside other processes that do the same, unless `upgrade` is
    False; PostgreSQL is only looked at. With `or_read_only` one that this account may neither bring up nor
    write to is opened for reading, and its `read_only` says why. Raises DatabaseUnusable (newer, older
    server, read-only, full, no database, cannot be opened) and DatabaseUnreachable.
    """
    parsed = urls.parse(url)
    prepare_file(parsed, create=upgrade)
    database = Database(parsed, durable=durable)
    try:
        if or_read_only and database.kind == "postgresql":
            from .borrowing import open_as_it_is

            if open_as_it_is(database):
                return database
        _at_head(database, upgrade)
    except BaseException:
        database.close()
        raise
    return database


def _at_head(database: Database, upgrade: bool) -> None:
    with database.read() as connection:
        revision, ready = stored_revision(connection), _is_wal(connection, database)
    if revision == HEAD and ready:
        return
    refuse_newer(revision, database.safe_url)
    if database.kind == "postgresql" or not upgrade:
        state = f"is of version {revision}, not {HEAD}" if revision else "has no tables of ours yet"
        raise DatabaseUnusable(f"{database.safe_url}: the database {state}", UPGRADE_HELP)
    from .upgrading import upgrade_sqlite

    upgrade_sqlite(database)


def stored_revision(connection: Connection) -> str | None:
    """Read the version of the tables, None where Alembic never was."""
    if connection.scalar(text(VERSIONED[connection.dialect.name])) is None:
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def refuse_newer(revision: str | None, shown: str) -> None:
    """Raise DatabaseUnusable for a version that this program does not know."""
    if revision is not None and revision not in KNOWN:
        raise DatabaseUnusable(
            f"{shown}: the database is of a newer version ({revision}) than this program ({HEAD})",
            "Update swf-console, or point SWF_DATABASE_URL elsewhere",
        )


def _is_wal(connection: Connection, database: Database) -> bool:
    if urls.file_of(database.url) is None:
        return True
    return connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def prepare_file(url: URL, *, create: bool = True) -> None:
    """See that SQLite's file is there (made with mode 0600) and can be written; nothing for a server."""
    file = urls.file_of(url)
    if file is None:
        return
    if file.is_dir():
        raise DatabaseUnusable(f"{file}: is a directory, not a database", urls.HELP)
    if not file.exists():
        if not create:
            raise DatabaseUnusable(f"{file}: there is no database", UPGRADE_HELP)
        _make_file(file)
    for path in (file, file.parent):
        if not os.access(path, os.W_OK, effective_ids=True):
            raise DatabaseUnusable(
                f"{file}: the database is read-only, {path} cannot be written",
                "Make the file and its directory writable, or point SWF_DATABASE_URL elsewhere",
            )


def _make_file(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DatabaseUnusable(
            f"{file}: the database cannot be made: {error.strerror}",
            f"Make {file.parent} a directory that you may write to, or point SWF_DATABASE_URL elsewhere",
        ) from error
