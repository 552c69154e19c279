"""Live messages of a topic, filtered; a queue is refused, because following it would consume its messages."""

import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType

from ...core.destinations import EPICTOPIC
from ...core.errors import Refused
from ...core.settings import Settings
from ...messaging.connection import StompConnection
from ...messaging.endpoint import choose_broker
from ...messaging.loss import LossMeter
from ...messaging.message import IncomingMessage, check_destination
from ...messaging.ports import ConnectionState, Phase
from ...messaging.subscriber import Subscriber
from ...messaging.subscription import AUTO, SubscriptionSpec
from .filter import MessageMatch

CONNECT_SECONDS = 10.0
LOOK_SECONDS = 0.2
# a reader that is slower than that blocks the handler; then the inbox drops messages, and counts them
WAITING = 1000


def check_topic(destination: str) -> str:
    """Return `destination` if it is a topic. Raises Refused for a queue, UsageError for a bare name."""
    check_destination(destination)
    # ActiveMQ accepts composite destinations, separated by commas, some of which may be queues
    if not re.fullmatch(r"/(temp-|remote-temp-)?topic/[^,]+", destination) or "queue:" in destination:
        raise Refused(
            f"{destination} may be a queue: following it would take messages from their consumer",
            f"Follow a topic, such as {EPICTOPIC}",
        )
    return destination


class Tail:
    """Follows a topic while it is open; iterate `messages`. Nothing is stored or acknowledged.

    `narrate` is called with a line when the connection is lost and restored. Raises BrokerUnreachable if
    the first connection fails; after later outages it reconnects.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str = EPICTOPIC,
        match: MessageMatch | None = None,
        narrate: Callable[[str], None] | None = None,
    ) -> None:
        self.topic, self._match, self._narrate = check_topic(topic), match or MessageMatch(), narrate
        self.unmatched = 0
        self._closed = threading.Event()
        self._waiting: queue.Queue[IncomingMessage] = queue.Queue(WAITING)
        self._broker = choose_broker(settings)
        self._connection = StompConnection(self._broker.address)
        self._meter = LossMeter(
            self._broker.address, [topic], lambda: self._subscriber.state().received, self._missed
        )
        self._subscriber = Subscriber(
            self._connection,
            SubscriptionSpec(topic, ack=AUTO),
            self._arrived,
            on_subscribed=self._meter.subscribed,
        )

    @property
    def place(self) -> str:
        """The broker's host and port."""
        return self._connection.state().broker

    @property
    def missed(self) -> int:
        """How many messages the broker did not deliver: sent without a connection, or cut off as too slow."""
        return self._meter.missed

    @property
    def dropped(self) -> int:
        """How many messages were dropped because they came faster than they were read."""
        return self._subscriber.state().dropped

    def messages(self, seconds: float | None = None) -> Iterator[IncomingMessage]:
        """Yield matching messages, for `seconds` or without end."""
        deadline = time.monotonic() + seconds if seconds else None
        while deadline is None or time.monotonic() < deadline:
            left = LOOK_SECONDS if deadline is None else min(LOOK_SECONDS, deadline - time.monotonic())
            try:
                yield self._waiting.get(timeout=max(0.001, left))
            except queue.Empty:
                continue

    def __enter__(self) -> "Tail":
        try:
            self._connection.start()
            self._connection.wait_up(CONNECT_SECONDS)
            self._subscriber.start()
            self._subscriber.wait_subscribed(CONNECT_SECONDS)
        except BaseException:
            self._close()
            raise
        self._connection.watch(self._changed)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._closed.set()
        self._meter.close()
        self._subscriber.close()
        self._connection.stop()
        self._broker.release()

    def _arrived(self, message: IncomingMessage) -> None:
        if not self._match(message):
            self.unmatched += 1
            return
        while not self._closed.is_set():
            try:
                self._waiting.put(message, timeout=LOOK_SECONDS)
            except queue.Full:
                continue
            return

    def _missed(self, size: int | None) -> None:
        if size != 0 and not self._closed.is_set() and self._narrate is not None:
            count = "an unknown number of" if size is None else f"{size:,}"
            self._narrate(f"gap: {count} messages were missed")

    def _changed(self, state: ConnectionState) -> None:
        if self._closed.is_set() or self._narrate is None:
            return
        if state.phase is Phase.DOWN:
            self._narrate(f"broker connection lost: {state.last_error or 'no reason given'}; reconnecting")
        elif state.phase is Phase.UP:
            self._narrate(f"reconnected to {state.broker}")
