"""Upgrades and checks for `swf-console db`: run Alembic, compare the tables with the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from ...core.errors import DatabaseUnusable
from .. import sequences
from ..tables.all_tables import all_tables
from . import sqlite_file, urls
from .clients import Client, active_clients
from .engine import Database
from .revision import COMPATIBLE_FROM, HEAD, KNOWN, compatible, is_newer, refuse_newer, stored_revision
from .schema_diff import add_missing, missing, older_columns

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parents[1] / "migrations"
VERSION_LOCATIONS: tuple[Path, ...] = (MIGRATIONS / "versions",)
UPGRADE_LOCK = 7_305_226_001  # our key among the advisory locks of a PostgreSQL database; any fixed number


@dataclass(frozen=True, slots=True)
class Upgraded:
    """The version before (None: no tables) and after; `added` lists what an equal version lacked."""

    before: str | None
    after: str
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lockout:
    """A pending upgrade after which programs older than `compatible_from` cannot use the database.

    `clients` are the active programs that are recorded in it.
    """

    before: str
    after: str
    compatible_from: str
    clients: tuple[Client, ...]


def upgrade(url: str) -> Upgraded:
    """Upgrade the database to this version; existing rows and columns do not change.

    Missing tables, columns and indexes of this version are restored. A newer version that this program may
    use is not changed.
    """
    with _opened(url, create=True) as database:
        done = upgrade_sqlite(database) if database.kind == "sqlite" else _upgrade_postgresql(database)
        return replace(done, added=_restore_missing(database)) if done.before == HEAD else done


def lockout(url: str, heard_within: timedelta) -> Lockout | None:
    """Programs that an upgrade of a shared database would lock out; None if all may continue.

    An agent is active if its heartbeat is no older than `heard_within`.
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
        return Lockout(before, HEAD, oldest, active_clients(connection, heard_within))


def current(url: str) -> str | None:
    """Read the version of the database; None if it has no tables of this program."""
    with _opened(url) as database, database.read() as connection:
        return stored_revision(connection)


def check(url: str) -> list[str]:
    """List what the database lacks, one line each: version, tables, columns, indexes."""
    with _opened(url) as database, database.read() as connection:
        revision = stored_revision(connection)
        refuse_newer(connection, revision, database.safe_url)
        _refuse_older(connection, database.safe_url)
        known = compatible(connection, revision)
        lacks = [] if known else [f"version {HEAD} (has {revision or 'none'})"]
        return lacks + [str(item) for item in missing(connection, all_tables())]


def upgrade_sqlite(database: Database) -> Upgraded:
    """Upgrade SQLite under a file lock, because several processes may open a new file at the same time."""
    file = urls.file_of(database.url)
    if file is None:
        with database.write() as connection:
            return _run(connection, database.safe_url)
    with sqlite_file.upgrade_lock(file):
        # before the transaction, in which the mode cannot change
        database.enter_wal()
        with database.write() as connection:
            return _run(connection, database.safe_url)


def _upgrade_postgresql(database: Database) -> Upgraded:
    with database.write() as connection:
        # released with the transaction, also when the process is killed
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK:d})")
        return _run(connection, database.safe_url)


def _restore_missing(database: Database) -> tuple[str, ...]:
    with database.write() as connection:
        lacks = tuple(str(lack) for lack in missing(connection, all_tables()))
        add_missing(connection, all_tables())
    return lacks


def _run(connection: Connection, shown: str) -> Upgraded:
    before = stored_revision(connection)
    refuse_newer(connection, before, shown)
    if is_newer(before):
        return Upgraded(before, before)
    if before is None:
        _refuse_older(connection, shown)
    if before != HEAD:
        from alembic import command

        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        if KNOWN[0] != HEAD:  # no program is older than the first version
            sequences.store_value(connection, COMPATIBLE_FROM, oldest_compatible(HEAD))
    return Upgraded(before, HEAD)


def _refuse_older(connection: Connection, shown: str) -> None:
    """Refuse tables of a monitor whose own migrations are older than those that this program shares."""
    older = older_columns(connection, all_tables())
    if older:
        more = f" and {len(older) - 3} more" if len(older) > 3 else ""
        raise DatabaseUnusable(
            f"{shown}: the monitor's tables are older than this program: {', '.join(older[:3])}{more}",
            "Run the monitor's migrations first: docs/database.md, An older monitor",
        )


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    locations = "\n".join(map(str, VERSION_LOCATIONS))
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("version_locations", locations.replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


def oldest_compatible(revision: str) -> str:
    """The oldest version whose programs may use the tables of this revision, from the revisions' files.

    It is the latest that any revision up to this one declares: a program once locked out stays locked out.
    """
    from alembic.script import ScriptDirectory

    scripts = list(ScriptDirectory.from_config(_config()).walk_revisions("base", revision))
    newest_first = [script.revision for script in scripts]
    return min((str(script.module.compatible_from) for script in scripts), key=newest_first.index)


@contextmanager
def _opened(url: str, *, create: bool = False) -> Iterator[Database]:
    parsed = urls.parse(url)
    file = urls.file_of(parsed)
    why = sqlite_file.why_read_only(file) if file is not None and file.is_file() and not create else ""
    if not why:
        sqlite_file.prepare(parsed, create=create)
    database = Database(parsed, read_only=why, advice=sqlite_file.WRITABLE_ADVICE if why else "")
    try:
        yield database
    finally:
        database.close()
