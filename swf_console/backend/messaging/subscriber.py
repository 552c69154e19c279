"""A subscription and a handler: each message handled once, acknowledged after the work is done."""

import itertools
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ..core.errors import BackendUnreachable, BrokerUnreachable
from .link import Link, NotConnected, SubscribeRequest
from .message import IncomingMessage, check_destination, read

AUTO = "auto"
INDIVIDUAL = "client-individual"
WINDOW_BYTES = 1_000_000

_numbers = itertools.count(1)


class SubscriptionRefused(BrokerUnreachable):
    """The broker will not have that subscription: no right to it, or a selector it cannot read."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What to follow. `durable_name` needs a connection with a client id; `prefetch` counts messages."""

    destination: str
    selector: str | None = None
    durable_name: str | None = None
    ack: str = INDIVIDUAL
    prefetch: int = 100
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_destination(self.destination)

    def subscribe_headers(self) -> dict[str, str]:
        """The headers of SUBSCRIBE, in the words of ActiveMQ Classic and of Artemis."""
        asked = {
            "activemq.prefetchSize": str(self.prefetch),
            "consumer-window-size": str(WINDOW_BYTES),
            **self.headers,
        }
        if self.selector:
            asked["selector"] = self.selector
        if self.durable_name:
            asked["activemq.subscriptionName"] = self.durable_name
            asked["durable-subscription-name"] = self.durable_name
        return asked


class Arrival(NamedTuple):
    """A MESSAGE frame as it came, undecoded."""

    feed: "Feed"
    session: int
    headers: Mapping[str, str]
    body: str

    def ack(self) -> None:
        """Acknowledge it; where its session is over the broker gives it again, and it is known by its id."""
        if self.feed.subscription.ack != AUTO:
            try:
                self.feed.connection.ack(self.session, self.headers.get("ack", ""))
            except NotConnected:
                logger.debug("not acknowledged: its session is over")

    def nack(self) -> None:
        """Refuse it: ActiveMQ puts it among the dead letters."""
        if self.feed.subscription.ack != AUTO:
            try:
                self.feed.connection.nack(self.session, self.headers.get("ack", ""))
            except NotConnected:
                logger.debug("not refused: its session is over")


class Inbox:
    """A bounded queue of arrivals. The receiving thread never waits for room in it.

    `give_way` is called before each arrival, for a thread that has to let another one have its turn.
    """

    def __init__(self, limit: int, give_way: Callable[[], None] | None = None) -> None:
        self.limit = limit
        self._give_way = give_way
        self.dropped = 0
        self._arrivals: deque[Arrival] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._wanted = 1

    def __len__(self) -> int:
        return len(self._arrivals)

    def put(self, arrival: Arrival) -> None:
        """Add one. Past the limit the oldest goes, but what must be acknowledged stays with the broker."""
        if self._give_way:
            self._give_way()
        with self._changed:
            if len(self._arrivals) >= self.limit:
                self.dropped += 1
                if arrival.feed.subscription.ack != AUTO:
                    return
                self._arrivals.popleft()
            self._arrivals.append(arrival)
            if len(self._arrivals) in (1, self._wanted):
                self._changed.notify()

    def take(self, count: int = 1, within: float = 0.0) -> list[Arrival]:
        """Wait for an arrival, then up to `within` seconds for `count` of them; empty where closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._arrivals or self._closed)
            deadline = time.monotonic() + within
            self._wanted = min(count, self.limit)
            while len(self._arrivals) < self._wanted and not self._closed:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return [self._arrivals.popleft() for _ in range(min(count, len(self._arrivals)))]

    def close(self) -> None:
        """Wait no more; what is there can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class Feed:
    """One subscription, made again with each session; a Channel of its connection."""

    def __init__(self, connection: Link, subscription: Subscription, inbox: Inbox) -> None:
        self.connection = connection
        self.subscription = subscription
        self.error: str | None = None
        self.received = 0
        self._inbox = inbox
        self._name = f"s{next(_numbers)}"
        self._session = 0
        self._subscribed = False
        self._changed = threading.Condition()

    @property
    def subscribed(self) -> bool:
        """Whether the broker has confirmed the subscription in this session."""
        return self._subscribed

    def open(self) -> None:
        """Subscribe now, or as soon as the connection is up."""
        self.connection.attach(self)

    def wait_subscribed(self, timeout: float) -> None:
        """Return once the broker has confirmed; BrokerUnreachable if not in `timeout` s, or if refused."""
        with self._changed:
            self._changed.wait_for(lambda: self._subscribed or self.error is not None, timeout)
            if self._subscribed:
                return
            if self.error is not None:
                raise SubscriptionRefused(f"no subscription to {self.subscription.destination}: {self.error}")
        reason = self.connection.state().last_error or "the broker did not answer"
        raise BrokerUnreachable(
            f"no subscription to {self.subscription.destination} within {timeout:g} s: {reason}"
        )

    def close(self, *, forget: bool = False) -> None:
        """Unsubscribe; with `forget` the broker drops a durable subscription and what it keeps for it."""
        self.connection.detach(self)
        headers = {}
        if forget and self.subscription.durable_name:
            headers["activemq.subscriptionName"] = self.subscription.durable_name
            headers["durable-subscription-name"] = self.subscription.durable_name
        try:
            self.connection.unsubscribe(self._session, self._name, headers)
        except NotConnected:
            logger.debug("not unsubscribed: the session is over")
        with self._changed:
            self._subscribed = False

    def on_up(self, session: int) -> None:
        """Subscribe again, unless the broker has refused it before."""
        if self.error is not None:
            return
        self._session = session
        wanted = self.subscription
        asked = SubscribeRequest(self._name, wanted.destination, wanted.ack, wanted.subscribe_headers())
        try:
            self.connection.subscribe(session, asked, self._arrived)
        except NotConnected:
            logger.debug("not subscribed: the session is over already")

    def on_down(self, session: int, error: str) -> None:  # noqa: ARG002 (the connection shows its error)
        """The broker follows us no more."""
        with self._changed:
            self._subscribed = False

    def on_receipt(self, session: int, receipt: str) -> bool:
        """The broker has subscribed us."""
        if receipt != f"subscribe-{self._name}":
            return False
        with self._changed:
            self._subscribed = session == self._session
            self._changed.notify_all()
        return True

    def on_refusal(self, session: int, receipt: str, error: str) -> bool:  # noqa: ARG002
        """The broker refused the subscription: that is not tried again, and the session may go on."""
        if receipt != f"subscribe-{self._name}":
            return False
        logger.error("no subscription to %s: %s", self.subscription.destination, error)
        with self._changed:
            self.error = error
            self._changed.notify_all()
        return True

    def _arrived(self, session: int, headers: Mapping[str, str], body: str) -> None:
        self.received += 1
        self._inbox.put(Arrival(self, session, headers, body))


class Seen:
    """The ids of the latest messages, to know a duplicate by."""

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, identity: str) -> bool:
        return identity in self._ids

    def add(self, identity: str) -> None:
        """Remember one; the oldest is forgotten."""
        self._ids[identity] = None
        self._ids.move_to_end(identity)
        if len(self._ids) > self._size:
            self._ids.popitem(last=False)


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
    """Calls `handler` with each message on a thread of its own, in order of arrival.

    A handler that returns has the message acknowledged. One that raises BackendUnreachable is called again
    with the same message, after a pause, until it returns. Any other exception refuses the message (NACK:
    ActiveMQ puts it among the dead letters) and is counted. Of messages with the same id one is handled, all
    are acknowledged.
    """

    def __init__(
        self,
        connection: Link,
        subscription: Subscription,
        handler: Callable[[IncomingMessage], None],
        *,
        limit: int = LIMIT,
        remember: int = 10_000,
    ) -> None:
        self._handler = handler
        self._inbox = Inbox(limit)
        self._feed = Feed(connection, subscription, self._inbox)
        self._seen = Seen(remember)
        self._closing = threading.Event()
        self._handled = self._duplicates = self._unreadable = self._failed = 0
        self._last_failure: str | None = None
        self._worker = threading.Thread(
            target=self._run, name=f"subscriber {subscription.destination}", daemon=True
        )

    def start(self) -> None:
        """Subscribe now, or as soon as the connection is up, and again in every session."""
        self._worker.start()
        self._feed.open()

    def wait_subscribed(self, timeout: float) -> None:
        """Return once the broker has confirmed; BrokerUnreachable if not in `timeout` s, or if refused."""
        self._feed.wait_subscribed(timeout)

    def state(self) -> SubscriberState:
        """What has come and what became of it."""
        return SubscriberState(
            subscribed=self._feed.subscribed,
            received=self._feed.received,
            handled=self._handled,
            duplicates=self._duplicates,
            unreadable=self._unreadable,
            failed=self._failed,
            dropped=self._inbox.dropped,
            waiting=len(self._inbox),
            error=self._feed.error,
            last_failure=self._last_failure,
        )

    def close(self, timeout: float = 1.0, *, forget: bool = False) -> None:
        """Unsubscribe after the message at hand; with `forget` a durable subscription is deleted.

        What waits stays with the broker where it has to be acknowledged.
        """
        self._closing.set()
        self._inbox.close()
        if self._worker.is_alive() and threading.current_thread() is not self._worker:
            self._worker.join(timeout)
        self._feed.close(forget=forget)

    def _run(self) -> None:
        while not self._closing.is_set():
            for arrival in self._inbox.take():
                self._consider(arrival)

    def _consider(self, arrival: Arrival) -> None:
        message = read(arrival.headers, arrival.body)
        if message.problem is not None:
            self._unreadable += 1
        if message.id in self._seen:
            self._duplicates += 1
            arrival.ack()
        elif self._handle(message):
            self._handled += 1
            self._seen.add(message.id)
            arrival.ack()
        elif not self._closing.is_set():
            arrival.nack()

    def _handle(self, message: IncomingMessage) -> bool:
        pause, longest = RETRY_BACKOFF
        while not self._closing.is_set():
            try:
                self._handler(message)
            except BackendUnreachable as error:
                self._last_failure = str(error)
                logger.warning("%s waits: %s", message.id, error)
                self._closing.wait(pause)
                pause = min(pause * 2, longest)
            except Exception as error:
                self._failed += 1
                self._last_failure = f"{type(error).__name__}: {error}"
                logger.exception("the handler of %s failed", message.destination)
                return False
            else:
                return True
        return False
