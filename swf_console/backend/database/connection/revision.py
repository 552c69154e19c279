"""The version of the tables, and the programs that may use them; without loading Alembic."""

from typing import TypeGuard

from sqlalchemy import Connection, inspect, select, text

from ...core.errors import DatabaseUnusable
from ..tables.workflows import persistent_state

KNOWN: tuple[str, ...] = ("0001",)
HEAD = KNOWN[-1]
# in the row of the counters and the database id, where programs of every version keep unknown keys
COMPATIBLE_FROM = "compatible_from"
UPGRADE_HELP = "Upgrade it: swf-console db upgrade"
VERSIONED = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'",
    "postgresql": "SELECT to_regclass('alembic_version')",
}


def stored_revision(connection: Connection) -> str | None:
    """Read the version of the tables; None if Alembic has never run."""
    if connection.scalar(text(VERSIONED[connection.dialect.name])) is None:
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def compatible_from(connection: Connection) -> str | None:
    """Read the oldest version whose programs may use these tables; None if no upgrade has stored it."""
    # the unknown version may belong to another program that uses Alembic
    if not inspect(connection).has_table(persistent_state.name):
        return None
    state = connection.scalar(select(persistent_state.c.state_data).where(persistent_state.c.id == 1))
    stored = state.get(COMPATIBLE_FROM) if isinstance(state, dict) else None
    return stored if isinstance(stored, str) else None


def is_newer(revision: str | None) -> TypeGuard[str]:
    """Whether only a later program can have created tables of this version."""
    return revision is not None and revision not in KNOWN


def compatible(connection: Connection, revision: str | None) -> bool:
    """Whether this program may read and write tables of this version."""
    # versions are linear: a program that knows a version has this or a later one
    return revision == HEAD or (is_newer(revision) and compatible_from(connection) in KNOWN)


def refuse_newer(connection: Connection, revision: str | None, shown: str) -> None:
    """Raise DatabaseUnusable for a newer version that locks this program out."""
    if not is_newer(revision) or (oldest := compatible_from(connection)) in KNOWN:
        return
    only_for = f", for programs of version {oldest} or later" if oldest else ""
    raise DatabaseUnusable(
        f"{shown}: the database has a newer version ({revision}{only_for}) than this program ({HEAD})",
        "Update swf-console, or set SWF_DATABASE_URL to another database",
    )
