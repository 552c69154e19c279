"""Upgrades, and what `swf-console db` says: run Alembic, compare the tables with what is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from .. import sequences
from ..tables.schema import all_tables
from . import sqlite_file, urls
from .clients import Client, alive
from .engine import Database
from .revision import COMPATIBLE_FROM, HEAD, KNOWN, compatible, is_newer, refuse_newer, stored_revision
from .schema_diff import add_missing, missing

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parents[1] / "migrations"
VERSION_LOCATIONS: tuple[Path, ...] = (MIGRATIONS / "versions",)
UPGRADE_LOCK = 7_305_226_001  # a number of ours among PostgreSQL's advisory locks


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The version before (None: no Alembic yet) and after; what was `added` to tables of this version."""

    before: str | None
    after: str
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lockout:
    """A pending upgrade after which programs older than `compatible_from` cannot use the database.

    `clients` are those that are alive in it and known to it.
    """

    before: str
    after: str
    compatible_from: str
    clients: tuple[Client, ...]


def upgrade(url: str) -> Upgraded:
    """Bring the database up to this version; rows and columns that are there stay as they are.

    What somebody took away from tables of this version is put back. One of a newer version that this program
    may use is left alone.
    """
    with _opened(url, create=True) as database:
        done = upgrade_sqlite(database) if database.kind == "sqlite" else _upgrade_postgresql(database)
        return replace(done, added=_mended(database)) if done.before == HEAD else done


def lockout(url: str, heard_within: timedelta) -> Lockout | None:
    """Say whom an upgrade of a shared database would lock out; None where every program may go on.

    An agent counts as alive whose heartbeat is no older than `heard_within`.
    """
    if urls.parse(url).drivername == "sqlite":
        return None
    with _opened(url) as database, database.read() as connection:
        before = stored_revision(connection)
        if before is None or before == HEAD or is_newer(before):
            return None
        oldest = oldest_compatible(HEAD)
        if oldest == oldest_compatible(before):
            return None
        return Lockout(before, HEAD, oldest, alive(connection, heard_within))


def current(url: str) -> str | None:
    """Read the version of the database, None where it has none of ours."""
    with _opened(url) as database, database.read() as connection:
        return stored_revision(connection)


def check(url: str) -> list[str]:
    """Say what the database lacks, a line each: version, tables, columns, indexes. Empty: all is there."""
    with _opened(url) as database, database.read() as connection:
        revision = stored_revision(connection)
        refuse_newer(connection, revision, database.safe_url)
        known = compatible(connection, revision)
        lacks = [] if known else [f"version {HEAD} (has {revision or 'none'})"]
        return lacks + [str(item) for item in missing(connection, all_tables())]


def upgrade_sqlite(database: Database) -> Upgraded:
    """Bring SQLite up under a lock, so that processes that open one fresh file at once do it once."""
    file = urls.file_of(database.url)
    if file is None:
        with database.write() as connection:
            return _run(connection, database.safe_url)
    with sqlite_file.upgrade_lock(file):
        database.enter_wal()
        with database.write() as connection:
            return _run(connection, database.safe_url)


def _upgrade_postgresql(database: Database) -> Upgraded:
    with database.write() as connection:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK:d})")
        return _run(connection, database.safe_url)


def _mended(database: Database) -> tuple[str, ...]:
    with database.write() as connection:
        lacks = tuple(str(lack) for lack in missing(connection, all_tables()))
        add_missing(connection, all_tables())
    return lacks


def _run(connection: Connection, shown: str) -> Upgraded:
    before = stored_revision(connection)
    refuse_newer(connection, before, shown)
    if is_newer(before):
        return Upgraded(before, before)
    if before != HEAD:
        from alembic import command

        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if KNOWN[0] != HEAD:  # before the first version there were no programs
            sequences.keep(connection, COMPATIBLE_FROM, oldest_compatible(HEAD))
    return Upgraded(before, HEAD)


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    locations = "\n".join(map(str, VERSION_LOCATIONS))
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("version_locations", locations.replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def oldest_compatible(revision: str) -> str:
    """Read from the revisions up to this one from which version on programs may use its tables.

    It is the latest that any of them declares: who was locked out once stays so.
    """
    from alembic.script import ScriptDirectory

    scripts = list(ScriptDirectory.from_config(_config()).walk_revisions("base", revision))
    newest_first = [script.revision for script in scripts]
    return min((str(script.module.compatible_from) for script in scripts), key=newest_first.index)


@contextmanager
def _opened(url: str, *, create: bool = False) -> Iterator[Database]:
    parsed = urls.parse(url)
    sqlite_file.prepare(parsed, create=create)
    database = Database(parsed)
    try:
        yield database
    finally:
        database.close()
