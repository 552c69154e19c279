"""The messages of a queue or a durable subscription: the first in memory, the rest in the journal."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence, Set
from typing import Generic, TypeVar

from ..core.format import plural
from ..core.format import size as bytes_text
from .frames import Rejected
from .journal_batch import PendingPut, Sender
from .journal_file import SEQUENCES, STORE_SHIFT, JournalRow, StoredStore
from .message import BY_SEQUENCE, LATEST, Message, StoreEntry
from .store_context import Consumer, StoreContext

AnyConsumer = TypeVar("AnyConsumer", bound=Consumer)
MINIMAL_WINDOW = 16
ENTRY_BYTES = 100  # what a message costs beside its own bytes, in memory and on disk


class Store(Generic[AnyConsumer]):
    """Messages in order, delivered to consumers in turn and held until they are acknowledged.

    `ready` has the next ones in order. Of the `spilled` ones only the journal has the content, behind
    sequence `_loaded_to`; `taken` are sequences behind it that are in memory all the same, or about to be
    deleted. Messages behind `_decided_to` wait for the journal's commit and are not delivered before.
    """

    def __init__(self, context: StoreContext, number: int, destination: str) -> None:
        self.context = context
        self.number = number
        self.destination = destination
        self.known = False
        self.ready: list[StoreEntry] = []
        self.undeliverable: list[tuple[StoreEntry, str]] = []
        self.taken: set[int] = set()
        self.spilled = 0
        self.consumers: list[AnyConsumer] = []
        self.enqueued = self.dequeued = self.dispatched = self.expirations = self.bytes_in = 0
        self.in_flight = 0
        self.bytes = 0
        self._refused_at = LATEST
        self._next_sequence = 1
        self._loaded_to = 0
        self._decided_to = LATEST
        self._last_pending = 0
        self._loading = False
        self._turn = 0
        self._bytes = 0
        self._earliest_expiry = LATEST
        self._dispatch_scheduled = False

    @property
    def size(self) -> int:
        """The number of messages that wait or are not acknowledged."""
        return len(self.ready) + len(self.undeliverable) + self.spilled + self.in_flight

    @property
    def memory_bytes(self) -> int:
        """Bytes of its messages in memory."""
        return self._bytes

    @property
    def loaded_to(self) -> int:
        """The sequence up to which its messages are in memory."""
        return self._loaded_to

    @property
    def readable_to(self) -> int:
        """The sequence up to which its messages are written and may be delivered."""
        return min(self._decided_to, self._next_sequence - 1)

    def record(self) -> StoredStore:
        """The journal's record of the store itself."""
        return StoredStore(self.number, self.destination)

    def remember(self, sender: Sender | None) -> None:
        """Write the store to the journal, once."""
        if not self.known:
            self.known = True
            self.context.journal.add_store(self.record(), sender)

    def restore(self, stored: StoredStore) -> None:
        """Start from the journal's record."""
        self.known = True
        self.spilled = stored.messages
        self.bytes = stored.bytes + stored.messages * ENTRY_BYTES
        self._next_sequence = stored.last + 1

    # messages in

    @property
    def full(self) -> bool:
        """Whether it is at its limit, or refused a message and has not become smaller since."""
        return self.bytes >= min(self.context.limits.store_bytes, self._refused_at)

    @property
    def title(self) -> str:
        """Its name in errors."""
        return f"queue {self.destination}"

    @property
    def remedy(self) -> str:
        """The advice in errors when it is full."""
        return f"Consume them, or remove them: swf-console broker purge {self.destination}"

    def admit(self, message: Message) -> None:
        """Raise Rejected if a message cannot be added because the store or the disk is full."""
        size = len(message.tail)
        limits = self.context.limits
        if self.bytes + size > limits.store_bytes:
            self._refused_at = self.bytes
            raise Rejected(
                f"The {self.title} is full: {plural(self.size, 'message')} of {bytes_text(self.bytes)} wait "
                f"(limit {bytes_text(limits.store_bytes)}). {self.remedy}"
            )
        reason = self.context.journal.acceptance.refuses
        if reason and (message.persistent or self.spilled or not self._has_room(size)):
            raise Rejected(reason)

    def put(self, message: Message, sender: Sender | None) -> None:
        """Add a message that `admit` has accepted; the sender's next receipt waits for the journal."""
        size = len(message.tail)
        self.enqueued += 1
        self.bytes_in += size
        self.bytes += size + ENTRY_BYTES
        sequence = self._next_sequence
        self._next_sequence = sequence + 1
        entry: StoreEntry | None = None
        if self.spilled or not self._has_room(size):
            self.spilled += 1
        else:
            entry = StoreEntry(message, sequence, message.persistent)
            self._loaded_to = sequence
            self._hold(entry)
            self.ready.append(entry)
        row = entry is None or entry.stored
        journal = self.context.journal
        if row:
            self.remember(sender)
        if row or journal.open_group(sender) is not None:
            if self._decided_to == LATEST:
                self._decided_to = sequence - 1
            self._last_pending = sequence
            journal.put(PendingPut(self, sequence, size, entry), message, sender, row=row)
        elif self.consumers:
            self.dispatch()
        if entry is not None and entry in self.ready[-1:]:
            message.forget_headers()

    def committed(self, upto: int) -> None:
        """Deliver what is written: the journal has written or undone everything up to a sequence."""
        if upto >= self._last_pending:
            self._decided_to = LATEST
        elif self._decided_to != LATEST:
            self._decided_to = upto
        if self.consumers:
            self.dispatch()

    def undo_put(self, put: PendingPut) -> None:
        """Remove a message that could not be written."""
        self.enqueued -= 1
        self.bytes_in -= put.size
        self.bytes -= put.size + ENTRY_BYTES
        if put.entry is None:
            self.spilled = max(0, self.spilled - 1)
            return
        place = bisect_left(self.ready, put.sequence, key=BY_SEQUENCE)
        if self.ready[place : place + 1] == [put.entry]:
            del self.ready[place]
            self._release(put.entry)

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
        message = entry.message
        size = len(message.tail)
        self._bytes += size
        self.context.memory.used += size
        if 0 < message.expires < self._earliest_expiry:
            self._earliest_expiry = message.expires

    def _release(self, entry: StoreEntry) -> None:
        size = len(entry.message.tail)
        self._bytes -= size
        self.context.memory.used -= size

    # to the consumers

    def attach(self, consumer: AnyConsumer) -> None:
        """Add a consumer."""
        self.consumers.append(consumer)
        self.dispatch()

    def remove_consumers(self, gone: Set[object]) -> None:
        """Remove those of a client that is leaving, together; `detach` of each follows with nothing left."""
        leaving = [one for one in self.consumers if one in gone]
        self.consumers = [one for one in self.consumers if one not in gone]
        returned = [entry for one in leaving for entry in one.unacknowledged.values()]
        for one in leaving:
            one.unacknowledged = {}
        self.in_flight -= len(returned)
        self._return(returned, None)

    def detach(self, consumer: AnyConsumer, unacknowledged: Iterable[StoreEntry]) -> None:
        """Remove a consumer; what it did not acknowledge goes to others, marked as redelivered."""
        if consumer in self.consumers:
            self.consumers.remove(consumer)
        returned = list(unacknowledged)
        self.in_flight -= len(returned)
        self._return(returned, None)
        self.dispatch()

    def dispatch(self) -> None:
        """Deliver what consumers have room for."""
        ready = self.ready
        while (
            ready
            and ready[0].sequence <= self._decided_to
            and (consumer := self._next_consumer()) is not None
        ):
            self._deliver(ready.pop(0), consumer)
        if self.spilled:
            self._refill()

    def dispatch_later(self) -> None:
        """Deliver in the next turn of the loop."""
        if not self._dispatch_scheduled:
            self._dispatch_scheduled = True
            self.context.loop.call_soon(self._dispatch_now)

    def _dispatch_now(self) -> None:
        self._dispatch_scheduled = False
        self.dispatch()

    def _next_consumer(self) -> AnyConsumer | None:
        consumers = self.consumers
        count = len(consumers)
        for step in range(self._turn, self._turn + count):
            consumer = consumers[step % count]
            if consumer.has_room():
                self._turn = (step + 1) % count
                return consumer
        return None

    def _deliver(self, entry: StoreEntry, consumer: AnyConsumer) -> None:
        self.in_flight += 1
        if entry.message.expires and entry.message.expired():
            self._expire(entry)
            return
        self.dispatched += 1
        consumer.take(entry)

    # from the consumers

    def settle(self, entry: StoreEntry, sender: Sender | None) -> None:
        """Remove a message that was acknowledged."""
        self._remove(entry, sender)

    def reject(self, entry: StoreEntry, sender: Sender | None) -> None:
        """Redeliver a message after a NACK, or move it to the dead-letter queue after the last one."""
        if entry.redeliveries < self.context.limits.redeliveries:
            self.in_flight -= 1
            self._return([entry], sender)
        else:
            self._give_up(entry, f"{entry.redeliveries + 1} negative acknowledgements", sender)

    def _expire(self, entry: StoreEntry) -> None:
        """Move a message whose time to live is over to the dead-letter queue."""
        self.expirations += 1
        self._give_up(entry, f"Message Expired. Expiration:{entry.message.expires}", None)

    def _give_up(self, entry: StoreEntry, cause: str, sender: Sender | None) -> None:
        """Move a message in flight to the dead-letter queue, or hold it until that accepts it."""
        context = self.context
        if context.dead_letter_refused(self, entry.message):
            self.in_flight -= 1
            self.undeliverable.append((entry, cause))
            return
        with context.journal.atomic(sender):
            self._remove(entry, sender)
            context.dead_letter(self, entry.message, cause, sender)

    def _return(self, entries: Sequence[StoreEntry], sender: Sender | None) -> None:
        """Put entries back in their places, marked as redelivered."""
        if not entries:
            return
        for entry in entries:
            entry.redeliveries += 1
            if entry.stored:
                self.context.journal.redelivered(self, entry, sender)
        self.ready += entries
        self.ready.sort(key=BY_SEQUENCE)  # two ordered runs: as fast as one insertion

    def _remove(self, entry: StoreEntry, sender: Sender | None) -> None:
        self.in_flight -= 1
        self.dequeued += 1
        self.bytes -= len(entry.message.tail) + ENTRY_BYTES
        self._release(entry)
        self.context.journal.delete(self, entry, sender)

    def undo_remove(self, entry: StoreEntry) -> None:
        """Put a message back whose removal could not be written."""
        self.dequeued -= 1
        self.bytes += len(entry.message.tail) + ENTRY_BYTES
        self._hold(entry)
        self._return([entry], None)
        self.dispatch_later()

    # the journal's side

    @staticmethod
    def _entry(row: JournalRow) -> StoreEntry:
        message = Message.stored(row.tail, row.persistent)
        return StoreEntry(message, row.id & SEQUENCES, True, row.redeliveries)

    def _refill(self) -> None:
        limits = self.context.limits
        if self._loading or len(self.ready) >= limits.window_messages // 2:
            return
        if self._loaded_to >= self.readable_to or not any(one.has_room() for one in self.consumers):
            return
        self._loading = True
        self.context.journal.page(
            self.number,
            self._row(self._loaded_to),
            limits.window_messages // 2,
            limits.window_bytes // 2,
            self._loaded,
        )

    def _loaded(self, rows: list[JournalRow]) -> None:
        self._loading = False
        for row in rows:
            sequence = row.id & SEQUENCES
            if sequence <= self._loaded_to:  # purged meanwhile
                continue
            self._loaded_to = sequence
            if sequence in self.taken:
                self.taken.discard(sequence)
                continue
            self.spilled -= 1
            entry = self._entry(row)
            self._hold(entry)
            insort(self.ready, entry, key=BY_SEQUENCE)
        if rows:
            self.dispatch()

    def destroy(self, sender: Sender | None) -> None:
        """Delete every message and the store itself."""
        for entry in self.ready:
            self._release(entry)
        self.ready.clear()
        self.spilled = self.bytes = 0
        self._loaded_to = self._next_sequence
        if self.known:
            self.context.journal.drop_store(self.number, sender)
