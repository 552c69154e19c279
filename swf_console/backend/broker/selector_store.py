"""A store whose consumers may have selectors, which are applied to all messages that wait."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Protocol

from .expiring_store import ExpiringStore
from .journal_batch import Sender
from .journal_file import SEQUENCES, JournalRow
from .message import BY_SEQUENCE, Message, StoreEntry
from .store_context import Consumer, StoreContext

SELECTIONS = 300  # selectors evaluated in one turn of the loop: 3 to 5 ms


class SelectingConsumer(Consumer, Protocol):
    """What a store needs of a subscription that may have a selector.

    `scanned`: its selector has decided on every message up to there, but for those in `revisit`, which came
    back since. Both are sequences, `revisit` in order.
    """

    scanned: int
    revisit: list[int]

    @property
    def selector(self) -> object | None: ...
    def wants(self, message: Message) -> bool: ...


class SelectorStore(ExpiringStore[SelectingConsumer]):
    """If a consumer has a selector, each message is offered once to every consumer.

    Messages in memory come first; then the journal is read page by page, and only matching messages of a
    page are held in memory.
    """

    def __init__(self, context: StoreContext, number: int, destination: str) -> None:
        super().__init__(context, number, destination)
        self._selective = False

    def attach(self, consumer: SelectingConsumer) -> None:
        if consumer.selector is not None and not self._selective:
            self._selective = True
            for other in self.consumers:  # what came back in the meantime is not in `revisit`
                other.scanned = 0
                other.revisit.clear()
        super().attach(consumer)

    def detach(self, consumer: SelectingConsumer, unacknowledged: Iterable[StoreEntry]) -> None:
        self._selective = any(one.selector for one in self.consumers if one is not consumer)
        super().detach(consumer, unacknowledged)

    def dispatch(self) -> None:
        if self._selective:
            self._dispatch_selected()
        else:
            super().dispatch()

    def _return(self, entries: Sequence[StoreEntry], sender: Sender | None) -> None:
        super()._return(entries, sender)
        if self._selective:
            for consumer in self.consumers:
                consumer.revisit += [one.sequence for one in entries if one.sequence <= consumer.scanned]
                consumer.revisit.sort()

    def _dispatch_selected(self) -> None:
        free = [consumer for consumer in self.consumers if consumer.has_room()]
        for consumer in free:
            self._revisit(consumer)
        free = [consumer for consumer in free if consumer.has_room()]
        if not free:
            return
        start = bisect_left(self.ready, 1 + min(one.scanned for one in free), key=BY_SEQUENCE)
        left = SELECTIONS
        for entry in self.ready[start:]:
            if entry.sequence > self._decided_to:
                return
            if left <= 0:
                self.dispatch_later()
                return
            left -= len(free)
            taker = self._taker(entry, free)
            if taker is None:
                continue
            del self.ready[bisect_left(self.ready, entry.sequence, key=BY_SEQUENCE)]
            self._give(entry, taker, free)
            if not free:
                return
        self._scan(free)

    def _revisit(self, consumer: SelectingConsumer) -> None:
        """Offer a consumer the returned messages before its position."""
        while consumer.revisit and consumer.has_room():
            sequence = consumer.revisit.pop(0)
            place = bisect_left(self.ready, sequence, key=BY_SEQUENCE)
            if place == len(self.ready) or self.ready[place].sequence != sequence:
                continue
            entry = self.ready[place]
            if consumer.wants(entry.message):
                del self.ready[place]
                self._deliver(entry, consumer)

    @staticmethod
    def _taker(entry: StoreEntry, free: list[SelectingConsumer]) -> SelectingConsumer | None:
        for consumer in free:
            if entry.sequence <= consumer.scanned:
                continue
            consumer.scanned = entry.sequence
            if consumer.wants(entry.message):
                return consumer
        return None

    def _give(self, entry: StoreEntry, taker: SelectingConsumer, free: list[SelectingConsumer]) -> None:
        self._deliver(entry, taker)
        if taker in self.consumers:  # the next one is another's turn
            self.consumers.remove(taker)
            self.consumers.append(taker)
        free.remove(taker)
        if taker.has_room():
            free.append(taker)

    def _scan(self, free: list[SelectingConsumer]) -> None:
        """Read the next page of the journal for consumers that have checked all messages in memory."""
        upto = self.readable_to
        after = max(self._loaded_to, min(one.scanned for one in free))
        if self._loading or not self.spilled or after >= upto:
            return
        self._loading = True
        limits = self.context.limits

        def found(rows: list[JournalRow]) -> None:
            self._loading = False
            size = sum(len(row.tail) for row in rows)
            whole = len(rows) < limits.scan_messages and size <= limits.scan_bytes
            offered = [one for one in free if one in self.consumers and one.has_room()]
            if offered and self._offer_rows(rows, list(offered), contiguous=after == self._loaded_to):
                reached = upto if whole else rows[-1].id & SEQUENCES
                for consumer in offered:
                    if consumer.has_room():
                        consumer.scanned = max(consumer.scanned, reached)
            self.dispatch()

        self.context.journal.page(
            self.number, self._row(after), limits.scan_messages, limits.scan_bytes, found
        )

    def _offer_rows(self, rows: list[JournalRow], free: list[SelectingConsumer], *, contiguous: bool) -> bool:
        """Deliver rows to consumers that want them; False if no consumer has room for the rest.

        `contiguous`: the page follows the messages in memory; taken rows at its start move that border.
        """
        for row in rows:
            sequence = row.id & SEQUENCES
            if sequence <= self._loaded_to:
                continue
            if sequence in self.taken:
                if contiguous:
                    self._loaded_to = sequence
                    self.taken.discard(sequence)
                continue
            contiguous = False
            if not free:
                return False
            entry = self._entry(row)
            taker = self._taker(entry, free)
            if taker is not None:
                self.spilled -= 1
                self.taken.add(sequence)
                self._hold(entry)
                self._give(entry, taker, free)
        return bool(free)
