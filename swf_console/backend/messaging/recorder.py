"""The recorder: everything on the followed destinations is stored exactly once, whoever sent it."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .link import Link
from .message import IncomingMessage, read
from .subscriber import Arrival, Feed, Inbox, Seen, Subscription

logger = logging.getLogger(__name__)

BATCH = 500
SECONDS = 0.1
PREFETCH = 1000
LIMIT = 10_000
BACKOFF = (0.1, 5.0)

Store = Callable[[Sequence[IncomingMessage]], None]


class Unstorable(Exception):
    """Raised by a store that can never hold what it was given: its batch is then stored one by one."""


@dataclass(frozen=True, slots=True)
class RecorderState:
    """Counters since the start; `last_error` is the store's, None once it works again."""

    subscribed: bool
    stored: int
    duplicates: int
    unreadable: int
    unstorable: int
    dropped: int
    waiting: int
    last_error: str | None = None


class Recorder:
    """Follows `destinations` and gives what arrives to `store` in batches, in order.

    `store` returns once it has committed, and ignores ids that it has already; then the messages are
    acknowledged. Whatever it raises but Unstorable, it is asked again after a pause. With a `durable_name`,
    which needs a connection with a client id, the broker keeps what comes while nobody records.
    """

    def __init__(
        self,
        connection: Link,
        destinations: Sequence[str],
        store: Store,
        *,
        durable_name: str | None = None,
        batch: int = BATCH,
        seconds: float = SECONDS,
    ) -> None:
        self._store = store
        self._batch, self._seconds = batch, seconds
        self._inbox = Inbox(LIMIT)
        self._feeds = [
            Feed(connection, _subscription(destination, durable_name), self._inbox)
            for destination in destinations
        ]
        self._seen = Seen()
        self._stored = self._duplicates = self._unreadable = self._unstorable = 0
        self._last_error: str | None = None
        self._closing = threading.Event()
        self._worker = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        """Follow now, or as soon as the connection is up, and again in every session."""
        self._worker.start()
        for feed in self._feeds:
            feed.open()

    def wait_subscribed(self, timeout: float) -> None:
        """Return once the broker has confirmed each; BrokerUnreachable after `timeout` seconds for one."""
        for feed in self._feeds:
            feed.wait_subscribed(timeout)

    def state(self) -> RecorderState:
        """What has come and what became of it."""
        return RecorderState(
            subscribed=all(feed.subscribed for feed in self._feeds),
            stored=self._stored,
            duplicates=self._duplicates,
            unreadable=self._unreadable,
            unstorable=self._unstorable,
            dropped=self._inbox.dropped,
            waiting=len(self._inbox),
            last_error=next((feed.error for feed in self._feeds if feed.error), self._last_error),
        )

    def close(self, timeout: float = 5.0, *, forget: bool = False) -> None:
        """Store what has arrived, for up to `timeout` seconds, and follow no more."""
        self._inbox.close()
        if self._worker.is_alive() and threading.current_thread() is not self._worker:
            self._worker.join(timeout)
        self._closing.set()
        for feed in self._feeds:
            feed.close(forget=forget)

    def _run(self) -> None:
        while arrivals := self._inbox.take(self._batch, self._seconds):
            fresh = self._fresh(arrivals)
            if fresh and not self._keep(fresh):
                return
            for arrival in arrivals:
                arrival.ack()

    def _fresh(self, arrivals: Sequence[Arrival]) -> list[IncomingMessage]:
        fresh: dict[str, IncomingMessage] = {}
        for arrival in arrivals:
            message = read(arrival.headers, arrival.body)
            if message.id in self._seen or message.id in fresh:
                self._duplicates += 1
                continue
            fresh[message.id] = message
            self._unreadable += message.problem is not None
        return list(fresh.values())

    def _keep(self, messages: Sequence[IncomingMessage]) -> bool:
        """Store until it is stored; false where the recorder is closed before."""
        pause, longest = BACKOFF
        while not self._closing.is_set():
            try:
                self._store(messages)
            except Unstorable as error:
                return self._keep_each(messages, error)
            except Exception as error:  # noqa: BLE001 (whatever it is, nothing may be acknowledged unstored)
                if self._last_error is None:
                    logger.warning("messages cannot be stored, trying again: %s", error)
                self._last_error = str(error) or type(error).__name__
                self._closing.wait(pause)
                pause = min(pause * 2, longest)
            else:
                self._last_error = None
                self._stored += len(messages)
                for message in messages:
                    self._seen.add(message.id)
                return True
        return False

    def _keep_each(self, messages: Sequence[IncomingMessage], error: Unstorable) -> bool:
        if len(messages) > 1:
            return all(self._keep([message]) for message in messages)
        self._unstorable += 1
        logger.error("message %s on %s cannot be stored: %s", messages[0].id, messages[0].destination, error)
        return True


def _subscription(destination: str, durable_name: str | None) -> Subscription:
    durable = f"{durable_name}.{destination.strip('/').replace('/', '.')}" if durable_name else None
    on_queue = destination.startswith("/queue/")
    return Subscription(destination, durable_name=None if on_queue else durable, prefetch=PREFETCH)
