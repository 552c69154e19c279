"""A subscription and a handler: each message is handled once, and acknowledged after it was handled."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ..core.errors import BackendUnreachable
from .message import IncomingMessage, read
from .ports import BrokerConnection
from .subscription import Inbox, ReceivedMessage, RecentIds, Subscription, SubscriptionSpec

logger = logging.getLogger(__name__)

LIMIT = 10_000
RETRY_BACKOFF = (0.1, 5.0)


@dataclass(frozen=True, slots=True)
class SubscriberState:
    """Counters since the start; `error` is why the broker refused the subscription."""

    subscribed: bool
    received: int
    handled: int
    duplicates: int
    unreadable: int
    failed: int
    dropped: int
    waiting: int
    error: str | None = None
    last_failure: str | None = None


class Subscriber:
    """Calls `handler` with each message, on a separate thread, in order of arrival.

    When the handler returns, the message is acknowledged. If it raises BackendUnreachable, it is called
    again with the same message, after a pause, until it returns. Any other exception refuses the message
    (NACK: the broker moves it to the dead-letter queue) and is counted. Of several messages with the same
    id one is handled, all are acknowledged.
    """

    def __init__(
        self,
        connection: BrokerConnection,
        subscription: SubscriptionSpec,
        handler: Callable[[IncomingMessage], None],
        *,
        limit: int = LIMIT,
        remember: int = 10_000,
        on_subscribed: Callable[[], None] | None = None,
    ) -> None:
        self._handler = handler
        self._inbox = Inbox(limit)
        self._subscription = Subscription(connection, subscription, self._inbox, on_subscribed=on_subscribed)
        self._recent = RecentIds(remember)
        self._closing = threading.Event()
        self._handled = self._duplicates = self._unreadable = self._failed = 0
        self._last_failure: str | None = None
        self._worker = threading.Thread(
            target=self._run, name=f"subscriber {subscription.destination}", daemon=True
        )

    def start(self) -> None:
        """Subscribe now, or as soon as the connection is up, and again in every session."""
        self._worker.start()
        self._subscription.open()

    def wait_subscribed(self, timeout: float) -> None:
        """Return once the broker has confirmed; BrokerUnreachable after `timeout` s; SubscriptionRefused."""
        self._subscription.wait_subscribed(timeout)

    def state(self) -> SubscriberState:
        """Return the counters."""
        return SubscriberState(
            subscribed=self._subscription.subscribed,
            received=self._subscription.received,
            handled=self._handled,
            duplicates=self._duplicates,
            unreadable=self._unreadable,
            failed=self._failed,
            dropped=self._inbox.dropped,
            waiting=len(self._inbox),
            error=self._subscription.error,
            last_failure=self._last_failure,
        )

    def close(self, timeout: float = 1.0, *, forget: bool = False) -> None:
        """Unsubscribe after the current message; with `forget` a durable subscription is deleted.

        Messages in the queue stay at the broker if they need an acknowledgement.
        """
        self._closing.set()
        self._inbox.close()
        if self._worker.is_alive() and threading.current_thread() is not self._worker:
            self._worker.join(timeout)
        self._subscription.close(forget=forget)

    def _run(self) -> None:
        while not self._closing.is_set():
            for received in self._inbox.take():
                self._handle_once(received)

    def _handle_once(self, received: ReceivedMessage) -> None:
        message = read(received.headers, received.body)
        if message.problem is not None:
            self._unreadable += 1
        if message.id in self._recent:
            # redelivered after a lost session, whose acknowledgement did not arrive
            self._duplicates += 1
            received.ack()
        elif self._handle(message):
            self._handled += 1
            self._recent.add(message.id)
            received.ack()
        elif not self._closing.is_set():
            received.nack()

    def _handle(self, message: IncomingMessage) -> bool:
        pause, longest = RETRY_BACKOFF
        while not self._closing.is_set():
            try:
                self._handler(message)
            except BackendUnreachable as error:
                self._last_failure = str(error)
                logger.warning("message waits: id=%s: %s", message.id, error)
                self._closing.wait(pause)
                pause = min(pause * 2, longest)
            except Exception as error:
                self._failed += 1
                self._last_failure = f"{type(error).__name__}: {error}"
                logger.exception("message handler failed: destination=%s", message.destination)
                return False
            else:
                return True
        return False
