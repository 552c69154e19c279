"""The journal's file: SQLite, as it comes back whole after a kill. Row ids are store * 2^40 + sequence."""

import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..core.errors import UsageError

FORMAT = 1
STORE_SHIFT = 40
PAGE_BYTES = 4096
SCHEMA = """
CREATE TABLE IF NOT EXISTS stores (number INTEGER PRIMARY KEY, destination TEXT NOT NULL,
    client_id TEXT NOT NULL, name TEXT NOT NULL, selector TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, redeliveries INTEGER NOT NULL,
    expires INTEGER NOT NULL, tail BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS spool (id INTEGER PRIMARY KEY, redeliveries INTEGER NOT NULL,
    expires INTEGER NOT NULL, tail BLOB NOT NULL);
DELETE FROM spool;
"""
PAGE = """
SELECT id, redeliveries, expires, 1, tail FROM entries WHERE id > :after AND id < :end
UNION ALL SELECT id, redeliveries, expires, 0, tail FROM spool WHERE id > :after AND id < :end
ORDER BY id LIMIT :limit
"""


class JournalRow(NamedTuple):
    """A message in a store. `expires` in ms since 1970; what is not persistent is gone after a restart."""

    id: int
    redeliveries: int
    expires: int
    persistent: bool
    tail: bytes


class StoredStore(NamedTuple):
    """A queue (no client_id) or a durable subscription, and how many `messages` it has, to which sequence."""

    number: int
    destination: str
    client_id: str = ""
    name: str = ""
    selector: str = ""
    messages: int = 0
    last: int = 0
    bytes: int = 0


class Operations:
    """What one commit does."""

    __slots__ = ("deletes", "dropped", "inserts", "ranges", "redelivered", "stores")

    def __init__(self) -> None:
        self.stores: dict[int, StoredStore] = {}
        self.inserts: dict[int, JournalRow] = {}
        self.deletes: list[int] = []
        self.redelivered: dict[int, int] = {}
        self.dropped: list[int] = []
        self.ranges: list[tuple[int, int]] = []

    def any(self) -> bool:
        """True where there is something to write."""
        return bool(
            self.stores or self.inserts or self.deletes or self.redelivered or self.dropped or self.ranges
        )


def open_file(path: Path, limit_bytes: int) -> tuple[sqlite3.Connection, list[StoredStore]]:
    """Open or make the journal. Raises UsageError where it cannot be used; nothing is ever thrown away."""
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA journal_size_limit=4194304")
        connection.execute("PRAGMA cache_size=-4096")
        connection.execute(f"PRAGMA max_page_count={max(1, limit_bytes // PAGE_BYTES)}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > FORMAT:
            raise UsageError(
                f"{path} was written by a newer version", "Use that version, or move the file away"
            )
        connection.executescript(SCHEMA)
        connection.execute(f"PRAGMA user_version={FORMAT}")
        return connection, [
            _counted(connection, StoredStore(*row))
            for row in connection.execute(
                "SELECT number, destination, client_id, name, selector FROM stores ORDER BY number"
            ).fetchall()
        ]
    except (sqlite3.Error, OSError) as error:
        raise UsageError(
            f"{path} cannot be used as the broker's journal: {error}", "Mend the disk, or move the file away"
        ) from error


def _counted(connection: sqlite3.Connection, store: StoredStore) -> StoredStore:
    low, high = bounds(store.number)
    count, last, size = connection.execute(
        "SELECT count(*), max(id), total(length(tail)) FROM entries WHERE id > ? AND id < ?", (low, high)
    ).fetchone()
    return store._replace(messages=count, last=(last or low) - low, bytes=int(size))


def bounds(store: int) -> tuple[int, int]:
    """The ids before the first and after the last possible row of a store."""
    return store << STORE_SHIFT, (store + 1) << STORE_SHIFT


def commit(connection: sqlite3.Connection, operations: Operations) -> tuple[str | None, str | None]:
    """Write it all, or, where there is no room for new rows, the rest of it.

    Returns why the new rows, and why everything else, could not be written.
    """
    try:
        _write(connection, operations, inserts=True)
    except sqlite3.Error as error:
        _roll_back(connection)
        reason = str(error)
    else:
        return None, None
    try:
        _write(connection, operations, inserts=False)
    except sqlite3.Error as error:
        _roll_back(connection)
        return reason, str(error)
    return reason, None


def _write(connection: sqlite3.Connection, operations: Operations, *, inserts: bool) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if inserts:
        connection.executemany(
            "INSERT OR REPLACE INTO stores VALUES (?, ?, ?, ?, ?)",
            [store[:5] for store in operations.stores.values()],
        )
        rows = operations.inserts.values()
        _insert(
            connection, "INSERT INTO entries VALUES (?, ?, ?, ?)", [row for row in rows if row.persistent]
        )
        _insert(
            connection, "INSERT INTO spool VALUES (?, ?, ?, ?)", [row for row in rows if not row.persistent]
        )
    again = [(times, row_id) for row_id, times in operations.redelivered.items()]
    connection.executemany("UPDATE entries SET redeliveries=? WHERE id=?", again)
    gone = [(row_id,) for row_id in operations.deletes]
    connection.executemany("DELETE FROM entries WHERE id=?", gone)
    connection.executemany("DELETE FROM spool WHERE id=?", gone)
    connection.executemany("DELETE FROM entries WHERE id > ? AND id < ?", operations.ranges)
    connection.executemany("DELETE FROM spool WHERE id > ? AND id < ?", operations.ranges)
    for number in operations.dropped:
        connection.execute("DELETE FROM entries WHERE id > ? AND id < ?", bounds(number))
        connection.execute("DELETE FROM spool WHERE id > ? AND id < ?", bounds(number))
        connection.execute("DELETE FROM stores WHERE number=?", (number,))
    connection.execute("COMMIT")


def _insert(connection: sqlite3.Connection, statement: str, rows: Iterable[JournalRow]) -> None:
    connection.executemany(statement, [(row.id, row.redeliveries, row.expires, row.tail) for row in rows])


def _roll_back(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        connection.execute("ROLLBACK")


def page(connection: sqlite3.Connection, store: int, after: int, limit: int, size: int) -> list[JournalRow]:
    """Rows of a store behind id `after`: at most `limit`, and no more once they are `size` bytes."""
    low, high = bounds(store)
    found: list[JournalRow] = []
    try:
        cursor = connection.execute(PAGE, {"after": max(after, low), "end": high, "limit": limit})
        for row_id, redeliveries, expires, persistent, tail in cursor:
            found.append(JournalRow(row_id, redeliveries, expires, bool(persistent), tail))
            size -= len(tail)
            if size < 0:
                break
        cursor.close()
    except sqlite3.Error:
        return found
    return found


def oldest(connection: sqlite3.Connection, after: Iterable[int]) -> dict[int, bytes]:
    """The first message of each store behind row `after`, by the store's number."""
    found: dict[int, bytes] = {}
    for row_id in after:
        number = row_id >> STORE_SHIFT
        for row in page(connection, number, row_id, 1, 1):
            found[number] = row.tail
    return found


def shrink(connection: sqlite3.Connection) -> None:
    """Give the room of consumed messages back to the file system."""
    with suppress(sqlite3.Error):
        connection.executescript("PRAGMA incremental_vacuum")  # execute() takes its first step only
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
