"""Messages in flight: each is handled once, and acknowledged when none of its results can be lost."""

import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..database import Database, messages
from ..messaging.message import Delivery, IncomingMessage, OutgoingMessage
from ..messaging.subscription import ReceivedMessage, RecentIds

# more than the prefetch of all destinations: a broker redelivers no more than that after a lost session
REMEMBERED = 20_000


class InFlightMessage:
    """One message that is being handled, with each of its deliveries."""

    __slots__ = ("deliveries", "holds", "incoming")

    def __init__(self, incoming: IncomingMessage) -> None:
        self.incoming = incoming
        self.deliveries: list[ReceivedMessage] = []
        self.holds = 1  # of its handler


class InFlightMessages:
    """Messages that are started and not acknowledged.

    A message is held by its handler, by its background calls, and by each message sent for it that the
    broker has not confirmed; the last release acknowledges it. Thread-safe.
    """

    def __init__(self) -> None:
        # guards all of the below; acknowledgements are sent outside it, because a send may block
        self._lock = threading.Lock()
        self._open: dict[str, InFlightMessage] = {}
        self._done = RecentIds(REMEMBERED)
        self._waiting: dict[str, list[InFlightMessage]] = {}
        self._confirmed = RecentIds(REMEMBERED)

    def __len__(self) -> int:
        return len(self._open)

    def add(self, incoming: IncomingMessage, received: ReceivedMessage | None) -> InFlightMessage | None:
        """Add a message; None for a duplicate. A duplicate of a finished message is acknowledged."""
        with self._lock:
            item = self._open.get(incoming.id)
            done = item is None and incoming.id in self._done
            if item is not None and received is not None:
                item.deliveries.append(received)
            if item is None and not done:
                fresh = self._open[incoming.id] = InFlightMessage(incoming)
                fresh.deliveries += [received] if received is not None else []
                return fresh
        if done and received is not None:
            received.ack()
        return None

    def find(self, identity: str) -> InFlightMessage | None:
        """The message with that id, if it is in flight."""
        with self._lock:
            return self._open.get(identity)

    def await_receipts(self, item: InFlightMessage | None, sent: Iterable[str]) -> set[str]:
        """Hold `item` until the broker has confirmed these messages; returns those to publish now."""
        fresh = set()
        with self._lock:
            for identity in sent:
                if identity in self._confirmed:
                    continue
                if identity not in self._waiting:
                    self._waiting[identity] = []
                    fresh.add(identity)
                if item is not None:
                    item.holds += 1
                    self._waiting[identity].append(item)
        return fresh

    def confirm(self, sent: Iterable[str]) -> None:
        """The broker has confirmed these messages."""
        ended: list[ReceivedMessage] = []
        with self._lock:
            for identity in sent:
                self._confirmed.add(identity)
                for item in self._waiting.pop(identity, ()):
                    ended += self._release(item)
        _acknowledge(ended)

    def hold(self, item: InFlightMessage) -> None:
        """Require one more release."""
        with self._lock:
            item.holds += 1

    def release(self, item: InFlightMessage) -> None:
        """Release once; the last release acknowledges the message."""
        with self._lock:
            ended = self._release(item)
        _acknowledge(ended)

    def give_back(self, identity: str) -> None:
        """Remove a message without acknowledgement: the broker delivers it again, to any consumer."""
        with self._lock:
            self._open.pop(identity, None)

    def _release(self, item: InFlightMessage) -> list[ReceivedMessage]:
        item.holds -= 1
        if item.holds > 0:
            return []
        self._open.pop(item.incoming.id, None)
        self._done.add(item.incoming.id)
        return item.deliveries


def _acknowledge(batch: Iterable[ReceivedMessage]) -> None:
    for received in batch:
        received.ack()


class ReceiptOutbox:
    """Records what the broker has confirmed, and releases the messages that waited for it."""

    def __init__(self, database: Database, in_flight: InFlightMessages) -> None:
        self._database, self._in_flight = database, in_flight

    def record(self, new: Sequence[OutgoingMessage], delivered: Sequence[Delivery]) -> None:  # noqa: ARG002
        """Record deliveries; new messages were recorded in the handler's transaction."""
        if not delivered:
            return
        with self._database.write() as connection:
            messages.mark_delivered(connection, delivered)
        self._in_flight.confirm([delivery.id for delivery in delivered])


@dataclass(slots=True)
class MessageCounters:
    """Numbers of messages by result; `last_failure` is the latest error in one line."""

    handled: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    ignored: int = 0
    unreadable: int = 0
    failures: int = 0
    dead_letters: int = 0
    last_failure: str | None = None

    def note_failure(self, error: Exception) -> str:
        """Store an error as the latest; returns it in one line."""
        text = str(error).strip().splitlines()
        self.last_failure = f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
        return self.last_failure

    def as_dict(self) -> dict[str, Any]:
        """The counters as JSON."""
        return {
            "handled": dict(self.handled),
            "duplicates": self.duplicates,
            "ignored": self.ignored,
            "unreadable": self.unreadable,
            "failures": self.failures,
            "dead_letters": self.dead_letters,
            "last_failure": self.last_failure,
        }
