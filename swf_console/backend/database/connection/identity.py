"""Which database this is: a file or server that was replaced under a running process is noticed.

An open SQLite connection keeps writing to its file after that was moved or deleted, and a pool reconnects to
any server of the same address. In both cases rows would go to a database that no other process reads.
"""

from pathlib import Path
from typing import Any

from ...core.errors import DatabaseReplaced
from ..sequences import DATABASE_ID

# one statement, as each costs a round trip at every new connection
LABEL = f"SELECT state_data ->> '{DATABASE_ID}' FROM swf_persistent_state WHERE id = 1"  # noqa: S608
MOVED_ADVICE = "Move it back, or restart this program to use a new database"
REPLACED_ADVICE = "Restart this program to use the new database"


class FileIdentity:
    """The device and inode of SQLite's file at the time it was opened."""

    def __init__(self, file: Path) -> None:
        self._file, self._known = file, _inode(file)

    def check(self) -> None:
        """Raise DatabaseReplaced if another file, or none, has this path now; one stat() call."""
        found = _inode(self._file)
        if self._known is None:
            self._known = found
        elif found is None:
            raise DatabaseReplaced(f"{self._file}: the database file was moved or deleted", MOVED_ADVICE)
        elif found != self._known:
            raise DatabaseReplaced(
                f"{self._file}: the database file was replaced by another one", REPLACED_ADVICE
            )


class ServerIdentity:
    """The id of a PostgreSQL database, as the first connection read it."""

    def __init__(self, shown: str) -> None:
        self._shown, self._known = shown, ""

    def check(self, connection: Any, _record: object) -> None:
        """Compare the id at each new connection. Raises DatabaseReplaced."""
        found = self._read(connection)
        if not self._known:
            self._known = found
        elif found != self._known:
            raise DatabaseReplaced(
                f"{self._shown}: the database was replaced by another one", REPLACED_ADVICE
            )

    def _read(self, connection: Any) -> str:
        try:
            with connection.cursor() as cursor:
                cursor.execute(LABEL)
                row = cursor.fetchone()
        except Exception as error:
            if getattr(error, "pgcode", None) is None:
                raise  # the connection is lost
            row = None  # no such table yet, or no privilege to read it
        connection.rollback()
        return str(row[0]) if row and row[0] else ""


def _inode(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
