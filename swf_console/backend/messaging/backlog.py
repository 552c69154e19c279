"""The messages between publish() and their delivery."""

import time
from collections import deque
from collections.abc import Sequence
from itertools import islice

from .message import Delivery, Draft, OutgoingMessage, write
from .statistics import PublishCounters, PublishStatistics


class PendingMessage:
    """One message on its way; `published_at` is in monotonic seconds."""

    __slots__ = ("_given", "message", "published_at", "sent")

    message: OutgoingMessage

    def __init__(self, message: Draft | OutgoingMessage, published_at: float) -> None:
        self._given = message
        self.published_at = published_at
        self.sent = False

    def write(self) -> OutgoingMessage:
        """The message to send; a draft is encoded now."""
        self.message = self._given = write(self._given)
        return self.message


class PublishBacklog:
    """The messages between publish() and their delivery; used under the publisher's lock.

    `pending` wait to be recorded; `unconfirmed` are recorded and wait for their receipts; `unsent` are
    those of them that this session has not sent; `delivered`, of `owners`, wait to be recorded as such.
    The publisher adds single messages and receipts itself: that saves a call for each.
    """

    __slots__ = (
        "_batch",
        "_recording",
        "_recording_deliveries",
        "_window",
        "counters",
        "delivered",
        "dropped",
        "oldest_delivery",
        "owners",
        "pending",
        "unconfirmed",
        "unsent",
    )

    def __init__(self, batch: int, window: int) -> None:
        self._batch, self._window = batch, window
        self.pending: deque[tuple[Draft | OutgoingMessage, float]] = deque()
        self._recording: list[PendingMessage] = []
        self.unconfirmed: dict[str, PendingMessage] = {}
        self.unsent: deque[PendingMessage] = deque()
        self.delivered: list[Delivery] = []
        self.owners: list[str | None] = []
        self.oldest_delivery = 0.0
        self._recording_deliveries = 0
        self.counters: dict[str | None, PublishCounters] = {}
        self.dropped: set[str | None] = set()

    def room(self) -> int:
        """How many more messages may wait for their receipts."""
        return self._window - len(self.unconfirmed)

    def take(self) -> tuple[list[PendingMessage], list[Delivery], list[str | None]]:
        """The messages to record now, and the deliveries to record, with their owners."""
        count = min(self._batch, len(self.pending), max(0, self.room()))
        batch = self._recording = [PendingMessage(*self.pending.popleft()) for _ in range(count)]
        delivered, self.delivered = self.delivered, []
        owners, self.owners = self.owners, []
        self._recording_deliveries = len(delivered)
        return batch, delivered, owners

    def recorded(self, batch: Sequence[PendingMessage], owners: Sequence[str | None], seconds: float) -> None:
        """What take() returned is recorded; it took so many seconds."""
        self._recording, self._recording_deliveries = [], 0
        for item in batch:
            if item.message.execution_id in self.dropped:
                continue
            self.unconfirmed[item.message.id] = item
            self.unsent.append(item)
        for owner in owners:
            counter = self.counters.get(owner)
            if counter is not None:
                counter.delivered += 1
        concerned = {item.message.execution_id for item in batch} or set(owners)
        for execution in concerned:
            counter = self.counters.get(execution)
            if counter is not None:
                counter.outbox_seconds += seconds / len(concerned)

    def drop(self, execution_id: str) -> None:
        """Forget the messages of an execution, and those that are still published for it."""
        self.dropped.add(execution_id)
        self.counters.pop(execution_id, None)
        self.pending = deque(one for one in self.pending if one[0].execution_id != execution_id)
        kept = {key: one for key, one in self.unconfirmed.items() if one.message.execution_id != execution_id}
        self.unconfirmed = kept
        self.unsent = deque(one for one in self.unsent if one.message.execution_id != execution_id)

    def next_executions(self) -> set[str | None]:
        """The executions of the messages that next_to_send() would return."""
        return {one.message.execution_id for one in islice(self.unsent, self._batch)}

    def send_all_again(self) -> None:
        """Mark all unconfirmed as not sent: a new session has sent nothing yet."""
        self.unsent = deque(self.unconfirmed.values())

    def next_to_send(self) -> list[PendingMessage]:
        """The next messages that this session has not sent; they are marked as sent."""
        items = [self.unsent.popleft() for _ in range(min(self._batch, len(self.unsent)))]
        for item in items:
            counter = self.counters.get(item.message.execution_id) if item.sent else None
            if counter is not None:
                counter.resent += 1
            item.sent = True
        return items

    def statistics(self, execution_id: str | None) -> PublishStatistics:
        """The statistics of one execution so far."""
        counter = self.counters.get(execution_id)
        return counter.snapshot() if counter else PublishStatistics()

    def undelivered(self, execution_id: str | None) -> int:
        """How many messages of one execution are not delivered, or not recorded as delivered."""
        counter = self.counters.get(execution_id)
        return counter.undelivered if counter else 0

    def unrecorded(self) -> int:
        """How many messages are not recorded yet."""
        return len(self.pending) + len(self._recording)

    def drained(self) -> bool:
        """Whether nothing is pending, unconfirmed or unrecorded."""
        return not (self.unrecorded() or self.unconfirmed or self.delivered or self._recording_deliveries)

    def age(self) -> float:
        """Age in seconds of the oldest message that the broker has not confirmed; 0 if none."""
        for waiting in (self.unconfirmed.values(), self._recording):
            for item in waiting:
                return time.monotonic() - item.published_at
        return time.monotonic() - self.pending[0][1] if self.pending else 0.0
