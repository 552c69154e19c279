"""Receives an agent's messages: decodes and filters them, drops duplicates, passes them on in batches."""

import logging
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from ..core.log_limit import LogLimit
from ..messaging.message import IncomingMessage, read
from ..messaging.ports import BrokerConnection
from ..messaging.subscription import Inbox, ReceivedMessage, Subscription, SubscriptionSpec
from .context import DATABASE_HEADER
from .inflight import InFlightMessage, InFlightMessages, MessageCounters

log = logging.getLogger(__name__)

# a batch is one transaction: more messages share one commit, and a failure repeats more of them
BATCH = 500
# with its default prefetch ActiveMQ 5.17 stalled at times under fast acknowledgements
PREFETCH = 1000
# above the prefetch of all destinations, so that the broker holds messages back before the inbox drops any
LIMIT = 20_000
LOGGED_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class MessageScope:
    """The namespace and the database whose messages are for this agent."""

    namespace: str
    database: str


class MessageConsumer:
    """Consumes an agent's destinations on a separate thread, from `start()` on.

    Topics have durable subscriptions, so that the broker stores what is sent during a restart.
    """

    def __init__(
        self,
        connection: BrokerConnection,
        destinations: Sequence[str],
        scope: "MessageScope",
        wanted: Collection[str],
        in_flight: InFlightMessages,
        counts: MessageCounters,
        process: Callable[[Sequence[InFlightMessage]], None],
        crashed: Callable[[BaseException], None],
    ) -> None:
        self._connection, self._scope, self._wanted = connection, scope, wanted
        self._in_flight, self._counts = in_flight, counts
        self._process, self._crashed = process, crashed
        self._inbox = Inbox(LIMIT)
        self._limit = LogLimit()
        self._finishing = threading.Event()
        self.subscriptions = [
            Subscription(connection, subscription_spec(each, scope.namespace), self._inbox)
            for each in destinations
        ]
        self._thread = threading.Thread(target=self._run, name="consumer", daemon=True)

    def subscribe(self) -> None:
        """Subscribe now, or as soon as the connection is up; messages wait for start()."""
        for subscription in self.subscriptions:
            subscription.open()

    def follow(self, destination: str, prefetch: int) -> Subscription:
        """Add a subscription, with at most `prefetch` unacknowledged messages."""
        spec = subscription_spec(destination, self._scope.namespace, prefetch)
        subscription = Subscription(self._connection, spec, self._inbox)
        self.subscriptions.append(subscription)
        subscription.open()
        return subscription

    def unfollow(self, subscription: Subscription) -> None:
        """Unsubscribe; its unacknowledged messages go back to the broker."""
        self.subscriptions.remove(subscription)
        subscription.close()

    def start(self) -> None:
        """Start processing the received messages."""
        self._thread.start()

    def waiting(self) -> int:
        """How many received messages wait."""
        return len(self._inbox)

    def received(self) -> int:
        """How many messages have been received."""
        return sum(subscription.received for subscription in self.subscriptions)

    def finish(self, timeout: float) -> None:
        """Stop after the current batch; waiting messages stay at the broker."""
        self._finishing.set()
        self._inbox.close()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def unsubscribe(self) -> None:
        """End every subscription; durable ones, and their messages, stay at the broker."""
        for subscription in self.subscriptions:
            subscription.close()

    def take(self, messages: Sequence[tuple[IncomingMessage, ReceivedMessage | None]]) -> None:
        """Process the messages that are for this agent and new."""
        new_items: list[InFlightMessage] = []
        for incoming, received in messages:
            if self._is_of_other_database(incoming):
                self._refuse(incoming, received)
            elif self._is_for_us(incoming):
                item = self._in_flight.add(incoming, received)
                self._counts.duplicates += item is None
                new_items += [item] if item is not None else []
            elif received is not None:
                # not for us: without an acknowledgement it would use up the prefetch
                received.ack()
        if new_items:
            self._process(new_items)

    def _run(self) -> None:
        try:
            while batch := self._inbox.take(BATCH):
                if self._finishing.is_set():
                    return
                self.take([(read(received.headers, received.body), received) for received in batch])
        except BaseException as error:  # noqa: BLE001 (an agent that receives nothing must not look healthy)
            self._crashed(error)

    def _is_of_other_database(self, incoming: IncomingMessage) -> bool:
        """Whether its sender uses another database: the same run number means another run there."""
        return incoming.headers.get(DATABASE_HEADER, self._scope.database) != self._scope.database

    def _refuse(self, incoming: IncomingMessage, received: ReceivedMessage | None) -> None:
        """From a topic every agent has its own copy: drop it. From a queue: to the dead-letter queue."""
        if received is None or incoming.destination.startswith("/topic/"):
            self._counts.ignored += 1
            if received is not None:
                received.ack()
            return
        self._counts.dead_letters += 1
        reason = f"{incoming.msg_type} of run {incoming.run_id} on {incoming.destination}: other database"
        level = logging.DEBUG if self._counts.last_failure == reason else logging.WARNING
        self._counts.last_failure = reason
        log.log(level, "message moved to the dead-letter queue: %s. Was the database replaced?", reason)
        received.nack()

    def _is_for_us(self, incoming: IncomingMessage) -> bool:
        if incoming.namespace is not None and incoming.namespace != self._scope.namespace:
            self._counts.ignored += 1
            return False
        if incoming.content is None or (incoming.problem is not None and incoming.msg_type is None):
            self._counts.unreadable += 1
            self._log_unreadable(incoming)
            return False
        self._counts.unreadable += incoming.problem is not None
        if incoming.msg_type not in self._wanted:
            self._counts.ignored += 1
            return False
        return True

    def _log_unreadable(self, incoming: IncomingMessage) -> None:
        sender = incoming.sender or "unknown"
        more = self._limit.admit(sender)
        if more is not None:
            log.warning(
                "unreadable message: sender=%r destination=%r id=%s: %s%s",
                sender[:100],
                incoming.destination[:200],
                incoming.id,
                incoming.problem or "msg_type is missing",
                more,
                extra={"message_body": incoming.body[:LOGGED_CHARACTERS]},
            )


def subscription_spec(destination: str, namespace: str, prefetch: int = PREFETCH) -> SubscriptionSpec:
    """The subscription to a destination: durable for a topic."""
    durable = None if destination.startswith("/queue/") else destination.strip("/").replace("/", ".")
    # the broker filters by header; senders without headers are filtered again after decoding (_is_for_us)
    selector = f"namespace = '{namespace}' OR namespace IS NULL"
    return SubscriptionSpec(destination, selector=selector, durable_name=durable, prefetch=prefetch)
