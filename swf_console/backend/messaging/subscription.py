"""One subscription, renewed in each session, and the bounded queue of received messages."""

import itertools
import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..core.errors import BrokerUnreachable
from .message import check_destination
from .ports import BrokerConnection, NotConnected, SubscribeRequest

logger = logging.getLogger(__name__)

AUTO = "auto"
INDIVIDUAL = "client-individual"
WINDOW_BYTES = 1_000_000

_numbers = itertools.count(1)


class SubscriptionRefused(BrokerUnreachable):
    """The broker refused the subscription: no permission, or an invalid selector."""


@dataclass(frozen=True, slots=True)
class SubscriptionSpec:
    """What to subscribe to. `durable_name` needs a connection with a client id; `prefetch` is in messages."""

    destination: str
    selector: str | None = None
    durable_name: str | None = None
    ack: str = INDIVIDUAL
    prefetch: int = 100
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_destination(self.destination)

    def subscribe_headers(self) -> dict[str, str]:
        """The headers of SUBSCRIBE, for ActiveMQ Classic and for Artemis."""
        headers = {
            "activemq.prefetchSize": str(self.prefetch),
            "consumer-window-size": str(WINDOW_BYTES),
            **self.headers,
        }
        if self.selector:
            headers["selector"] = self.selector
        if self.durable_name:
            headers["activemq.subscriptionName"] = self.durable_name
            headers["durable-subscription-name"] = self.durable_name
        return headers


class ReceivedMessage(NamedTuple):
    """A received MESSAGE frame, not decoded."""

    subscription: "Subscription"
    session: int
    headers: Mapping[str, str]
    body: str

    def ack(self) -> None:
        """Acknowledge it; if its session is over, the broker sends it again, and its id is recognised."""
        if self.subscription.spec.ack != AUTO:
            try:
                self.subscription.connection.ack(self.session, self.headers.get("ack", ""))
            except NotConnected:
                logger.debug("message not acknowledged: its session is over")

    def nack(self) -> None:
        """Refuse it: the broker moves it to the dead-letter queue."""
        if self.subscription.spec.ack != AUTO:
            try:
                self.subscription.connection.nack(self.session, self.headers.get("ack", ""))
            except NotConnected:
                logger.debug("message not refused: its session is over")


class Inbox:
    """A bounded queue of received messages. The receiving thread never waits for room in it: it also reads
    heartbeats and receipts.

    `before_put` is called before each message, so that the receiving thread can yield to another one.
    """

    def __init__(self, limit: int, before_put: Callable[[], None] | None = None) -> None:
        self.limit = limit
        self._before_put = before_put
        self.dropped = 0
        self._messages: deque[ReceivedMessage] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._wanted = 1

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, received: ReceivedMessage) -> None:
        """Add one. At the limit the oldest is dropped; with acknowledgements the new one."""
        if self._before_put:
            self._before_put()
        with self._changed:
            if len(self._messages) >= self.limit:
                self.dropped += 1
                if received.subscription.spec.ack != AUTO:
                    return
                self._messages.popleft()
            self._messages.append(received)
            if len(self._messages) in (1, self._wanted):
                self._changed.notify()

    def take(self, count: int = 1, within: float = 0.0) -> list[ReceivedMessage]:
        """Wait for one, then up to `within` seconds for `count` of them; [] once closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._messages or self._closed)
            deadline = time.monotonic() + within
            self._wanted = min(count, self.limit)
            while len(self._messages) < self._wanted and not self._closed:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            return [self._messages.popleft() for _ in range(min(count, len(self._messages)))]

    def close(self) -> None:
        """Wake waiting threads; messages in the queue can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class Subscription:
    """One subscription, renewed in each session; a listener of its connection."""

    def __init__(
        self,
        connection: BrokerConnection,
        subscription: SubscriptionSpec,
        inbox: Inbox,
        *,
        degrade: bool = False,
        on_subscribed: Callable[[], None] | None = None,
    ) -> None:
        """With `degrade`, a durable subscription that the broker refuses is made without durability."""
        self.connection = connection
        self._degrade, self._on_subscribed = degrade, on_subscribed
        self.gaps = 0
        self.spec = subscription
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

    @property
    def is_durable(self) -> bool:
        """Whether the broker stores what is sent without a connection: queues always do."""
        return self.spec.durable_name is not None or self.spec.destination.startswith("/queue/")

    def open(self) -> None:
        """Subscribe now, or as soon as the connection is up."""
        self.connection.attach(self)

    def wait_subscribed(self, timeout: float) -> None:
        """Return once the broker has confirmed; BrokerUnreachable after `timeout` s; SubscriptionRefused."""
        with self._changed:
            self._changed.wait_for(lambda: self._subscribed or self.error is not None, timeout)
            if self._subscribed:
                return
            if self.error is not None:
                raise SubscriptionRefused(
                    f"the broker refused the subscription to {self.spec.destination}: {self.error}"
                )
        reason = self.connection.state().last_error or "no answer from the broker"
        raise BrokerUnreachable(f"no subscription to {self.spec.destination} within {timeout:g} s: {reason}")

    def close(self, *, forget: bool = False) -> None:
        """Unsubscribe; with `forget` the broker deletes a durable subscription and its stored messages."""
        self.connection.detach(self)
        headers = {}
        if forget and self.spec.durable_name:
            headers["activemq.subscriptionName"] = self.spec.durable_name
            headers["durable-subscription-name"] = self.spec.durable_name
        try:
            self.connection.unsubscribe(self._session, self._name, headers)
        except NotConnected:
            logger.debug("unsubscribe not sent: the session is over")
        with self._changed:
            self._subscribed = False

    def on_up(self, session: int) -> None:
        """Subscribe, unless the broker has refused this subscription before."""
        if self.error is not None:
            return
        self._session = session
        spec = self.spec
        headers = SubscribeRequest(self._name, spec.destination, spec.ack, spec.subscribe_headers())
        try:
            self.connection.subscribe(session, headers, self._received)
        except NotConnected:
            logger.debug("subscribe not sent: the session is over")

    def on_down(self, session: int, error: str) -> None:  # noqa: ARG002 (the connection shows its error)
        """The subscription ended with the session; unless it is durable, messages are missed now."""
        with self._changed:
            self.gaps += self._subscribed and not self.is_durable
            self._subscribed = False

    def on_receipt(self, session: int, receipt: str) -> bool:
        """The broker has confirmed the subscription."""
        if receipt != f"subscribe-{self._name}":
            return False
        with self._changed:
            self._subscribed = session == self._session
            self._changed.notify_all()
        if self._on_subscribed is not None:
            self._on_subscribed()
        return True

    def on_refusal(self, session: int, receipt: str, error: str) -> bool:
        """The broker refused the subscription: it is not retried, and the session continues."""
        if receipt != f"subscribe-{self._name}":
            return False
        if self._degrade and self.spec.durable_name is not None:
            logger.warning(
                "durable subscription refused, messages sent without a connection will be missed:"
                " destination=%s: %s",
                self.spec.destination,
                error,
            )
            self.spec = replace(self.spec, durable_name=None)
            self.on_up(session)
            return True
        logger.error("subscription refused: destination=%s: %s", self.spec.destination, error)
        with self._changed:
            self.error = error
            self._changed.notify_all()
        return True

    def _received(self, session: int, headers: Mapping[str, str], body: str) -> None:
        self.received += 1
        self._inbox.put(ReceivedMessage(self, session, headers, body))


class RecentIds:
    """The ids of the latest messages, to recognise duplicates; bounded."""

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, identity: str) -> bool:
        return identity in self._ids

    def add(self, identity: str) -> None:
        """Add one; the oldest beyond the size is removed."""
        self._ids[identity] = None
        self._ids.move_to_end(identity)
        if len(self._ids) > self._size:
            self._ids.popitem(last=False)
