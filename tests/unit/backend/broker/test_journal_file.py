"""The journal's file: what it holds after each kind of write, and how it is opened."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from swf_console.backend.broker import journal_file
from swf_console.backend.broker.disk import Disk
from swf_console.backend.broker.journal_file import JournalRow, Operations, RowRange, StoredStore
from swf_console.backend.broker.limits import Limits
from swf_console.backend.core.errors import UsageError

SHIFT = journal_file.STORE_SHIFT
HEAD = b"destination:/queue/a\nexpires:0\nmessage-id:1\npriority:4\ntimestamp:17\n\n"


def opened(folder: Path, sync: str = "full") -> tuple[sqlite3.Connection, list[StoredStore]]:
    return journal_file.open_file(folder / "broker.journal", Limits(), sync, Disk(folder, 1000))


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    found, _ = opened(tmp_path)
    yield found
    found.close()


def row(store: int, sequence: int, expires: int = 0, persistent: bool = True) -> JournalRow:
    return JournalRow(store << SHIFT | sequence, 0, expires, persistent, HEAD + b"x" * sequence)


def ids(rows: list[JournalRow]) -> list[tuple[int, int]]:
    return [(one.id >> SHIFT, one.id & ((1 << SHIFT) - 1)) for one in rows]


@pytest.mark.parametrize(("sync", "level"), [("full", 2), ("normal", 1)])
def test_open_file_sync_sets_synchronous_level(tmp_path: Path, sync: str, level: int) -> None:
    connection, _ = opened(tmp_path, sync)
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == level
    connection.close()


def test_open_file_counts_messages_of_each_store(tmp_path: Path) -> None:
    connection, _ = opened(tmp_path)
    other = Operations()
    other.stores = {1: StoredStore(1, "/queue/a"), 2: StoredStore(2, "/topic/b", "me", "mine", "x = 1")}
    rows = [row(1, 1), row(1, 4), row(2, 9), row(1, 5, persistent=False)]
    journal_file.write(connection, rows, [], other)
    connection.close()
    connection, stores = opened(tmp_path)
    assert stores == [
        StoredStore(1, "/queue/a", messages=2, last=4, bytes=2 * len(HEAD) + 5),
        StoredStore(2, "/topic/b", "me", "mine", "x = 1", messages=1, last=9, bytes=len(HEAD) + 9),
    ]
    assert ids(journal_file.page(connection, 1, 0, 10, 10_000)) == [(1, 1), (1, 4)]
    connection.close()


def test_write_failed_changes_nothing(connection: sqlite3.Connection) -> None:
    other = Operations()
    other.deletes.append(1 << SHIFT | 1)
    journal_file.write(connection, [row(1, 1)], [], Operations())
    with pytest.raises(sqlite3.IntegrityError):
        journal_file.write(connection, [row(1, 2), row(1, 2)], [], other)
    assert ids(journal_file.page(connection, 1, 0, 10, 10_000)) == [(1, 1)]


def test_write_deletes_a_range_in_parts(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "DELETED_ROWS", 3)
    journal_file.write(connection, [row(1, number) for number in range(1, 8)], [], Operations())
    removal = Operations()
    rows = RowRange(1 << SHIFT | 1, 1 << SHIFT | 7)
    removal.ranges.append(rows)
    assert journal_file.write(connection, [], [], removal) == {rows: (3, 3 * len(HEAD) + 2 + 3 + 4)}
    assert journal_file.write(connection, [], [], removal)[rows][0] == 2
    assert journal_file.write(connection, [], [], removal)[rows] == (0, 0)
    assert ids(journal_file.page(connection, 1, 0, 10, 10_000)) == [(1, 1), (1, 7)]


def test_page_ends_at_count_or_size(connection: sqlite3.Connection) -> None:
    rows = [row(1, number, persistent=number % 2 == 0) for number in range(1, 6)]
    journal_file.write(connection, [*rows, row(2, 1)], [], Operations())
    assert ids(journal_file.page(connection, 1, 1 << SHIFT | 1, 2, 10_000)) == [(1, 2), (1, 3)]
    assert ids(journal_file.page(connection, 1, 0, 10, 100)) == [(1, 1), (1, 2)]


def test_expired_is_ordered_by_expiry_and_paged(connection: sqlite3.Connection) -> None:
    rows = [row(1, 1, 30), row(1, 2), row(2, 1, 10), row(2, 2, 10, persistent=False), row(2, 3, 99)]
    journal_file.write(connection, rows, [], Operations())
    first = journal_file.expired(connection, 50, (0, 0), 2)
    assert ids(first) == [(2, 1), (2, 2)]
    assert ids(journal_file.expired(connection, 50, (first[-1].expires, first[-1].id), 2)) == [(1, 1)]


def test_oldest_gives_first_message_after_row(connection: sqlite3.Connection) -> None:
    journal_file.write(connection, [row(1, 1), row(1, 2), row(3, 7)], [], Operations())
    after = [1 << SHIFT | 1, 2 << SHIFT, 3 << SHIFT]
    assert journal_file.oldest(connection, after) == {1: row(1, 2).tail, 3: row(3, 7).tail}


def test_orphans_are_rows_of_unknown_stores(connection: sqlite3.Connection) -> None:
    journal_file.write(connection, [row(1, 1), row(2, 1), row(2, 2), row(5, 1)], [], Operations())
    assert journal_file.orphans(connection, [1, 5]) == [journal_file.bounds(2)]


def test_probe_leaves_nothing(connection: sqlite3.Connection) -> None:
    assert journal_file.probe(connection, 1000) is True
    assert connection.execute("SELECT count(*) FROM spool").fetchone() == (0,)


def test_open_file_other_format_is_usage_error(tmp_path: Path) -> None:
    (tmp_path / "broker.journal").write_text("something else " * 1000)
    with pytest.raises(UsageError, match=r"broker.journal cannot be used as the broker's journal"):
        opened(tmp_path)


def test_disk_reserve_is_made_and_released(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 100_000)
    assert disk.reserved is False
    assert disk.reserve() is True
    assert disk.reserved is True
    file = tmp_path / "broker.reserve"
    assert file.stat().st_blocks * 512 >= 100_000
    assert file.stat().st_mode & 0o777 == 0o600
    assert disk.release() is True
    assert disk.release() is False


def test_disk_reserve_without_space_is_not_made(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 1 << 60)
    assert disk.reserve() is False
    assert not (tmp_path / "broker.reserve").exists()
