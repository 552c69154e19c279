"""What is on its way: it waits to be recorded, for its receipt, or to be written down as delivered."""

import time
from collections import deque
from collections.abc import Sequence

from .messages import Delivery, Draft, OutgoingMessage, write
from .statistics import PublishStatistics, Tally


class Item:
    """One message on its way; `at` is when it was published (monotonic seconds)."""

    __slots__ = ("_given", "at", "message", "sent")

    message: OutgoingMessage

    def __init__(self, given: Draft | OutgoingMessage, at: float) -> None:
        self._given = given
        self.at = at
        self.sent = False

    def written(self) -> OutgoingMessage:
        """The message; a draft is written now."""
        self.message = self._given = write(self._given)
        return self.message


class Backlog:
    """The messages between publish() and their delivery, for whoever holds the publisher's lock.

    `pending` wait to be recorded; `unconfirmed` are recorded and wait for their receipts, and `unsent` are
    those of them that the session has not been given; `delivered`, of `owners`, wait to be written down so.
    What comes one by one, a message or a receipt, the publisher enters itself: that saves a call for each.
    """

    __slots__ = (
        "_batch",
        "_noting",
        "_recording",
        "_window",
        "delivered",
        "oldest_delivery",
        "owners",
        "pending",
        "tallies",
        "unconfirmed",
        "unsent",
    )

    def __init__(self, batch: int, window: int) -> None:
        self._batch, self._window = batch, window
        self.pending: deque[tuple[Draft | OutgoingMessage, float]] = deque()
        self._recording: list[Item] = []
        self.unconfirmed: dict[str, Item] = {}
        self.unsent: deque[Item] = deque()
        self.delivered: list[Delivery] = []
        self.owners: list[str | None] = []
        self.oldest_delivery = 0.0
        self._noting = 0
        self.tallies: dict[str | None, Tally] = {}

    def room(self) -> int:
        """How many more may wait for their receipts."""
        return self._window - len(self.unconfirmed)

    def take(self) -> tuple[list[Item], list[Delivery], list[str | None]]:
        """What is to be recorded now, and what is to be written down as delivered, with its owners."""
        count = min(self._batch, len(self.pending), max(0, self.room()))
        batch = self._recording = [Item(*self.pending.popleft()) for _ in range(count)]
        delivered, self.delivered = self.delivered, []
        owners, self.owners = self.owners, []
        self._noting = len(delivered)
        return batch, delivered, owners

    def recorded(self, batch: Sequence[Item], owners: Sequence[str | None], seconds: float) -> None:
        """What was taken is written down, which took so long."""
        self._recording, self._noting = [], 0
        for item in batch:
            self.unconfirmed[item.message.id] = item
            self.unsent.append(item)
        for owner in owners:
            tally = self.tallies.get(owner)
            if tally is not None:
                tally.delivered += 1
        concerned = {item.message.execution_id for item in batch} or set(owners)
        for execution in concerned:
            tally = self.tallies.get(execution)
            if tally is not None:
                tally.outbox_seconds += seconds / len(concerned)

    def send_all_again(self) -> None:
        """A new session has been given nothing yet."""
        self.unsent = deque(self.unconfirmed.values())

    def next_to_send(self) -> list[Item]:
        """The next that the session has not been given; they count as sent."""
        items = [self.unsent.popleft() for _ in range(min(self._batch, len(self.unsent)))]
        for item in items:
            tally = self.tallies.get(item.message.execution_id) if item.sent else None
            if tally is not None:
                tally.resent += 1
            item.sent = True
        return items

    def statistics(self, execution_id: str | None) -> PublishStatistics:
        """The figures of one execution so far."""
        tally = self.tallies.get(execution_id)
        return tally.snapshot() if tally else PublishStatistics()

    def undelivered(self, execution_id: str | None) -> int:
        """How many of one execution's are not delivered, or not written down so."""
        tally = self.tallies.get(execution_id)
        return tally.undelivered if tally else 0

    def unrecorded(self) -> int:
        """How many are not written down yet."""
        return len(self.pending) + len(self._recording)

    def drained(self) -> bool:
        """Whether nothing is on its way any more."""
        return not (self.unrecorded() or self.unconfirmed or self.delivered or self._noting)

    def age(self) -> float:
        """Seconds since the oldest message was published that the broker has not confirmed; 0 if none."""
        for waiting in (self.unconfirmed.values(), self._recording):
            for item in waiting:
                return time.monotonic() - item.at
        return time.monotonic() - self.pending[0][1] if self.pending else 0.0
