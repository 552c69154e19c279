"""What must survive a kill: written by a thread, one commit for all that came meanwhile, receipts after."""

import asyncio
import os
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

from . import journal_file
from .journal_file import STORE_SHIFT, JournalRow, Operations, StoredStore
from .limits import Limits
from .message import Message, StoreEntry


class Sender(Protocol):
    """Who waits for a commit."""

    batch: "Batch | None"

    def write(self, data: bytes) -> None: ...
    def fail(self, reason: str) -> None: ...
    def pause_reading(self, paused: bool) -> None: ...


class Owner(Protocol):
    """A store whose message could not be written."""

    def lost(self, entry: StoreEntry | None) -> None: ...


class Batch:
    """Operations of one commit, and which clients are sent what after it."""

    __slots__ = ("closing", "done", "operations", "origins", "receipts", "senders", "size")

    def __init__(self) -> None:
        self.operations = Operations()
        self.origins: dict[int, tuple[Owner, StoreEntry | None]] = {}
        self.senders: set[Sender] = set()
        self.receipts: list[tuple[Sender, bytes]] = []
        self.closing: list[Callable[[], None]] = []
        self.size = 0
        self.done = False


Page = Callable[[list[JournalRow]], None]
Job = Callable[[], None]


class BrokerJournal:
    """The journal as the event loop sees it; only its thread touches the file once `start` was called."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._connection, self.stores = journal_file.open_file(path, limits.journal_bytes)
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._current = Batch()
        self._outstanding = 0
        self._scheduled = False
        self._pending_bytes = 0
        self._paused: set[Sender] = set()
        self._rows = sum(store.messages for store in self.stores)
        self._shrink_worthwhile = False
        self.failures = 0
        self.broken = False
        self.refusal = ""

    def start(self, loop: asyncio.AbstractEventLoop, died: Callable[[], None]) -> None:
        """Start the writing thread; answers come on `loop`, and `died` if it ends before its time."""
        self._loop = loop
        self._died = died
        self._thread.start()

    @property
    def size(self) -> int:
        """Bytes of the file and its write-ahead log."""
        files = (self._path, self._path.with_name(self._path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    @property
    def disk_free(self) -> int:
        """Bytes that may still be written to the file system of the journal."""
        found = os.statvfs(self._path.parent)
        return found.f_bavail * found.f_frsize

    # what the stores ask for, on the loop

    def add_store(self, store: StoredStore, sender: Sender | None) -> None:
        """Remember a queue or a durable subscription."""
        self._batch(sender).operations.stores[store.number] = store

    def drop_store(self, number: int, rows: int, sender: Sender | None) -> None:
        """Forget a store and all its messages."""
        self._rows -= rows
        operations = self._batch(sender).operations
        if operations.stores.pop(number, None) is None or operations.inserts:
            operations.dropped.append(number)
        self._shrink_worthwhile = True

    def insert(
        self, owner: Owner, row_id: int, message: Message, entry: StoreEntry | None, sender: Sender | None
    ) -> None:
        """Write a message; `entry` is None where only the journal has it from now on."""
        batch = self._batch(sender)
        batch.operations.inserts[row_id] = JournalRow(
            row_id, 0, message.expires, message.persistent, message.tail
        )
        batch.origins[row_id] = (owner, entry)
        size = len(message.tail)
        batch.size += size
        self._pending_bytes += size
        self._rows += 1
        if sender is not None:
            batch.senders.add(sender)
            if self._pending_bytes > self._limits.journal_pending_bytes and sender not in self._paused:
                self._paused.add(sender)
                sender.pause_reading(True)

    def delete(self, row_id: int, sender: Sender | None) -> None:
        """A message was consumed; one that is not written yet never will be."""
        batch = self._batch(sender)
        row = batch.operations.inserts.pop(row_id, None)
        self._rows -= 1
        if row is None:
            batch.operations.deletes.append(row_id)
            self._shrink_worthwhile = True
        else:
            del batch.origins[row_id]
            batch.size -= len(row.tail)
            self._pending_bytes -= len(row.tail)

    def redelivered(self, row_id: int, times: int, sender: Sender | None) -> None:
        """A message went back to its store; `sender`, who refused it, is confirmed once that is written."""
        batch = self._batch(sender)
        row = batch.operations.inserts.get(row_id)
        if row is None:
            batch.operations.redelivered[row_id] = times
        else:
            batch.operations.inserts[row_id] = row._replace(redeliveries=times)

    def page(self, store: int, after: int, limit: int, size: int, answer: Page) -> None:
        """Up to `limit` messages or `size` bytes of a store behind row `after`, to `answer` on the loop."""
        self._submit()

        def job() -> None:
            rows = journal_file.page(self._connection, store, after, limit, size)
            self._answer(lambda: answer(rows))

        self._outstanding += 1
        self._jobs.put(job)

    def oldest(self, stores: list[tuple[int, int]], answer: Callable[[dict[int, int]], None]) -> None:
        """The time stamp (ms) of the first message of each (store, behind which sequence), if any."""
        self._submit()

        def job() -> None:
            after = [number << STORE_SHIFT | sequence for number, sequence in stores]
            tails = journal_file.oldest(self._connection, after)
            found = {number: Message.stored(tail, True).timestamp for number, tail in tails.items()}
            self._answer(lambda: answer(found))

        self._outstanding += 1
        self._jobs.put(job)

    def remove_rows(self, after: int, end: int) -> None:
        """Delete the rows between two ids."""
        self._batch(None).operations.ranges.append((after, end))
        self._shrink_worthwhile = True

    def compact(self, done: Callable[[], None]) -> None:
        """Give free room back to the file system, then call `done`."""
        self._submit()

        def job() -> None:
            journal_file.shrink(self._connection)
            self._answer(done)

        self._outstanding += 1
        self._jobs.put(job)

    async def close(self) -> None:
        """Commit what is left and close the file."""
        self._submit()
        ended = self._loop.create_future()

        def job() -> None:
            self._loop.call_soon_threadsafe(ended.set_result, None)

        self._jobs.put(job)
        await ended
        self._jobs.put(None)
        self._thread.join(1.0)

    # the loop's side of a commit

    def _batch(self, sender: Sender | None) -> Batch:
        if not self._scheduled:
            self._scheduled = True
            if not self._outstanding:
                self._loop.call_soon(self._submit)
        if sender is not None:
            sender.batch = self._current
        return self._current

    def _submit(self) -> None:
        if not self._scheduled:
            return
        self._scheduled = False
        batch, self._current = self._current, Batch()
        if not batch.operations.any():
            self._finish(batch)
            return
        self._outstanding += 1

        def job() -> None:
            insert_error, error = journal_file.commit(self._connection, batch.operations)
            self._answer(lambda: self._committed(batch, insert_error, error))

        self._jobs.put(job)

    def _committed(self, batch: Batch, insert_error: str | None, error: str | None) -> None:
        if insert_error is not None:
            self._lose(batch, insert_error)
        if error is not None:
            again = self._current.operations
            again.deletes += batch.operations.deletes
            again.dropped += batch.operations.dropped
        self._finish(batch)
        if self._rows <= 0 and self._shrink_worthwhile:
            self._shrink_worthwhile = False
            self._loop.call_later(0.5, self._shrink)

    def _lose(self, batch: Batch, reason: str) -> None:
        self.failures += 1
        for owner, entry in batch.origins.values():
            owner.lost(entry)
        self._rows -= len(batch.origins)
        self._current.operations.stores.update(batch.operations.stores)
        batch.receipts = [(sender, frame) for sender, frame in batch.receipts if sender not in batch.senders]
        for sender in batch.senders:
            sender.fail(f"The broker's journal cannot be written: {reason}")

    def _finish(self, batch: Batch) -> None:
        batch.done = True
        self._pending_bytes -= batch.size
        for sender, frame in batch.receipts:
            sender.write(frame)
        for close in batch.closing:
            close()
        if self._paused and self._pending_bytes < self._limits.journal_pending_bytes // 2:
            paused, self._paused = self._paused, set()
            for sender in paused:
                sender.pause_reading(False)

    def _shrink(self) -> None:
        if self._rows > 0:
            return

        def job() -> None:
            journal_file.shrink(self._connection)
            self._answer(lambda: None)

        self._outstanding += 1
        self._jobs.put(job)

    def _answered(self, then: Callable[[], None]) -> None:
        self._outstanding -= 1
        then()
        if self._scheduled and not self._outstanding:
            self._submit()

    # the thread's side

    def _answer(self, then: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(self._answered, then)

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
