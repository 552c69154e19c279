"""Messages that wait, a queue's or a durable subscription's: some in memory, the rest in the journal."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from .journal import BrokerJournal, Sender
from .journal_file import STORE_SHIFT, JournalRow, StoredStore
from .limits import Limits
from .message import Message, StoreEntry


class MemoryUse:
    """Bytes of waiting messages in all windows together."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = 0


class StoreContext(Protocol):
    """What a store needs of the broker."""

    limits: Limits
    journal: BrokerJournal
    memory: MemoryUse

    def dead_letter(self, store: "Store", message: Message, cause: str) -> None: ...


class Consumer(Protocol):
    """What a store needs of a subscription. `scanned`: its selector has refused everything up to there."""

    scanned: int
    unacknowledged: dict[int, Any]

    @property
    def selector(self) -> object | None: ...
    def has_room(self) -> bool: ...
    def wants(self, message: Message) -> bool: ...
    def take(self, entry: StoreEntry) -> None: ...


class BrowsedMessage(NamedTuple):
    """A message as an administrator sees it. `delivered`: to a consumer that has not acknowledged it yet."""

    sequence: int
    message: Message
    redeliveries: int
    delivered: bool


BY_SEQUENCE = attrgetter("sequence")
SEQUENCES = (1 << STORE_SHIFT) - 1
MINIMAL_WINDOW = 16
HARD_WINDOW = 10


class Store:
    """Messages in order, given to consumers in turn, kept until acknowledged."""

    def __init__(self, context: StoreContext, number: int, destination: str) -> None:
        self.context = context
        self.number = number
        self.destination = destination
        self.known = False
        self.ready: list[StoreEntry] = []
        self.spilled = 0
        self.consumers: list[Consumer] = []
        self.enqueued = self.dequeued = self.dispatched = self.expirations = self.bytes_in = 0
        self.in_flight = 0
        self.bytes = 0
        self._next_sequence = 1
        self._loaded_to = 0
        self._loading = False
        self._turn = 0
        self._bytes = 0
        self._selective = False

    @property
    def size(self) -> int:
        """Messages waiting or unacknowledged."""
        return len(self.ready) + self.spilled + self.in_flight

    @property
    def memory_bytes(self) -> int:
        """What its messages in memory take."""
        return self._bytes

    def record(self) -> StoredStore:
        """What the journal remembers of the store itself."""
        return StoredStore(self.number, self.destination)

    def remember(self, sender: Sender | None) -> None:
        """Make sure that the journal knows the store."""
        if not self.known:
            self.known = True
            self.context.journal.add_store(self.record(), sender)

    def restore(self, stored: StoredStore) -> None:
        """Take up what the journal has."""
        self.known = True
        self.spilled = stored.messages
        self.bytes = stored.bytes
        self._next_sequence = stored.last + 1

    def put(self, message: Message, sender: Sender | None) -> None:
        """Add a message; its sender's next receipt waits for the journal where that must have it."""
        self.enqueued += 1
        size = len(message.tail)
        self.bytes_in += size
        self.bytes += size
        sequence = self._next_sequence
        self._next_sequence = sequence + 1
        if self.spilled or not self._has_room(size):
            self.spilled += 1
            self.remember(sender)
            self.context.journal.insert(self, self._row(sequence), message, None, sender)
            self._refill()
            return
        entry = StoreEntry(message, sequence, message.persistent)
        if message.persistent:
            self.remember(sender)
            self.context.journal.insert(self, self._row(sequence), message, entry, sender)
        self._loaded_to = sequence
        self._hold(entry)
        self.ready.append(entry)
        if self.consumers:
            self.dispatch()
        if entry in self.ready[-1:]:
            message.forget_headers()

    def _row(self, sequence: int) -> int:
        return self.number << STORE_SHIFT | sequence

    def _has_room(self, size: int) -> bool:
        if len(self.ready) < MINIMAL_WINDOW and self._bytes < self.context.limits.unacknowledged_bytes:
            return True
        limits = self.context.limits
        return (
            len(self.ready) < limits.window_messages
            and self._bytes + size <= limits.window_bytes
            and self.context.memory.used + size <= limits.memory_bytes
        )

    def _hold(self, entry: StoreEntry) -> None:
        size = len(entry.message.tail)
        self._bytes += size
        self.context.memory.used += size

    def _release(self, entry: StoreEntry) -> None:
        size = len(entry.message.tail)
        self._bytes -= size
        self.context.memory.used -= size

    # to the consumers

    def attach(self, consumer: Consumer) -> None:
        """A consumer has come."""
        self.consumers.append(consumer)
        self._selective = any(one.selector for one in self.consumers)
        self.dispatch()

    def detach(self, consumer: Consumer, unacknowledged: Iterable[StoreEntry]) -> None:
        """A consumer is gone; what it did not acknowledge goes to others, marked as redelivered."""
        if consumer in self.consumers:
            self.consumers.remove(consumer)
        self._selective = any(one.selector for one in self.consumers)
        for entry in unacknowledged:
            self._put_back(entry, None)
        self.dispatch()

    def dispatch(self) -> None:
        """Give out what consumers have room for."""
        if self._selective:
            self._dispatch_selected()
        else:
            ready = self.ready
            while ready and (consumer := self._next_consumer()) is not None:
                self._deliver(ready.pop(0), consumer)
        if self.spilled:
            self._refill()

    def _next_consumer(self) -> Consumer | None:
        consumers = self.consumers
        count = len(consumers)
        for step in range(self._turn, self._turn + count):
            consumer = consumers[step % count]
            if consumer.has_room():
                self._turn = (step + 1) % count
                return consumer
        return None

    def _dispatch_selected(self) -> None:
        free = [consumer for consumer in self.consumers if consumer.has_room()]
        if not free:
            return
        start = bisect_left(self.ready, 1 + min(one.scanned for one in free), key=BY_SEQUENCE)
        for entry in self.ready[start:]:
            taker = self._consumer_for(entry, free)
            if taker is None:
                continue
            del self.ready[bisect_left(self.ready, entry.sequence, key=BY_SEQUENCE)]
            self._deliver(entry, taker)
            self.consumers.remove(taker)
            self.consumers.append(taker)
            free.remove(taker)
            if taker.has_room():
                free.append(taker)
            if not free:
                return

    @staticmethod
    def _consumer_for(entry: StoreEntry, free: list[Consumer]) -> Consumer | None:
        for consumer in free:
            if entry.sequence <= consumer.scanned:
                continue
            if consumer.wants(entry.message):
                return consumer
            consumer.scanned = entry.sequence
        return None

    def _deliver(self, entry: StoreEntry, consumer: Consumer) -> None:
        if entry.message.expires and entry.message.expired():
            self.expire(entry)
            return
        self.dispatched += 1
        self.in_flight += 1
        consumer.take(entry)

    # from the consumers

    def settle(self, entry: StoreEntry, sender: Sender | None) -> None:
        """A consumer has acknowledged."""
        self.in_flight -= 1
        self._remove(entry, sender)

    def reject(self, entry: StoreEntry, sender: Sender | None) -> None:
        """A consumer could not do it: again, and after the last time to the dead letters."""
        if entry.redeliveries >= self.context.limits.redeliveries:
            self.in_flight -= 1
            self._remove(entry, sender)
            self.context.dead_letter(
                self, entry.message, f"{entry.redeliveries + 1} negative acknowledgements"
            )
        else:
            self._put_back(entry, sender)

    def expire(self, entry: StoreEntry) -> None:
        """Its time to live is over before a consumer had it."""
        self.expirations += 1
        self._remove(entry, None)
        self.context.dead_letter(self, entry.message, f"Message Expired. Expiration:{entry.message.expires}")

    def sweep(self) -> None:
        """Drop what has expired in memory."""
        for entry in [entry for entry in self.ready if entry.message.expired()]:
            self.ready.remove(entry)
            self.expire(entry)
        if self.spilled:
            self._refill()

    def _put_back(self, entry: StoreEntry, sender: Sender | None) -> None:
        self.in_flight -= 1
        entry.redeliveries += 1
        if entry.stored:
            self.context.journal.redelivered(self._row(entry.sequence), entry.redeliveries, sender)
        insort(self.ready, entry, key=BY_SEQUENCE)
        for consumer in self.consumers:
            consumer.scanned = min(consumer.scanned, entry.sequence - 1)

    def _remove(self, entry: StoreEntry, sender: Sender | None) -> None:
        self.dequeued += 1
        self.bytes -= len(entry.message.tail)
        self._release(entry)
        if entry.stored:
            self.context.journal.delete(self._row(entry.sequence), sender)

    # the journal's side

    def in_memory(self) -> list[StoreEntry]:
        """What is known of it without the journal, in order."""
        given = [one for consumer in self.consumers for one in consumer.unacknowledged.values()]
        return sorted([*given, *self.ready], key=BY_SEQUENCE)

    def peek(self, limit: int, answer: Callable[[list[Message]], None]) -> None:
        """Read messages that only the journal has, without taking them."""

        def found(rows: list[JournalRow]) -> None:
            answer([Message.stored(row.tail, row.persistent) for row in rows])

        after = self._row(self._loaded_to)
        self.context.journal.page(self.number, after, limit, self.context.limits.window_bytes, found)

    def _refill(self) -> None:
        limits = self.context.limits
        full = len(self.ready) >= limits.window_messages // 2
        stuck = len(self.ready) < limits.window_messages * HARD_WINDOW and self._selective
        if self._loading or (full and not stuck):
            return
        if not any(consumer.has_room() for consumer in self.consumers):
            return
        self._loading = True
        after = self._row(self._loaded_to)
        self.context.journal.page(
            self.number, after, limits.window_messages // 2, limits.window_bytes // 2, self._loaded
        )

    def _loaded(self, rows: list[JournalRow]) -> None:
        self._loading = False
        rows = [row for row in rows if row.id & SEQUENCES > self._loaded_to]  # others were purged meanwhile
        if not rows:
            return
        self.spilled = max(0, self.spilled - len(rows))
        for row in rows:
            sequence = row.id & SEQUENCES
            entry = StoreEntry(Message.stored(row.tail, row.persistent), sequence, True, row.redeliveries)
            self._loaded_to = sequence
            self._hold(entry)
            self.ready.append(entry)
        self.dispatch()

    # the administrator's side

    @property
    def full(self) -> bool:
        """Whether it takes no further message."""
        return self.bytes >= self.context.limits.store_bytes

    @property
    def loaded_to(self) -> int:
        """The sequence up to which its messages are in memory."""
        return self._loaded_to

    def oldest_in_memory(self) -> Message | None:
        """Its first message, where that is in memory."""
        entries = self.in_memory()
        return entries[0].message if entries else None

    def browse(self, after: int, limit: int, answer: Callable[[list[BrowsedMessage]], None]) -> None:
        """Give the first `limit` messages behind sequence `after`."""
        ready = {entry.sequence for entry in self.ready}
        seen = [
            BrowsedMessage(entry.sequence, entry.message, entry.redeliveries, entry.sequence not in ready)
            for entry in self.in_memory()
            if entry.sequence > after
        ][:limit]
        if len(seen) == limit or not self.spilled:
            answer(seen)
            return

        def found(rows: list[JournalRow]) -> None:
            more = [
                BrowsedMessage(
                    row.id & SEQUENCES, Message.stored(row.tail, row.persistent), row.redeliveries, False
                )
                for row in rows
            ]
            answer(seen + more)

        start = self._row(max(after, self._loaded_to))
        self.context.journal.page(
            self.number, start, limit - len(seen), self.context.limits.window_bytes, found
        )

    def purge(self, answer: Callable[[int], None]) -> None:
        """Remove everything that waits; how many it was."""
        removed = len(self.ready) + self.spilled
        for entry in self.ready:
            self._remove(entry, None)
        self.ready.clear()
        if self.spilled:
            first, last = self._row(self._loaded_to), self._row(self._next_sequence)
            self.context.journal.remove_rows(first, last)
            self.dequeued += self.spilled
            self.spilled = 0
            self._loaded_to = self._next_sequence - 1
        self.bytes = self._bytes
        answer(removed)

    def extract(self, ids: set[str], found: Callable[[list[Message]], None]) -> None:
        """Remove waiting messages by their ids and give them to `found`."""
        entries = [entry for entry in self.ready if entry.message.id in ids]
        for entry in entries:
            self.ready.remove(entry)
            self._remove(entry, None)
        found([entry.message for entry in entries])

    def lost(self, entry: StoreEntry | None) -> None:
        """The journal could not take a message, and its sender will be told so."""
        if entry is None:
            self.spilled = max(0, self.spilled - 1)
            return
        entry.stored = False
        if entry in self.ready:
            self.ready.remove(entry)
            self._release(entry)

    def destroy(self, sender: Sender | None) -> None:
        """Forget every message and the store itself."""
        rows = self.spilled + sum(entry.stored for entry in self.ready)
        for entry in self.ready:
            self._release(entry)
        self.ready.clear()
        self.spilled = self.bytes = 0
        if self.known:
            self.context.journal.drop_store(self.number, rows, sender)
