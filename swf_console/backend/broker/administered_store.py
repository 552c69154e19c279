"""A store's administration: browse, purge, remove single messages."""

from bisect import bisect_left
from collections.abc import Callable
from itertools import islice, pairwise
from typing import NamedTuple

from .frames import Rejected
from .journal_file import SEQUENCES, JournalRow, RowRange
from .message import BY_SEQUENCE, Message, StoreEntry
from .selector_store import SelectorStore
from .store import ENTRY_BYTES

EXTRACT_PAGE = 500


class BrowsedMessage(NamedTuple):
    """A message in its place. `delivered`: to a consumer that has not acknowledged it yet."""

    sequence: int
    message: Message
    redeliveries: int
    delivered: bool


class AdministeredStore(SelectorStore):
    """A store that can be browsed, purged, and freed of single messages."""

    def oldest_in_memory(self) -> Message | None:
        """The first message in memory, or None."""
        first = [entry for entry in self.ready[:1] if entry.sequence <= self._decided_to]
        first += [entry for entry, _ in self.undeliverable[:1]]
        for consumer in self.consumers:
            first += islice(consumer.unacknowledged.values(), 1)
        return min(first, key=BY_SEQUENCE).message if first else None

    def in_memory(self) -> list[StoreEntry]:
        """The messages in memory in order, without those that wait for a commit."""
        given = [one for consumer in self.consumers for one in consumer.unacknowledged.values()]
        stuck = [entry for entry, _ in self.undeliverable]
        readable = [entry for entry in self.ready if entry.sequence <= self._decided_to]
        return sorted([*given, *stuck, *readable], key=BY_SEQUENCE)

    def browse(self, after: int, limit: int, answer: Callable[[list[BrowsedMessage]], None]) -> None:
        """Call `answer` with the first `limit` messages after sequence `after`."""
        delivered = {one.sequence for consumer in self.consumers for one in consumer.unacknowledged.values()}
        known = [
            BrowsedMessage(entry.sequence, entry.message, entry.redeliveries, entry.sequence in delivered)
            for entry in self.in_memory()
            if entry.sequence > after
        ]
        if not self.spilled or (len(known) >= limit and known[limit - 1].sequence <= self._loaded_to):
            answer(known[:limit])
            return
        held = {one.sequence for one in known} | self.taken

        def found(rows: list[JournalRow]) -> None:
            read = [
                BrowsedMessage(entry.sequence, entry.message, entry.redeliveries, False)
                for entry in map(self._entry, rows)
                if entry.sequence not in held
            ]
            # What is in memory behind a page's last row belongs to a later page.
            end = rows[-1].id & SEQUENCES if len(rows) >= limit else self._next_sequence
            answer(sorted([*(one for one in known if one.sequence <= end), *read])[:limit])

        start = self._row(max(after, self._loaded_to))
        wanted = limit + len(self.taken)
        self.context.journal.page(self.number, start, wanted, self.context.limits.window_bytes, found)

    def purge(self, answer: Callable[[int], None]) -> None:
        """Remove all waiting messages that are written; `answer` gets their number."""
        entries = [entry for entry in self.ready if entry.sequence <= self._decided_to]
        del self.ready[: len(entries)]
        stuck, self.undeliverable = [entry for entry, _ in self.undeliverable], []
        for entry in (*stuck, *entries):
            self.in_flight += 1
            self._remove(entry, None)
        start, end = self._loaded_to, self.readable_to
        if not self.spilled or start >= end:
            answer(len(entries) + len(stuck))
            return
        stops = [start, *sorted(one for one in self.taken if start < one <= end), end + 1]
        ranges = [RowRange(self._row(low), self._row(high)) for low, high in pairwise(stops)]
        self._loaded_to = end
        total = len(entries) + len(stuck)
        left = len(ranges)

        def removed(rows: int, size: int) -> None:
            nonlocal total, left
            total += rows
            left -= 1
            self.dequeued += rows
            self.spilled -= rows
            self.bytes -= size + rows * ENTRY_BYTES
            if not left:
                answer(total)

        for one in ranges:
            self.context.journal.remove_rows(one, removed)

    def extract(
        self, ids: set[str], action: Callable[[Message], None], answer: Callable[[int, str], None]
    ) -> None:
        """Remove waiting messages by their ids, each together with `action`.

        `answer` gets their number, and the error that ended it: a Rejected of `action`, or of the journal.
        """
        extraction = Extraction(self, ids, action, answer)
        extraction.start()

    def remove_waiting(
        self, entry: StoreEntry, action: Callable[[Message], None], written: Callable[[bool], None]
    ) -> None:
        """Remove one message that is in memory; nothing is changed where `action` raises Rejected."""
        with self.context.journal.atomic(None) as group:
            group.then.append(written)
            action(entry.message)
            del self.ready[bisect_left(self.ready, entry.sequence, key=BY_SEQUENCE)]
            self.in_flight += 1
            self._remove(entry, None)

    def remove_row(
        self, row: JournalRow, action: Callable[[Message], None], written: Callable[[bool], None]
    ) -> None:
        """Remove one message that is only in the journal."""
        entry = self._entry(row)
        with self.context.journal.atomic(None) as group:
            group.then.append(written)
            action(entry.message)
            self.spilled -= 1
            self.taken.add(entry.sequence)
            self._hold(entry)
            self.in_flight += 1
            self._remove(entry, None)

    def read_page(self, after: int, limit: int, answer: Callable[[list[JournalRow]], None]) -> None:
        """Rows after a sequence that are not in memory."""
        start = self._row(max(after, self._loaded_to))
        self.context.journal.page(self.number, start, limit, self.context.limits.window_bytes, answer)


class Extraction:
    """A search for messages by their ids, a page at a time; it ends once every removal is written."""

    def __init__(
        self,
        store: AdministeredStore,
        ids: set[str],
        action: Callable[[Message], None],
        answer: Callable[[int, str], None],
    ) -> None:
        self._store = store
        self._left = set(ids)
        self._action = action
        self._answer = answer
        self._count = 0
        self._unwritten = 1  # the search itself
        self._error = ""

    def start(self) -> None:
        """Remove what is in memory, then read the journal for the rest."""
        try:
            self._from_memory()
        except Rejected as problem:
            self._end(problem.reason)
            return
        self._next(0)

    def _from_memory(self) -> None:
        store = self._store
        found = [entry for entry in store.ready if entry.message.id in self._left]
        for entry in found:
            if entry.sequence <= store.readable_to:
                self._left.discard(entry.message.id)
                self._unwritten += 1
                store.remove_waiting(entry, self._action, self._written)

    def _written(self, written: bool) -> None:
        self._unwritten -= 1
        self._count += written
        if not written and not self._error:
            self._error = self._store.context.journal.refusal
        self._answer_if_ended()

    def _end(self, error: str = "") -> None:
        self._error = error or self._error
        self._unwritten -= 1
        self._answer_if_ended()

    def _answer_if_ended(self) -> None:
        if not self._unwritten:
            self._answer(self._count, self._error)

    def _next(self, after: int) -> None:
        if self._left and self._store.spilled:
            self._store.read_page(after, EXTRACT_PAGE, self._found)
        else:
            self._end()

    def _found(self, rows: list[JournalRow]) -> None:
        store = self._store
        try:
            for row in rows:
                sequence = row.id & SEQUENCES
                message_id = Message.stored(row.tail, row.persistent).id
                waits = sequence > store.loaded_to and sequence not in store.taken
                if message_id in self._left and waits:
                    self._left.discard(message_id)
                    self._unwritten += 1
                    store.remove_row(row, self._action, self._written)
            self._from_memory()  # what was loaded meanwhile
        except Rejected as problem:
            self._end(problem.reason)
            return
        if rows:
            self._next(rows[-1].id & SEQUENCES)
        else:
            self._end()
