"""The journal's file: SQLite, complete after a kill. Row ids are store * 2^40 + sequence."""

import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from ..core.errors import UsageError
from .disk import Disk
from .limits import Limits

JOURNAL_FILE = "broker.journal"
FORMAT = 1
STORE_SHIFT = 40
SEQUENCES = (1 << STORE_SHIFT) - 1
PAGE_BYTES = 4096
SYNC_MODES = {"full": "FULL", "normal": "NORMAL"}
DELETED_ROWS, DELETED_BYTES = 2000, 4 * 1024 * 1024
CHECK_SECONDS = 2.0
UNUSABLE_ADVICE = "Repair the disk, or move the file away"
NEWER_ADVICE = "Use that version, or move the file away"
SCHEMA = """
CREATE TABLE IF NOT EXISTS stores (number INTEGER PRIMARY KEY, destination TEXT NOT NULL,
    client_id TEXT NOT NULL, name TEXT NOT NULL, selector TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, redeliveries INTEGER NOT NULL,
    expires INTEGER NOT NULL, tail BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS spool (id INTEGER PRIMARY KEY, redeliveries INTEGER NOT NULL,
    expires INTEGER NOT NULL, tail BLOB NOT NULL);
"""
INDEXES = """
CREATE INDEX IF NOT EXISTS entries_expires ON entries (expires) WHERE expires > 0;
CREATE INDEX IF NOT EXISTS spool_expires ON spool (expires) WHERE expires > 0;
"""
PAGE = """
SELECT id, redeliveries, expires, 1, tail FROM entries WHERE id > :after AND id < :end
UNION ALL SELECT id, redeliveries, expires, 0, tail FROM spool WHERE id > :after AND id < :end
ORDER BY id LIMIT :limit
"""
EXPIRED = """
SELECT id, redeliveries, expires, 1, tail FROM entries
    WHERE expires > 0 AND expires <= :now AND (expires > :after OR expires = :after AND id > :id)
UNION ALL SELECT id, redeliveries, expires, 0, tail FROM spool
    WHERE expires > 0 AND expires <= :now AND (expires > :after OR expires = :after AND id > :id)
ORDER BY 3, 1 LIMIT :limit
"""


class JournalRow(NamedTuple):
    """A message in a store. `expires` in ms since 1970; non-persistent ones are deleted at the next start."""

    id: int
    redeliveries: int
    expires: int
    persistent: bool
    tail: bytes


class StoredStore(NamedTuple):
    """A queue (no client_id) or a durable subscription; `last` is the sequence of its last message."""

    number: int
    destination: str
    client_id: str = ""
    name: str = ""
    selector: str = ""
    messages: int = 0
    last: int = 0
    bytes: int = 0


class RowRange(NamedTuple):
    """The rows between two ids, both excluded."""

    after: int
    end: int


class Operations:
    """The operations of one commit, apart from new rows."""

    __slots__ = ("deletes", "dropped", "ranges", "redelivered", "stores")

    def __init__(self) -> None:
        self.stores: dict[int, StoredStore] = {}
        self.deletes: list[int] = []
        self.redelivered: dict[int, int] = {}
        self.dropped: list[int] = []
        self.ranges: list[RowRange] = []

    def any(self) -> bool:
        """Whether there is something to write."""
        return bool(self.stores or self.deletes or self.redelivered or self.dropped or self.ranges)


def open_file(
    path: Path, limits: Limits, sync: str, disk: Disk
) -> tuple[sqlite3.Connection, list[StoredStore]]:
    """Open or make the journal. Raises UsageError where it cannot be used; no message is ever deleted."""
    try:
        try:
            return _opened(path, limits, sync)
        except sqlite3.OperationalError:
            if not disk.release():
                raise
            return _opened(path, limits, sync)  # with the room that the reserved file took
    except (sqlite3.Error, OSError) as error:
        raise UsageError(
            f"{path} cannot be used as the broker's journal: {error}",
            UNUSABLE_ADVICE,
        ) from error


def check_file(path: Path) -> None:
    """Raise UsageError if the journal of a broker that is not running cannot be used; changes nothing."""
    if not path.exists():
        return
    deadline = time.monotonic() + CHECK_SECONDS
    try:
        # immutable: without locks, which a broker that starts meanwhile would find
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        ) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > FORMAT:
                raise UsageError(f"{path} was written by a newer version", NEWER_ADVICE)
            connection.set_progress_handler(lambda: time.monotonic() > deadline, 1000)
            with suppress(sqlite3.OperationalError):  # interrupted: what was read so far is intact
                (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
                if result != "ok":
                    raise sqlite3.DatabaseError(result)
    except sqlite3.Error as error:
        raise UsageError(
            f"{path} cannot be used as the broker's journal: {error}", UNUSABLE_ADVICE
        ) from error


def _opened(path: Path, limits: Limits, sync: str) -> tuple[sqlite3.Connection, list[StoredStore]]:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        path.chmod(0o600)
        # Exclusive: the write-ahead log's index is in memory, not in a file that a full disk cannot take.
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={SYNC_MODES[sync]}")
        # The reserved file has room for all of the log that is not yet copied into the file, twice over.
        connection.execute(f"PRAGMA wal_autocheckpoint={min(1000, limits.reserve_bytes // 2 // PAGE_BYTES)}")
        connection.execute("PRAGMA journal_size_limit=4194304")
        connection.execute("PRAGMA cache_size=-4096")
        # Debian's SQLite overwrites what is deleted with zeros by default: twice the writes.
        connection.execute("PRAGMA secure_delete=OFF")
        connection.execute(f"PRAGMA max_page_count={max(1, limits.journal_bytes // PAGE_BYTES)}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > FORMAT:
            raise UsageError(f"{path} was written by a newer version", NEWER_ADVICE)
        connection.executescript(SCHEMA)
        with suppress(sqlite3.OperationalError):  # a full disk; expired messages are then found more slowly
            connection.executescript(INDEXES)
        if connection.execute("SELECT 1 FROM spool LIMIT 1").fetchone():
            connection.execute("DELETE FROM spool")
        if version < FORMAT:
            connection.execute(f"PRAGMA user_version={FORMAT}")
        stores = connection.execute(
            "SELECT number, destination, client_id, name, selector FROM stores ORDER BY number"
        ).fetchall()
        return connection, [_counted(connection, StoredStore(*row)) for row in stores]
    except BaseException:
        connection.close()
        raise


def _counted(connection: sqlite3.Connection, store: StoredStore) -> StoredStore:
    low, high = bounds(store.number)
    count, last, size = connection.execute(
        "SELECT count(*), max(id), total(length(tail)) FROM entries WHERE id > ? AND id < ?", (low, high)
    ).fetchone()
    return store._replace(messages=count, last=(last or low) - low, bytes=int(size))


def bounds(store: int) -> RowRange:
    """The ids before the first and after the last possible row of a store."""
    return RowRange(store << STORE_SHIFT, (store + 1) << STORE_SHIFT)


def orphans(connection: sqlite3.Connection, stores: Iterable[int]) -> list[RowRange]:
    """Rows of dropped stores that the last process had not deleted when it ended."""
    known = set(stores)
    found: list[RowRange] = []
    position = 0
    while True:
        row = connection.execute("SELECT id FROM entries WHERE id > ? LIMIT 1", (position,)).fetchone()
        if row is None:
            return found
        number = row[0] >> STORE_SHIFT
        if number not in known:
            found.append(bounds(number))
        position = bounds(number).end


def write(
    connection: sqlite3.Connection, rows: Iterable[JournalRow], deletes: Iterable[int], other: Operations
) -> dict[RowRange, tuple[int, int]]:
    """Write it all in one transaction, or raise sqlite3.Error.

    Of `other.ranges` a part is deleted; returns how many rows and bytes of each.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        removed = _write(connection, list(rows), deletes, other)
        connection.execute("COMMIT")
    except sqlite3.Error:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return removed


def _write(
    connection: sqlite3.Connection, rows: list[JournalRow], deletes: Iterable[int], other: Operations
) -> dict[RowRange, tuple[int, int]]:
    if other.stores:
        connection.executemany(
            "INSERT OR REPLACE INTO stores VALUES (?, ?, ?, ?, ?)",
            [store[:5] for store in other.stores.values()],
        )
    if rows:
        _insert(
            connection, "INSERT INTO entries VALUES (?, ?, ?, ?)", (row for row in rows if row.persistent)
        )
        _insert(
            connection, "INSERT INTO spool VALUES (?, ?, ?, ?)", (row for row in rows if not row.persistent)
        )
    if other.redelivered:
        again = [(times, row_id) for row_id, times in other.redelivered.items()]
        connection.executemany("UPDATE entries SET redeliveries=? WHERE id=?", again)
        connection.executemany("UPDATE spool SET redeliveries=? WHERE id=?", again)
    gone = [(row_id,) for row_id in (*deletes, *other.deletes)]
    if gone:
        connection.executemany("DELETE FROM entries WHERE id=?", gone)
        connection.executemany("DELETE FROM spool WHERE id=?", gone)
    if other.dropped:
        numbers = [(number,) for number in other.dropped]
        connection.executemany("DELETE FROM stores WHERE number=?", numbers)
    return {one: _delete_some(connection, one) for one in other.ranges}


def _insert(connection: sqlite3.Connection, statement: str, rows: Iterable[JournalRow]) -> None:
    connection.executemany(statement, ((row.id, row.redeliveries, row.expires, row.tail) for row in rows))


def _delete_some(connection: sqlite3.Connection, rows: RowRange) -> tuple[int, int]:
    """Delete the first rows of a range, few enough for one commit. Returns their count and bytes."""
    count = size = 0
    for table in ("entries", "spool"):
        found = connection.execute(
            f"SELECT id, length(tail) FROM {table} WHERE id > ? AND id < ? ORDER BY id LIMIT ?",  # noqa: S608
            (*rows, DELETED_ROWS),
        )
        end = rows.after
        for row_id, length in found:
            end, count, size = row_id, count + 1, size + length
            if size > DELETED_BYTES:
                break
        found.close()
        connection.execute(f"DELETE FROM {table} WHERE id > ? AND id <= ?", (rows.after, end))  # noqa: S608
    return count, size


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


def expired(connection: sqlite3.Connection, now: int, after: tuple[int, int], limit: int) -> list[JournalRow]:
    """Rows whose time to live ended by `now` (ms), in order of expiry and id, behind the pair `after`."""
    names = {"now": now, "after": after[0], "id": after[1], "limit": limit}
    try:
        rows = connection.execute(EXPIRED, names).fetchall()
    except sqlite3.Error:
        return []
    return [
        JournalRow(row_id, times, expires, bool(persistent), tail)
        for row_id, times, expires, persistent, tail in rows
    ]


def oldest(connection: sqlite3.Connection, after: Iterable[int]) -> dict[int, bytes]:
    """The first message of each store behind row `after`, by the store's number."""
    found: dict[int, bytes] = {}
    for row_id in after:
        number = row_id >> STORE_SHIFT
        for row in page(connection, number, row_id, 1, 1):
            found[number] = row.tail
    return found


def probe(connection: sqlite3.Connection, size: int) -> bool:
    """Whether `size` bytes can be written now."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO spool VALUES (0, 0, 0, zeroblob(?))", (size,))
        connection.execute("DELETE FROM spool WHERE id=0")
        connection.execute("COMMIT")
    except sqlite3.Error:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        return False
    return True


def checkpoint(connection: sqlite3.Connection, mode: str = "PASSIVE") -> None:
    """Copy the write-ahead log into the file, as far as there is room, so that the log can be reused."""
    with suppress(sqlite3.Error):
        connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()


def free_pages(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many pages of the file are free, and how many are not."""
    try:
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
        return free, connection.execute("PRAGMA page_count").fetchone()[0] - free
    except sqlite3.Error:
        return 0, 0


def give_back(connection: sqlite3.Connection, pages: int) -> None:
    """Give up to `pages` free pages back to the file system."""
    with suppress(sqlite3.Error):
        connection.executescript(f"PRAGMA incremental_vacuum({pages})")  # execute() takes its first step only
