"""The publisher: in order, nothing lost, delivered only where the broker said so."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from ..errors import SwfError
from .link import Link, NotConnected
from .messages import Delivery, Draft, OutgoingMessage, write
from .statistics import PublishStatistics, Tally

logger = logging.getLogger(__name__)

BATCH = 500
WINDOW = 4000
PENDING = 4000
DELIVERY_SECONDS = 0.25
ABORT_LOOK_SECONDS = 0.02
OUTBOX_BACKOFF = (0.05, 2.0)


class Outbox(Protocol):
    """Where messages are written down before they are sent."""

    def record(self, new: Sequence[OutgoingMessage], delivered: Sequence[Delivery]) -> None:
        """Write both in one transaction; an exception means neither is written, and it is tried again."""


class PublishAborted(SwfError):
    """publish() was told to give up while it waited for room; that message was not taken."""


@dataclass(frozen=True, slots=True)
class PublisherState:
    """A snapshot for display; ages are seconds."""

    pending: int
    unconfirmed: int
    oldest_unconfirmed_age: float
    outbox_error: str | None
    outbox_failing_since: datetime | None


class _Item:
    """One message on its way."""

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


class Publisher:
    """Sends what is published over `connection`, in order, once each is in `outbox`.

    At most `pending` messages wait to be recorded and `window` for their receipts; then publish() blocks.
    A delivery is written down with the next messages, or `delivery_seconds` later. With `gather_seconds`
    there is one transaction in that time while fewer than `batch` messages wait: less work, more latency.
    """

    def __init__(
        self,
        connection: Link,
        outbox: Outbox,
        *,
        pending: int = PENDING,
        window: int = WINDOW,
        batch: int = BATCH,
        delivery_seconds: float = DELIVERY_SECONDS,
        gather_seconds: float = 0.0,
    ) -> None:
        self._connection = connection
        self._outbox = outbox
        self._limit, self._window, self._batch = pending, window, batch
        self._delivery_seconds = delivery_seconds
        self._gather_seconds = gather_seconds
        self._recorded_at = 0.0
        self._lock = lock = threading.Lock()
        self._work = threading.Condition(lock)
        self._room = threading.Condition(lock)
        self._settled = threading.Condition(lock)
        self._pending: deque[tuple[Draft | OutgoingMessage, float]] = deque()
        self._recording: list[_Item] = []
        self._noting = 0
        self._unconfirmed: dict[str, _Item] = {}
        self._unsent: deque[_Item] = deque()
        self._delivered: list[Delivery] = []
        self._owners: list[str | None] = []
        self._oldest_delivery = 0.0
        self._session = 0
        self._tallies: dict[str | None, Tally] = {}
        self._waiting = 0
        self._closing = self._closed = False
        self._idle = False
        self._outbox_error: str | None = None
        self._outbox_failing_since: datetime | None = None
        self._pump = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._pump.start()
        connection.attach(self)

    def publish(
        self,
        message: Draft | OutgoingMessage,
        *,
        abort: Callable[[], bool] | None = None,
        wait: bool = True,
    ) -> None:
        """Take a message; where too much is pending wait for room, or until `abort()` (PublishAborted).

        With `wait` false it is taken at once, beyond the bound: for the few that must go out in any case.
        """
        with self._lock:
            if wait and len(self._pending) >= self._limit:
                self._wait_for_room(abort)
            if self._closing:
                raise PublishAborted("the publisher is closed")
            tally = self._tallies.get(message.execution_id)
            if tally is None:
                tally = self._tallies[message.execution_id] = Tally()
            tally.published += 1
            now = time.monotonic()
            self._pending.append((message, now))
            gathering = now < self._recorded_at + self._gather_seconds and not self._waiting
            if self._idle and (not gathering or len(self._pending) >= self._batch) and self._has_work():
                self._work.notify()

    def wait_delivered(self, execution_id: str | None, timeout: float | None = None) -> bool:
        """Whether all the execution's messages were confirmed, and written down so, in `timeout` seconds."""
        with self._work:
            self._waiting += 1
            self._work.notify()
            try:
                return self._settled.wait_for(lambda: self._undelivered(execution_id) == 0, timeout)
            finally:
                self._waiting -= 1

    def statistics(self, execution_id: str | None) -> PublishStatistics:
        """The figures of one execution so far."""
        with self._work:
            tally = self._tallies.get(execution_id)
            return tally.snapshot() if tally else PublishStatistics()

    def forget(self, execution_id: str | None) -> None:
        """Drop the figures of an execution; what it still has on its way is sent all the same."""
        with self._work:
            self._tallies.pop(execution_id, None)

    def oldest_unconfirmed_age(self) -> float:
        """How long ago the oldest message was published that the broker has not confirmed; 0 if none."""
        with self._work:
            return self._age()

    def state(self) -> PublisherState:
        """What is on its way now."""
        with self._work:
            return PublisherState(
                pending=len(self._pending) + len(self._recording),
                unconfirmed=len(self._unconfirmed),
                oldest_unconfirmed_age=self._age(),
                outbox_error=self._outbox_error,
                outbox_failing_since=self._outbox_failing_since,
            )

    def close(self, timeout: float = 5.0) -> bool:
        """Take no more, and end; true where all was confirmed and written down within `timeout` seconds."""
        with self._work:
            self._closing = True
            self._work.notify()
            self._room.notify_all()
            drained = self._settled.wait_for(self._drained, timeout)
            self._closed = True
            self._work.notify()
            self._settled.notify_all()
        self._connection.detach(self)
        if threading.current_thread() is not self._pump:
            self._pump.join(1.0)
        return drained

    def on_up(self, session: int) -> None:
        """A new session: everything unconfirmed goes out again, in order, before anything new."""
        with self._work:
            self._session = session
            self._unsent = deque(self._unconfirmed.values())
            self._work.notify()

    def on_down(self, session: int, error: str) -> None:  # noqa: ARG002 (the connection shows its error itself)
        """The session is over: what it left unconfirmed waits."""
        with self._work:
            if session == self._session:
                self._session = 0

    def on_receipt(self, session: int, receipt: str) -> bool:  # noqa: ARG002 (a receipt counts whenever it comes)
        """The broker has that message."""
        now = time.monotonic()
        with self._work:
            item = self._unconfirmed.get(receipt)
            if item is None or not item.sent:
                return item is not None
            del self._unconfirmed[receipt]
            execution = item.message.execution_id
            if not self._delivered:
                self._oldest_delivery = now
            self._delivered.append(Delivery(receipt, datetime.now(UTC)))
            self._owners.append(execution)
            tally = self._tallies.get(execution)
            if tally is not None:
                tally.latency.add(now - item.at)
            if self._idle and self._has_work():
                self._work.notify()
        return True

    def on_refusal(self, session: int, receipt: str, error: str) -> bool:  # noqa: ARG002
        """An ERROR for a message of ours ends the session: it is tried again after the back-off."""
        return False

    def _wait_for_room(self, abort: Callable[[], bool] | None) -> None:
        while len(self._pending) >= self._limit and not self._closing:
            if abort is not None and abort():
                raise PublishAborted("stopped while waiting for the broker")
            self._room.wait(None if abort is None else ABORT_LOOK_SECONDS)

    def _run(self) -> None:
        while True:
            with self._work:
                self._await_work()
                if self._closed:
                    return
                batch, delivered, owners = self._take()
            if (batch or delivered) and not self._record(batch, delivered, owners):
                return
            self._send()

    def _await_work(self) -> None:
        while not self._closed and not self._has_work():
            self._idle = True
            self._work.wait(self._patience())
        self._idle = False

    def _patience(self) -> float | None:
        """How long to wait for a call before looking at the clock; None where only a call can bring work."""
        # what is published before the next transaction is due wakes nobody: it is looked for when it is
        dues = [self._gather_left()] if self._gather_left() > 0 else []
        if self._unconfirmed or self._delivered:
            dues.append(self._delivery_seconds)
        return min(dues, default=None)

    def _gathering(self) -> float:
        """Seconds until a batch that is not full may be recorded."""
        if self._waiting or self._closing or len(self._pending) >= self._batch:
            return 0.0
        return self._gather_left()

    def _gather_left(self) -> float:
        return self._recorded_at + self._gather_seconds - time.monotonic()

    def _has_work(self) -> bool:
        if self._session and self._unsent:
            return True
        if self._pending and self._room_in_window() > 0:
            roomy = self._room_in_window() >= min(self._batch, len(self._pending))
            return (roomy or not self._unconfirmed) and self._gathering() <= 0
        if not self._delivered:
            return False
        hurry = (self._waiting or self._closing) and not self._unconfirmed
        late = time.monotonic() - self._oldest_delivery >= self._delivery_seconds
        return bool(hurry or late or len(self._delivered) >= self._window)

    def _room_in_window(self) -> int:
        return self._window - len(self._unconfirmed)

    def _take(self) -> tuple[list[_Item], list[Delivery], list[str | None]]:
        count = min(self._batch, len(self._pending), max(0, self._room_in_window()))
        batch = [_Item(*self._pending.popleft()) for _ in range(count)]
        self._recording = batch
        if batch:
            self._room.notify_all()
        delivered, self._delivered = self._delivered, []
        owners, self._owners = self._owners, []
        self._noting = len(delivered)
        return batch, delivered, owners

    def _record(self, batch: list[_Item], delivered: list[Delivery], owners: list[str | None]) -> bool:
        """Write down what is new and what was delivered, however long it takes; false if closed meanwhile."""
        messages = [item.written() for item in batch]
        pause = OUTBOX_BACKOFF[0]
        while True:
            began = time.monotonic()
            try:
                self._outbox.record(messages, delivered)
            except Exception as error:  # noqa: BLE001 (whatever it is, nothing may be sent unrecorded)
                if not self._outbox_failed(error, pause):
                    return False
                pause = min(pause * 2, OUTBOX_BACKOFF[1])
            else:
                self._recorded(batch, owners, time.monotonic() - began)
                return True

    def _outbox_failed(self, error: Exception, pause: float) -> bool:
        with self._work:
            if self._outbox_error is None:
                self._outbox_failing_since = datetime.now(UTC)
                logger.warning("messages cannot be written down, trying again: %s", error)
            self._outbox_error = str(error) or type(error).__name__
            return not self._work.wait_for(lambda: self._closed, pause)

    def _recorded(self, batch: list[_Item], owners: list[str | None], seconds: float) -> None:
        with self._work:
            self._outbox_error = self._outbox_failing_since = None
            self._recording, self._noting = [], 0
            if batch:  # deliveries alone hold nothing back
                self._recorded_at = time.monotonic()
            for item in batch:
                self._unconfirmed[item.message.id] = item
                self._unsent.append(item)
            for owner in owners:
                tally = self._tallies.get(owner)
                if tally is not None:
                    tally.delivered += 1
            concerned = {item.message.execution_id for item in batch} or set(owners)
            for execution in concerned:
                tally = self._tallies.get(execution)
                if tally is not None:
                    tally.outbox_seconds += seconds / len(concerned)
            if owners:
                self._settled.notify_all()

    def _send(self) -> None:
        """Send what the current session has not been given; if it ends meanwhile the next one is given it."""
        while True:
            with self._work:
                session = self._session
                if not session or not self._unsent:
                    return
                items = [self._unsent.popleft() for _ in range(min(self._batch, len(self._unsent)))]
                for item in items:
                    self._count_resent(item)
            try:
                self._connection.send(session, [item.message for item in items])
            except NotConnected:
                return

    def _count_resent(self, item: _Item) -> None:
        tally = self._tallies.get(item.message.execution_id) if item.sent else None
        if tally is not None:
            tally.resent += 1
        item.sent = True

    def _undelivered(self, execution_id: str | None) -> int:
        tally = self._tallies.get(execution_id)
        return tally.undelivered if tally else 0

    def _drained(self) -> bool:
        on_its_way = self._pending or self._recording or self._unconfirmed
        return not (on_its_way or self._delivered or self._noting)

    def _age(self) -> float:
        for waiting in (self._unconfirmed.values(), self._recording):
            for item in waiting:
                return time.monotonic() - item.at
        return time.monotonic() - self._pending[0][1] if self._pending else 0.0
