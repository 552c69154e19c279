"""Messages on disk: written and synced by a thread, one commit for all frames that wait.

Receipts and deliveries follow the commit.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import time

from ..core.format import size as bytes_text
from . import journal_file
from .acceptance import Acceptance
from .disk import Disk
from .journal_batch import Batch, Owner, PendingPut, Sender, WriteGroup
from .journal_file import STORE_SHIFT, JournalRow, RowRange, StoredStore
from .journal_space import JournalSpace
from .journal_thread import JournalThread
from .limits import Limits
from .message import Message, StoreEntry

RETRY_SECONDS = 0.5
PENDING_BYTES = 1000  # a message that waits for a commit, beside its own bytes; measured
START_BYTES = 1024 * 1024  # what a start and its first acknowledgements write

Page = Callable[[list[JournalRow]], None]
Removed = Callable[[int, int], None]


def _nothing(*_: object) -> None:
    """The callback of a removal whose end is not awaited."""


class Outcome:
    """The result of a commit: why the groups, and why the rest, could not be written; "" if they were."""

    __slots__ = ("other_error", "refused", "removed")

    def __init__(self) -> None:
        self.refused = ""
        self.other_error = ""
        self.removed: dict[RowRange, tuple[int, int]] = {}


class RangeRemoval:
    """A removal of rows over several commits: the rows and bytes so far, and the callback at its end."""

    __slots__ = ("bytes", "done", "rows")

    def __init__(self, done: Removed) -> None:
        self.rows = self.bytes = 0
        self.done = done


class BrokerJournal:
    """The journal's interface on the event loop; after `start` only its thread uses the file."""

    def __init__(self, path: Path, limits: Limits, sync: str = "full") -> None:
        self._path = path
        self._limits = limits
        self.disk = Disk(path.parent, limits.reserve_bytes)
        if self.disk.free < START_BYTES:
            self.disk.release()
        connection, self.stores = journal_file.open_file(path, limits, sync, self.disk)
        self._orphans = journal_file.orphans(connection, (store.number for store in self.stores))
        self._thread = JournalThread(connection)
        self.acceptance = Acceptance(self.disk, limits, self._thread)
        self.space = JournalSpace(self._thread)
        self._current = Batch()
        self._open: WriteGroup | None = None
        self._writing: Batch | None = None
        self._scheduled = False
        self._pending_bytes = 0
        self._paused: set[Sender] = set()
        self._removals: dict[RowRange, RangeRemoval] = {}

    def start(self, loop: asyncio.AbstractEventLoop, died: Callable[[], None]) -> None:
        """Start the writing thread; answers come on `loop`, and `died` if it ends before its time."""
        self._loop = loop
        self._thread.start(loop, died)
        self.acceptance.start()
        for rows in self._orphans:
            self.remove_rows(rows, _nothing)

    # state

    @property
    def size(self) -> int:
        """Bytes of the file and its write-ahead log."""
        files = (self._path, self._path.with_name(self._path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    @property
    def broken(self) -> bool:
        """Whether its thread has ended before its time."""
        return self._thread.broken

    @property
    def refusal(self) -> str:
        """Why persistent messages are refused; "" if they are accepted."""
        return self.acceptance.refusal

    # groups

    @contextmanager
    def atomic(self, sender: Sender | None) -> Iterator[WriteGroup]:
        """Write all that `sender` puts and removes inside together or not at all.

        An exception undoes it. Inside a COMMIT the operations of the same sender join its group.
        """
        outer = self._open
        if outer is not None and outer.sender is sender:
            yield outer
            return
        group = self._open = WriteGroup(sender)
        try:
            yield group
        except BaseException:
            self._open = outer
            group.undo()
            raise
        self._open = outer
        self._close_group(group)

    def open_group(self, sender: Sender | None) -> WriteGroup | None:
        """The group of a COMMIT of `sender` that is being handled."""
        group = self._open
        return group if group is not None and group.sender is sender else None

    def _close_group(self, group: WriteGroup) -> None:
        if not (group.puts or group.deletes):
            group.end(True)
            return
        batch = self._batch(group.sender)
        if group.puts:
            batch.groups.append(group)
            return
        # Acknowledgements alone are never refused: a full disk has room for them.
        batch.other.deletes += group.deletes
        batch.untaken += [
            (owner, entry.sequence) for owner, entry in group.removed if entry.sequence in owner.taken
        ]
        batch.closing.append(partial(group.end, True))

    # writing

    def add_store(self, store: StoredStore, sender: Sender | None) -> None:
        """Write a queue or a durable subscription."""
        self._batch(sender).other.stores[store.number] = store

    def drop_store(self, number: int, sender: Sender | None) -> None:
        """Delete a store and all its messages."""
        other = self._batch(sender).other
        other.stores.pop(number, None)
        other.dropped.append(number)
        self.remove_rows(journal_file.bounds(number), _nothing)

    def put(self, put: PendingPut, message: Message, sender: Sender | None, *, row: bool) -> None:
        """Register a message of a store; it is written if `row` is true.

        The store may deliver it after its `committed` was called.
        """
        batch = self._batch(sender)
        batch.decided[put.owner] = put.sequence
        group = self.open_group(sender)
        if group is None:
            group = WriteGroup(sender)
            batch.groups.append(group)
        group.puts.append(put)
        if row:
            row_id = put.owner.number << STORE_SHIFT | put.sequence
            group.rows.append(JournalRow(row_id, 0, message.expires, message.persistent, message.tail))
        self.hold(put.size + PENDING_BYTES, sender)

    def hold(self, size: int, sender: Sender | None) -> None:
        """Count bytes that wait for a commit; over the limit, reading from `sender` pauses."""
        self._batch(None).size += size
        self._pending_bytes += size
        if (
            sender is not None
            and self._pending_bytes > self._limits.journal_pending_bytes
            and sender not in self._paused
        ):
            self._paused.add(sender)
            sender.pause_reading(True)

    def delete(self, owner: Owner, entry: StoreEntry, sender: Sender | None) -> None:
        """Delete a message that was consumed."""
        group = self.open_group(sender)
        if group is not None:
            group.removed.append((owner, entry))
        if not entry.stored:
            return
        row_id = owner.number << STORE_SHIFT | entry.sequence
        if group is not None:
            group.deletes.append(row_id)
        else:
            batch = self._batch(sender)
            batch.other.deletes.append(row_id)
            if entry.sequence in owner.taken:
                batch.untaken.append((owner, entry.sequence))
        self.space.shrink_later()

    def redelivered(self, owner: Owner, entry: StoreEntry, sender: Sender | None) -> None:
        """Write the number of redeliveries; the receipt of `sender`, who sent the NACK, follows it."""
        row_id = owner.number << STORE_SHIFT | entry.sequence
        self._batch(sender).other.redelivered[row_id] = entry.redeliveries

    def remove_rows(self, rows: RowRange, done: Removed) -> None:
        """Delete a range of rows, a part with each commit, then call `done` with their count and bytes."""
        self._removals[rows] = RangeRemoval(done)
        self._batch(None).other.ranges.append(rows)
        self.space.shrink_later()

    def when_written(self, call: Callable[[], None]) -> None:
        """Call `call` after everything requested so far is written."""
        if self._scheduled:
            self._current.closing.append(call)
        elif self._writing is not None:
            self._writing.closing.append(call)
        else:
            call()

    # reading

    def page(self, store: int, after: int, limit: int, size: int, answer: Page) -> None:
        """Up to `limit` messages or `size` bytes of a store behind row `after`, as last committed."""
        self._thread.run(partial(journal_file.page, store=store, after=after, limit=limit, size=size), answer)

    def expired(self, after: tuple[int, int], limit: int, answer: Page) -> None:
        """Up to `limit` messages whose time to live is over, behind a pair of expiry and row id."""
        now = int(time() * 1000)
        self._thread.run(partial(journal_file.expired, now=now, after=after, limit=limit), answer)

    def oldest(self, stores: list[tuple[int, int]], answer: Callable[[dict[int, int]], None]) -> None:
        """The time stamp (ms) of the first message of each (store, behind which sequence), if any."""
        after = [number << STORE_SHIFT | sequence for number, sequence in stores]

        def read(connection: sqlite3.Connection) -> dict[int, int]:
            tails = journal_file.oldest(connection, after)
            return {number: Message.stored(tail, True).timestamp for number, tail in tails.items()}

        self._thread.run(read, answer)

    # the loop's side of a commit

    def _batch(self, sender: Sender | None) -> Batch:
        if not self._scheduled:
            self._scheduled = True
            if self._writing is None:
                self._loop.call_soon(self._submit)
        if sender is not None:
            sender.batch = self._current
        return self._current

    def _submit(self) -> None:
        """Write the current batch. Never called while a frame is handled: a COMMIT stays in one batch."""
        if not self._scheduled:
            return
        self._scheduled = False
        batch, self._current = self._current, Batch()
        if batch.any():
            self._writing = batch
            self._write(batch)
        else:
            self._finish(batch, Outcome())

    def _write(self, batch: Batch) -> None:
        self._thread.run(partial(self._commit, batch), partial(self._committed, batch))

    def _committed(self, batch: Batch, outcome: Outcome) -> None:
        if outcome.refused:
            self._refuse(batch, outcome.refused)
        elif batch.groups:
            self.acceptance.written()
        self.acceptance.stalled(outcome.other_error)
        if outcome.other_error:
            self._loop.call_later(RETRY_SECONDS, self._write, batch)
            return
        self._writing = None
        self._finish(batch, outcome)
        if self._scheduled and self._writing is None:
            self._submit()

    def _refuse(self, batch: Batch, reason: str) -> None:
        """Undo the groups of a batch and send the reason to their senders; the rest is written."""
        groups, batch.groups = batch.groups, []
        senders = {group.sender for group in groups if group.sender is not None}
        batch.receipts = [(sender, frame) for sender, frame in batch.receipts if sender not in senders]
        for group in reversed(groups):
            group.undo()
        for sender in senders:
            sender.fail(reason)
        self.acceptance.failed(reason)

    def _finish(self, batch: Batch, outcome: Outcome) -> None:
        batch.done = True
        self._pending_bytes -= batch.size
        for owner, sequence in batch.untaken:
            owner.taken.discard(sequence)
        for rows, (count, size) in outcome.removed.items():
            self._removed(rows, count, size)
        for group in batch.groups:
            for owner, entry in group.removed:
                owner.taken.discard(entry.sequence)
            group.end(True)
        for owner, upto in batch.decided.items():
            owner.committed(upto)
        for sender, frame in batch.receipts:
            sender.write(frame)
        for close in batch.closing:
            close()
        if self._paused and self._pending_bytes < self._limits.journal_pending_bytes // 2:
            paused, self._paused = self._paused, set()
            for sender in paused:
                sender.pause_reading(False)

    def _removed(self, rows: RowRange, count: int, size: int) -> None:
        removal = self._removals[rows]
        removal.rows += count
        removal.bytes += size
        if count:
            self._batch(None).other.ranges.append(rows)
        else:
            del self._removals[rows]
            removal.done(removal.rows, removal.bytes)

    async def close(self) -> None:
        """Write what is left and close the file."""
        if self._writing is not None and self.acceptance.refuses:
            self._write(self._writing)
        while self._scheduled or self._writing is not None:
            if self._writing is None:
                self._submit()
            await asyncio.sleep(0.001)
        self._thread.stop()

    # the thread's side

    def _commit(self, batch: Batch, connection: sqlite3.Connection) -> Outcome:
        outcome = Outcome()
        if batch.groups:
            outcome.refused = self.acceptance.low_disk(2 * batch.size) if batch.size else ""
            if not outcome.refused:
                outcome.refused = self._written(connection, batch, outcome, groups=True)
            if not outcome.refused or not batch.other.any():
                return outcome
        outcome.other_error = self._written(connection, batch, outcome, groups=False)
        if outcome.other_error:
            # The reserved file gives room to copy the log into the file; then the log is written from its
            # beginning, without more room, until it has grown as far again.
            self.disk.release()
            journal_file.checkpoint(connection)
            outcome.other_error = self._written(connection, batch, outcome, groups=False)
        return outcome

    def _written(
        self, connection: sqlite3.Connection, batch: Batch, outcome: Outcome, *, groups: bool
    ) -> str:
        rows = [row for group in batch.groups for row in group.rows] if groups else []
        deletes = [row for group in batch.groups for row in group.deletes] if groups else []
        try:
            outcome.removed = journal_file.write(connection, rows, deletes, batch.other)
        except sqlite3.Error as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL and not self.acceptance.low_disk():
                limit = bytes_text(self._limits.journal_bytes)
                return f"The broker's journal is full: it has reached its limit of {limit}"
            return f"The broker's journal cannot be written: {error}"
        return ""
