"""The recorder: stores every message on its destinations exactly once, from any sender."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .message import IncomingMessage, read
from .ports import BrokerConnection
from .subscription import Inbox, ReceivedMessage, RecentIds, Subscription, SubscriptionSpec

logger = logging.getLogger(__name__)

BATCH = 500
# how long a message may wait for others of its transaction
SECONDS = 0.1
PREFETCH = 1000
LIMIT = 10_000
BACKOFF = (0.1, 5.0)

Store = Callable[[Sequence[IncomingMessage]], None]


class Unstorable(Exception):
    """Raised by a store that can never hold this batch: its messages are then stored one by one."""


@dataclass(frozen=True, slots=True)
class RecorderState:
    """Counters since the start; `last_error` is the store's, None once it works again.

    `gaps` counts the times without a connection in which messages were missed: none while `durable`.
    """

    subscribed: bool
    stored: int
    duplicates: int
    unreadable: int
    unstorable: int
    dropped: int
    waiting: int
    last_error: str | None = None
    durable: bool = False
    gaps: int = 0
    received: int = 0


class Recorder:
    """Subscribes to `destinations` and gives the messages to `store` in batches, in order.

    `store` returns once it has committed, and ignores ids that are stored already; then the messages are
    acknowledged. After any exception but Unstorable it is called again, after a pause. With
    `durable`, which needs a connection with a client id, the broker stores messages while no recorder is
    running.
    """

    def __init__(
        self,
        connection: BrokerConnection,
        destinations: Sequence[str],
        store: Store,
        *,
        durable: bool = False,
        batch: int = BATCH,
        seconds: float = SECONDS,
        on_subscribed: Callable[[], None] | None = None,
    ) -> None:
        self._store = store
        self._batch, self._seconds = batch, seconds
        self._inbox = Inbox(LIMIT)
        self._subscriptions = [
            Subscription(
                connection,
                _subscription(destination, durable),
                self._inbox,
                degrade=True,
                on_subscribed=on_subscribed,
            )
            for destination in destinations
        ]
        self._recent = RecentIds()
        self._stored = self._duplicates = self._unreadable = self._unstorable = 0
        self._last_error: str | None = None
        self._closing = threading.Event()
        self._worker = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Subscribe now, or as soon as the connection is up, and again in every session."""
        self._worker.start()
        for subscription in self._subscriptions:
            subscription.open()

    def wait_subscribed(self, timeout: float) -> None:
        """Return once the broker has confirmed each; BrokerUnreachable after `timeout` seconds for one."""
        for subscription in self._subscriptions:
            subscription.wait_subscribed(timeout)

    def state(self) -> RecorderState:
        """Return the counters."""
        return RecorderState(
            subscribed=all(subscription.subscribed for subscription in self._subscriptions),
            stored=self._stored,
            duplicates=self._duplicates,
            unreadable=self._unreadable,
            unstorable=self._unstorable,
            dropped=self._inbox.dropped,
            waiting=len(self._inbox),
            last_error=next(
                (subscription.error for subscription in self._subscriptions if subscription.error),
                self._last_error,
            ),
            durable=all(subscription.is_durable for subscription in self._subscriptions),
            gaps=sum(subscription.gaps for subscription in self._subscriptions),
            received=sum(subscription.received for subscription in self._subscriptions),
        )

    def close(self, timeout: float = 5.0, *, forget: bool = False) -> None:
        """Store the received messages, for up to `timeout` seconds, and unsubscribe."""
        self._inbox.close()
        if self._worker.is_alive() and threading.current_thread() is not self._worker:
            self._worker.join(timeout)
        self._closing.set()
        for subscription in self._subscriptions:
            subscription.close(forget=forget)

    def _run(self) -> None:
        while batch := self._inbox.take(self._batch, self._seconds):
            new = self._new_messages(batch)
            if new and not self._store_batch(new):
                return
            for received in batch:
                received.ack()

    def _new_messages(self, batch: Sequence[ReceivedMessage]) -> list[IncomingMessage]:
        new: dict[str, IncomingMessage] = {}
        for received in batch:
            message = read(received.headers, received.body)
            if message.id in self._recent or message.id in new:
                self._duplicates += 1
                continue
            new[message.id] = message
            self._unreadable += message.problem is not None
        return list(new.values())

    def _store_batch(self, messages: Sequence[IncomingMessage]) -> bool:
        """Store, with retries; false if the recorder is closed before."""
        pause, longest = BACKOFF
        while not self._closing.is_set():
            try:
                self._store(messages)
            except Unstorable as error:
                return self._store_each(messages, error)
            except Exception as error:  # noqa: BLE001 (whatever it is, nothing may be acknowledged unstored)
                if self._last_error is None:
                    logger.warning("recorder: storing messages failed, retrying: %s", error)
                self._last_error = str(error) or type(error).__name__
                self._closing.wait(pause)
                pause = min(pause * 2, longest)
            else:
                self._last_error = None
                self._stored += len(messages)
                for message in messages:
                    self._recent.add(message.id)
                return True
        return False

    def _store_each(self, messages: Sequence[IncomingMessage], error: Unstorable) -> bool:
        if len(messages) > 1:
            return all(self._store_batch([message]) for message in messages)
        self._unstorable += 1
        logger.error(
            "recorder: message cannot be stored: id=%s destination=%s: %s",
            messages[0].id,
            messages[0].destination,
            error,
        )
        return True


def _subscription(destination: str, durable: bool) -> SubscriptionSpec:
    # the names that agents use: `broker subscriptions` knows them by these
    name = destination.strip("/").replace("/", ".")
    on_queue = destination.startswith("/queue/")
    return SubscriptionSpec(
        destination, durable_name=name if durable and not on_queue else None, prefetch=PREFETCH
    )
