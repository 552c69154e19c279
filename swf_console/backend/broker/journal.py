"""What must survive a kill: written and synced by a thread, one commit for all that came meanwhile.

Receipts, and the messages themselves, go out after the commit.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from time import time
from typing import TypeVar

from . import journal_file
from .disk import Disk
from .journal_batch import Batch, Owner, PendingPut, Sender, WriteGroup
from .journal_file import STORE_SHIFT, JournalRow, RowRange, StoredStore
from .limits import Limits
from .message import Message, StoreEntry

RETRY_SECONDS = 0.5
PROBE_SECONDS = 1.0
PROBE_BYTES = 65_536
SHRINK_SECONDS = 0.5
SHRINK_FROM_PAGES = 64
SHRINK_PAGES = 256  # 1 MiB a step: other commits wait for no more than that
SHRINK_PAUSE_SECONDS = 0.02
START_BYTES = 1024 * 1024  # what a start and its first acknowledgements write

Page = Callable[[list[JournalRow]], None]
Removed = Callable[[int, int], None]
Job = Callable[[], None]
Found = TypeVar("Found")


def _nothing(*_: object) -> None:
    """No one waits for the end of a removal."""


class Outcome:
    """What became of a commit: why the groups, and why the rest, could not be written; "" where they were."""

    __slots__ = ("other_error", "refused", "removed")

    def __init__(self) -> None:
        self.refused = ""
        self.other_error = ""
        self.removed: dict[RowRange, tuple[int, int]] = {}


class RangeRemoval:
    """A removal of rows that takes several commits: how much is removed so far, and who waits for its end."""

    __slots__ = ("bytes", "done", "rows")

    def __init__(self, done: Removed) -> None:
        self.rows = self.bytes = 0
        self.done = done


class BrokerJournal:
    """The journal as the event loop sees it; only its thread touches the file once `start` was called."""

    def __init__(self, path: Path, limits: Limits, sync: str = "full") -> None:
        self._path = path
        self._limits = limits
        self.disk = Disk(path.parent, limits.reserve_bytes)
        if self.disk.free < START_BYTES:
            self.disk.release()
        self._connection, self.stores = journal_file.open_file(path, limits, sync, self.disk)
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._current = Batch()
        self._open: WriteGroup | None = None
        self._writing: Batch | None = None
        self._scheduled = False
        self._pending_bytes = 0
        self._paused: set[Sender] = set()
        self._removals: dict[RowRange, RangeRemoval] = {}
        self._shrinking = False
        self._low = self._stalled = self._failed = ""
        self._probing = self._reported = False
        self.on_refusal: Callable[[str], None] = lambda _: None
        self.failures = 0
        self.broken = False

    def start(self, loop: asyncio.AbstractEventLoop, died: Callable[[], None]) -> None:
        """Start the writing thread; answers come on `loop`, and `died` if it ends before its time."""
        self._loop = loop
        self._died = died
        for rows in journal_file.orphans(self._connection, (store.number for store in self.stores)):
            self.remove_rows(rows, _nothing)
        self._low = self._low_disk(0)
        self._thread.start()
        if self._low or not self.disk.reserve():
            self._watch()

    # what others know of it

    @property
    def size(self) -> int:
        """Bytes of the file and its write-ahead log."""
        files = (self._path, self._path.with_name(self._path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    @property
    def refusal(self) -> str:
        """Why persistent messages are refused, or were at the last attempt; "" where they are not."""
        return self._stalled or self._low or self._failed

    def refuses(self) -> str:
        """Why a message that needs the disk need not even be tried; "" where it is."""
        return self._stalled or self._low

    # groups

    @contextmanager
    def atomic(self, sender: Sender | None) -> Iterator[WriteGroup]:
        """All that `sender` puts and removes inside is written together or not at all.

        An exception undoes what was done. Inside a COMMIT, what belongs to it joins its group.
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
        if group.puts or group.deletes:
            self._batch(group.sender).groups.append(group)
        else:
            group.end(True)

    # what the stores request, on the loop

    def add_store(self, store: StoredStore, sender: Sender | None) -> None:
        """Remember a queue or a durable subscription."""
        self._batch(sender).other.stores[store.number] = store

    def drop_store(self, number: int, sender: Sender | None) -> None:
        """Forget a store and all its messages."""
        other = self._batch(sender).other
        other.stores.pop(number, None)
        other.dropped.append(number)
        self.remove_rows(journal_file.bounds(number), _nothing)

    def put(self, put: PendingPut, message: Message, sender: Sender | None, *, row: bool) -> None:
        """Announce a message of a store, to be written where `row` is true.

        The store may give it out once `committed` says so.
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
        self.hold(put.size, sender)

    def hold(self, size: int, sender: Sender | None) -> None:
        """Count bytes that wait for the next commit; while they are too many, `sender` is not read."""
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
        """A message was consumed."""
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
        self._shrink_later()

    def redelivered(self, owner: Owner, entry: StoreEntry, sender: Sender | None) -> None:
        """A message went back to its store; `sender`, who refused it, is confirmed once that is written."""
        row_id = owner.number << STORE_SHIFT | entry.sequence
        self._batch(sender).other.redelivered[row_id] = entry.redeliveries

    def remove_rows(self, rows: RowRange, done: Removed) -> None:
        """Delete a range of rows, a part with each commit, then call `done` with their number and bytes."""
        self._removals[rows] = RangeRemoval(done)
        self._batch(None).other.ranges.append(rows)
        self._shrink_later()

    def when_written(self, call: Callable[[], None]) -> None:
        """Call once everything that was requested so far is written."""
        if self._scheduled:
            self._current.closing.append(call)
        elif self._writing is not None:
            self._writing.closing.append(call)
        else:
            call()

    # reading

    def page(self, store: int, after: int, limit: int, size: int, answer: Page) -> None:
        """Up to `limit` messages or `size` bytes of a store behind row `after`, as last committed."""
        self._read(lambda: journal_file.page(self._connection, store, after, limit, size), answer)

    def expired(self, after: tuple[int, int], limit: int, answer: Page) -> None:
        """Up to `limit` messages whose time to live is over, behind a pair of expiry and row id."""
        now = int(time() * 1000)
        self._read(lambda: journal_file.expired(self._connection, now, after, limit), answer)

    def oldest(self, stores: list[tuple[int, int]], answer: Callable[[dict[int, int]], None]) -> None:
        """The time stamp (ms) of the first message of each (store, behind which sequence), if any."""
        after = [number << STORE_SHIFT | sequence for number, sequence in stores]

        def read() -> dict[int, int]:
            tails = journal_file.oldest(self._connection, after)
            return {number: Message.stored(tail, True).timestamp for number, tail in tails.items()}

        self._read(read, answer)

    def _read(self, read: Callable[[], Found], answer: Callable[[Found], None]) -> None:
        def job() -> None:
            found = read()
            self._loop.call_soon_threadsafe(answer, found)

        self._jobs.put(job)

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
        """Write what has come. Never called while a frame is handled: a COMMIT stays in one batch."""
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
        def job() -> None:
            outcome = self._commit(batch)
            self._loop.call_soon_threadsafe(self._committed, batch, outcome)

        self._jobs.put(job)

    def _committed(self, batch: Batch, outcome: Outcome) -> None:
        if outcome.refused:
            self._refuse(batch, outcome.refused)
        elif batch.groups:
            self._failed = ""
        if outcome.other_error:
            self._set_stalled(outcome.other_error)
            self._loop.call_later(RETRY_SECONDS, self._write, batch)
            return
        self._set_stalled("")
        self._writing = None
        self._finish(batch, outcome)
        if self._scheduled and self._writing is None:
            self._submit()

    def _refuse(self, batch: Batch, reason: str) -> None:
        """Undo the groups of a batch; their senders learn why. The rest of the batch is written."""
        self.failures += 1
        groups, batch.groups = batch.groups, []
        senders = {group.sender for group in groups if group.sender is not None}
        batch.receipts = [(sender, frame) for sender, frame in batch.receipts if sender not in senders]
        for group in reversed(groups):
            group.undo()
        for sender in senders:
            sender.fail(reason)
        self._failed = reason
        self._low = self._low_disk(0)
        self._watch()

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

    # a disk that is full

    def _set_stalled(self, reason: str) -> None:
        if reason != self._stalled:
            self._stalled = reason
            self._watch()

    def _watch(self) -> None:
        """Report a change of what is refused; try again until nothing is and the reserved file is there."""
        self._report()
        if not self._probing:
            self._probing = True
            self._loop.call_later(PROBE_SECONDS, self._probe)

    def _report(self) -> None:
        reason = self.refusal
        if bool(reason) != self._reported:
            self._reported = bool(reason)
            self.on_refusal(reason)

    def _probe(self) -> None:
        failed = bool(self._failed)

        def look() -> tuple[str, bool, bool]:
            low = self._low_disk(0 if self.disk.reserved else self._limits.reserve_bytes)
            writable = not failed or (not low and journal_file.probe(self._connection, PROBE_BYTES))
            return low, writable, not low and self.disk.reserve()

        self._read(look, self._probed)

    def _probed(self, found: tuple[str, bool, bool]) -> None:
        low, writable, reserved = found
        self._low = low
        if writable:
            self._failed = ""
        self._probing = False
        if self.refusal or not reserved:
            self._probing = True
            self._loop.call_later(PROBE_SECONDS, self._probe)
        self._report()

    def _low_disk(self, needed: int) -> str:
        free = self.disk.free
        if free >= self._limits.disk_free_bytes + needed:
            return ""
        return (
            f"The broker's disk is full: {free >> 20} MB are free at {self._path.parent}, "
            f"{self._limits.disk_free_bytes >> 20} MB are needed"
        )

    # giving room back

    def _shrink_later(self) -> None:
        if not self._shrinking:
            self._shrinking = True
            self._loop.call_later(SHRINK_SECONDS, self._shrink)

    def _shrink(self, worthwhile: int = SHRINK_FROM_PAGES) -> None:
        """Give room back, a step at a time, where more than `worthwhile` pages are free."""

        def step() -> bool:
            free, used = journal_file.free_pages(self._connection)
            if free <= max(used // 4, worthwhile):
                return False
            journal_file.give_back(self._connection, SHRINK_PAGES)
            return True

        def done(again: bool) -> None:
            if again:
                self._loop.call_later(SHRINK_PAUSE_SECONDS, self._shrink, 0)
                return
            self._shrinking = False
            if not worthwhile and self._writing is None:
                self._read(lambda: journal_file.checkpoint(self._connection, "TRUNCATE"), _nothing)

        self._read(step, done)

    def compact(self, done: Callable[[], None]) -> None:
        """Give all free room back to the file system, then call `done`."""

        def step() -> bool:
            free, _ = journal_file.free_pages(self._connection)
            journal_file.give_back(self._connection, SHRINK_PAGES)
            if free > SHRINK_PAGES:
                return True
            journal_file.checkpoint(self._connection, "TRUNCATE")
            return False

        def stepped(again: bool) -> None:
            if again:
                self._read(step, stepped)
            else:
                done()

        self._read(step, stepped)

    async def close(self) -> None:
        """Commit what is left and close the file."""
        if self._writing is not None and self._stalled:
            self._write(self._writing)
        while self._scheduled or self._writing is not None:
            if self._writing is None:
                self._submit()
            await asyncio.sleep(0.001)
        self._jobs.put(None)
        self._thread.join(1.0)

    # the thread's side

    def _commit(self, batch: Batch) -> Outcome:
        outcome = Outcome()
        if batch.groups:
            outcome.refused = self._low_disk(2 * batch.size) if batch.size else ""
            if not outcome.refused:
                outcome.refused = self._written(batch, outcome, groups=True)
            if not outcome.refused or not batch.other.any():
                return outcome
        outcome.other_error = self._written(batch, outcome, groups=False)
        if outcome.other_error:
            # The reserved file gives room to copy the log into the file; then the log is written from its
            # beginning, without more room, until it has grown as far again.
            self.disk.release()
            journal_file.checkpoint(self._connection)
            outcome.other_error = self._written(batch, outcome, groups=False)
        return outcome

    def _written(self, batch: Batch, outcome: Outcome, *, groups: bool) -> str:
        rows = [row for group in batch.groups for row in group.rows] if groups else []
        deletes = [row for group in batch.groups for row in group.deletes] if groups else []
        try:
            outcome.removed = journal_file.write(self._connection, rows, deletes, batch.other)
        except sqlite3.Error as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL and not self._low_disk(0):
                limit = self._limits.journal_bytes >> 20
                return f"The broker's journal is full: it has reached its limit of {limit} MB"
            return f"The broker's journal cannot be written: {error}"
        return ""

    def _work(self) -> None:
        in_order = False
        try:
            while (job := self._jobs.get()) is not None:
                job()
            in_order = True
        finally:
            self._connection.close()
            if not in_order:
                self.broken = True
                self._loop.call_soon_threadsafe(self._died)
