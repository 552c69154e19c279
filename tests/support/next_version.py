"""The program of the next version, and the revision that it brings: one more column of executions.

`python -m tests.support.next_version FOLDER WORDS...` is `swf-console WORDS...` with the revision in FOLDER.
"""

import os
import pty
import subprocess
import sys
from pathlib import Path

from sqlalchemy import Column, Text, inspect

from swf_console.backend.database import Database
from swf_console.backend.database.connection import revision
from swf_console.backend.database.tables.workflows import executions

from .homes import CHECKOUT, plain_environment

PRESENT = revision.HEAD
NEXT = f"{int(PRESENT) + 1:04d}"
END_OF_INPUT = "\x04"
COLUMN = "note_of_the_next_version"
REVISION = f'''"""One more column."""

import sqlalchemy
from alembic import op

revision = %r
down_revision = %r
compatible_from = %r


def upgrade() -> None:
    op.add_column({executions.name!r}, sqlalchemy.Column({COLUMN!r}, sqlalchemy.Text))
'''


def write_revision(folder: Path, *, additive: bool = True, version: str = NEXT, after: str = PRESENT) -> Path:
    """Write the revision, which locks programs of the present version out unless it is additive."""
    # loaded here: the next version's program loads it after its own version is set
    from swf_console.backend.database.connection import migrate

    folder.mkdir()
    declared = (version, after, migrate.oldest_compatible(PRESENT) if additive else version)
    (folder / f"{version}_note.py").write_text(REVISION % declared)
    return folder


def upgrade(url: str, folder: Path, *words: str) -> None:
    """Let the next version's program upgrade the database at `url`."""
    done = run_upgrade(url, folder, *words)
    assert done.returncode == 0, done.stderr


def run_upgrade(
    url: str, folder: Path, *words: str, answer: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `db upgrade` of the next version's program; with an `answer`, on a terminal where that is typed."""
    ours, its = pty.openpty()
    os.write(ours, (answer or END_OF_INPUT).encode())
    try:
        return subprocess.run(
            [sys.executable, "-m", __name__, str(folder), "db", "upgrade", *words],
            cwd=CHECKOUT,
            env=plain_environment(SWF_DATABASE_URL=url, SWF_STATE_DIR=str(folder)),
            stdin=subprocess.DEVNULL if answer is None else its,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(its)


def column_is_there(database: Database) -> bool:
    """Say whether the database has the next version's column."""
    with database.read() as connection:
        return COLUMN in {column["name"] for column in inspect(connection).get_columns(executions.name)}


def main(folder: str, *words: str) -> int:
    """Become the next version, before any module has taken note of the present one."""
    revision.KNOWN, revision.HEAD = (*revision.KNOWN, NEXT), NEXT
    executions.append_column(Column(COLUMN, Text))
    from swf_console.backend.database.connection import migrate
    from swf_console.cli.main import main as swf_console

    migrate.VERSION_LOCATIONS = (*migrate.VERSION_LOCATIONS, Path(folder))
    return swf_console(words)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
