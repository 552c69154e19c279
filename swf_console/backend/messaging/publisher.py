"""The publisher: keeps the order, loses nothing, counts as delivered only what the broker confirmed."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..core.errors import SwfError
from .backlog import PendingMessage, PublishBacklog
from .message import Delivery, Draft, OutgoingMessage
from .outbox import BACKOFF, ExecutionsLost, Outbox, RetryingOutbox, SendFence
from .ports import BrokerConnection, NotConnected
from .statistics import PublishCounters, PublishStatistics

logger = logging.getLogger(__name__)

# a transaction of the outbox, and of the broker: a receipt each makes the broker wait for its disk each time
BATCH = 500
# messages without a receipt: what a lost session sends again, and what memory must hold
WINDOW = 4000
PENDING = 4000
DELIVERY_SECONDS = 0.25
ABORT_POLL_SECONDS = 0.02


class PublishAborted(SwfError):
    """publish() was aborted by its caller while waiting for room; the message was not accepted."""


@dataclass(frozen=True, slots=True)
class PublisherState:
    """A snapshot for display; ages are in seconds."""

    pending: int
    unconfirmed: int
    oldest_unconfirmed_age: float
    outbox_error: str | None
    outbox_failing_since: datetime | None


class Publisher:
    """Sends published messages over `connection`, in order, after each is recorded in `outbox`.

    At most `pending` messages wait to be recorded and `window` for their receipts; then publish() blocks.
    A delivery is recorded with the next messages, or `delivery_seconds` later. With `gather_seconds`
    there is one transaction in that time while fewer than `batch` messages wait: less work, more latency.
    """

    def __init__(
        self,
        connection: BrokerConnection,
        outbox: Outbox,
        *,
        pending: int = PENDING,
        window: int = WINDOW,
        batch: int = BATCH,
        delivery_seconds: float = DELIVERY_SECONDS,
        gather_seconds: float = 0.0,
        fence: SendFence | None = None,
    ) -> None:
        self._connection, self._fence = connection, fence
        self._outbox = RetryingOutbox(outbox, self._pause)
        self._limit, self._window, self._batch = pending, window, batch
        self._delivery_seconds = delivery_seconds
        self._gather_seconds = gather_seconds
        self._recorded_at = 0.0
        # one lock guards backlog, session and flags; the conditions share it, so that no wake-up is lost
        self._lock = lock = threading.Lock()
        self._work = threading.Condition(lock)
        self._room = threading.Condition(lock)
        self._settled = threading.Condition(lock)
        self._backlog = PublishBacklog(batch, window)
        self._session = 0
        self._waiting = 0
        self._closing = self._closed = False
        self._idle = False
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()
        connection.attach(self)

    def publish(
        self,
        message: Draft | OutgoingMessage,
        *,
        abort: Callable[[], bool] | None = None,
        wait: bool = True,
    ) -> None:
        """Accept a message; if too many are pending, wait for room, or until `abort()` (PublishAborted).

        With `wait` false it is accepted immediately, beyond the limit: for the few that must always go out.
        """
        backlog = self._backlog
        pending, counters = backlog.pending, backlog.counters
        with self._lock:
            if wait and len(pending) >= self._limit:
                self._wait_for_room(abort)
            if self._closing:
                raise PublishAborted("the publisher is closed")
            if message.execution_id in backlog.dropped:
                raise PublishAborted("another process has closed the execution")
            counter = counters.get(message.execution_id)
            if counter is None:
                counter = counters[message.execution_id] = PublishCounters()
            counter.published += 1
            now = time.monotonic()
            pending.append((message, now))
            gathering = now < self._recorded_at + self._gather_seconds and not self._waiting
            if self._idle and (not gathering or len(pending) >= self._batch) and self._has_work():
                self._work.notify()

    def wait_delivered(self, execution_id: str | None, timeout: float | None = None) -> bool:
        """Whether all the execution's messages are confirmed, and recorded so, within `timeout` seconds."""
        with self._work:
            self._waiting += 1
            self._work.notify()
            try:
                return self._settled.wait_for(lambda: self._backlog.undelivered(execution_id) == 0, timeout)
            finally:
                self._waiting -= 1

    def statistics(self, execution_id: str | None) -> PublishStatistics:
        """The statistics of one execution so far."""
        with self._work:
            return self._backlog.statistics(execution_id)

    def forget(self, execution_id: str | None) -> None:
        """Drop the counters of an execution; its pending messages are still sent."""
        with self._work:
            self._backlog.counters.pop(execution_id, None)

    def drop(self, execution_id: str) -> None:
        """Discard what is pending or unconfirmed of an execution that another process has closed."""
        with self._work:
            self._backlog.drop(execution_id)
            self._room.notify_all()
            self._settled.notify_all()

    def connection_error(self) -> str:
        """Why the broker connection ended or failed last, in the broker's words where it said so; or ""."""
        return self._connection.state().last_error or ""

    def oldest_unconfirmed_age(self) -> float:
        """Age in seconds of the oldest message that the broker has not confirmed; 0 if none."""
        with self._work:
            return self._backlog.age()

    def state(self) -> PublisherState:
        """Return what is pending and unconfirmed now."""
        failure = self._outbox.failure
        with self._work:
            return PublisherState(
                pending=self._backlog.unrecorded(),
                unconfirmed=len(self._backlog.unconfirmed),
                oldest_unconfirmed_age=self._backlog.age(),
                outbox_error=failure.error if failure else None,
                outbox_failing_since=failure.since if failure else None,
            )

    def close(self, timeout: float = 5.0) -> bool:
        """Accept no more, and end; true if all was confirmed and recorded within `timeout` seconds."""
        with self._work:
            self._closing = True
            self._work.notify()
            self._room.notify_all()
            drained = self._settled.wait_for(self._backlog.drained, timeout)
            self._closed = True
            self._work.notify()
            self._settled.notify_all()
        self._connection.detach(self)
        if threading.current_thread() is not self._thread:
            self._thread.join(1.0)
        return drained

    def on_up(self, session: int) -> None:
        """A new session: all unconfirmed messages are sent again, in order, before new ones.

        The broker may have them already: receivers drop duplicates by swf_message_id.
        """
        with self._work:
            self._session = session
            self._backlog.send_all_again()
            self._work.notify()

    def on_down(self, session: int, error: str) -> None:  # noqa: ARG002 (the connection shows its error itself)
        """The session is over: unconfirmed messages wait for the next one."""
        with self._work:
            if session == self._session:
                self._session = 0

    def on_receipt(self, session: int, receipt: str) -> bool:  # noqa: ARG002 (a receipt counts whenever it comes)
        """The broker has accepted that message."""
        now = time.monotonic()
        backlog = self._backlog
        with self._work:
            item = backlog.unconfirmed.get(receipt)
            if item is None or not item.sent:
                return item is not None
            del backlog.unconfirmed[receipt]
            execution = item.message.execution_id
            if not backlog.delivered:
                backlog.oldest_delivery = now
            backlog.delivered.append(Delivery(receipt, datetime.now(UTC)))
            backlog.owners.append(execution)
            counter = backlog.counters.get(execution)
            if counter is not None:
                counter.latency.add(now - item.published_at)
            if self._idle and self._has_work():
                self._work.notify()
        return True

    def on_refusal(self, session: int, receipt: str, error: str) -> bool:  # noqa: ARG002
        """An ERROR for one of our messages ends the session; all are sent again after the back-off."""
        return False

    def _wait_for_room(self, abort: Callable[[], bool] | None) -> None:
        while len(self._backlog.pending) >= self._limit and not self._closing:
            if abort is not None and abort():
                raise PublishAborted("stopped while waiting for the broker")
            self._room.wait(None if abort is None else ABORT_POLL_SECONDS)

    def _run(self) -> None:
        while True:
            with self._work:
                self._await_work()
                if self._closed:
                    return
                batch, delivered, owners = self._backlog.take()
                if batch:
                    self._room.notify_all()
            if batch or delivered:
                written = [item.write() for item in batch]
                try:
                    seconds = self._outbox.record(written, delivered)
                except ExecutionsLost as lost:
                    seconds = self._record_others(lost, written, delivered)
                if seconds is None:
                    return
                self._recorded(batch, owners, seconds)
            self._send()

    def _record_others(
        self, lost: ExecutionsLost, written: Sequence[OutgoingMessage], delivered: Sequence[Delivery]
    ) -> float | None:
        """Record the batch without the messages of lost executions; as RetryingOutbox.record()."""
        while True:
            for execution_id in lost.executions:
                self.drop(execution_id)
            written = [one for one in written if one.execution_id not in lost.executions]
            try:
                return self._outbox.record(written, delivered)
            except ExecutionsLost as more:
                lost = more

    def _await_work(self) -> None:
        while not self._closed and not self._has_work():
            self._idle = True
            self._work.wait(self._wait_seconds())
        self._idle = False

    def _wait_seconds(self) -> float | None:
        """How long to wait before work is due by the clock; None if only a call brings work."""
        # publish() does not wake this thread before the next transaction is due, so the clock must
        waits = [self._gather_left()] if self._gather_left() > 0 else []
        if self._backlog.unconfirmed or self._backlog.delivered:
            waits.append(self._delivery_seconds)
        return min(waits, default=None)

    def _gathering(self) -> float:
        """Seconds until a batch that is not full may be recorded."""
        if self._waiting or self._closing or len(self._backlog.pending) >= self._batch:
            return 0.0
        return self._gather_left()

    def _gather_left(self) -> float:
        return self._recorded_at + self._gather_seconds - time.monotonic()

    def _has_work(self) -> bool:
        backlog = self._backlog
        if self._session and backlog.unsent:
            return True
        if backlog.pending and (room := backlog.room()) > 0:
            roomy = room >= min(self._batch, len(backlog.pending))
            return (roomy or not backlog.unconfirmed) and self._gathering() <= 0
        if not backlog.delivered:
            return False
        hurry = (self._waiting or self._closing) and not backlog.unconfirmed
        late = time.monotonic() - backlog.oldest_delivery >= self._delivery_seconds
        return bool(hurry or late or len(backlog.delivered) >= self._window)

    def _pause(self, seconds: float) -> bool:
        """Wait before the next attempt to record; false if closed meanwhile."""
        with self._work:
            return not self._work.wait_for(lambda: self._closed, seconds)

    def _recorded(self, batch: list[PendingMessage], owners: list[str | None], seconds: float) -> None:
        with self._work:
            self._backlog.recorded(batch, owners, seconds)
            if batch:  # a transaction with receipts only does not delay the next messages
                self._recorded_at = time.monotonic()
            if owners:
                self._settled.notify_all()

    def _send(self) -> None:
        """Send what the current session has not sent; if it ends meanwhile, the next session sends it."""
        while True:
            with self._work:
                session = self._session
                if not session or not self._backlog.unsent:
                    return
                executions = self._backlog.next_executions()
            if self._fence is not None and not self._fence.may_send(executions):
                if not self._prove():
                    return
                continue
            with self._work:
                items = self._backlog.next_to_send()
            try:
                self._connection.send(session, [item.message for item in items], self._allowed(items))
            except NotConnected:
                return

    def _allowed(self, items: Sequence[PendingMessage]) -> Callable[[], bool] | None:
        fence = self._fence
        if fence is None:
            return None
        executions = {item.message.execution_id for item in items}
        return lambda: fence.may_send(executions)

    def _prove(self) -> bool:
        """Wait until the leases are renewed or lost; false if closed meanwhile."""
        pause, longest = BACKOFF
        while self._fence is not None:
            try:
                self._fence.prove()
            except ExecutionsLost as lost:
                for execution_id in lost.executions:
                    self.drop(execution_id)
            except Exception as error:  # noqa: BLE001 (an unproven message must not be sent, whatever the error)
                logger.warning("leases cannot be renewed, retrying: %s", error)
                if not self._pause(pause):
                    return False
                pause = min(pause * 2, longest)
                continue
            break
        return True
