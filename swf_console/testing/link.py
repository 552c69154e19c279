"""A connection to a broker in memory, as `Connection` is one to a real broker."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from swf_console.backend.errors import BrokerUnreachable
from swf_console.backend.messaging.broker.frames import Rejected
from swf_console.backend.messaging.broker.selectors import compile_selector
from swf_console.backend.messaging.link import (
    Channel,
    ConnectionState,
    MessageRoute,
    NotConnected,
    Phase,
    SubscribeRequest,
)
from swf_console.backend.messaging.messages import OutgoingMessage

from .stored import Consumer, Stored

if TYPE_CHECKING:
    from .broker import MemoryBroker


class MemoryLink:
    """A Link to a MemoryBroker."""

    def __init__(self, broker: "MemoryBroker", client_id: str | None) -> None:
        self._broker = broker
        self._client_id = client_id
        self._changed = threading.Condition(broker.lock)
        self._channels: list[Channel] = []
        self._watchers: list[Callable[[ConnectionState], None]] = []
        self._consumers: dict[str, Consumer] = {}
        self._state = ConnectionState(Phase.DOWN, broker="memory")
        self._session = 0
        self._started = False
        self.refusal: BrokerUnreachable | None = None

    def start(self) -> None:
        """Begin: up at once where the broker runs."""
        with self._broker.lock:
            self._started = True
            self._enter(Phase.CONNECTING)
            self._rise()

    def stop(self, timeout: float = 1.0) -> None:  # noqa: ARG002 (nothing here takes time)
        """End for good."""
        with self._broker.lock:
            self._fall("stopped")
            self._enter(Phase.CLOSED)

    def state(self) -> ConnectionState:
        """What the connection is doing now."""
        return self._state

    def wait_up(self, timeout: float) -> int:
        """Return the session once up; BrokerUnreachable after `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._up or self.refusal or self._closed, timeout):
                raise BrokerUnreachable(f"no answer from the broker within {timeout:g} s")
            if not self._up:
                raise self.refusal or BrokerUnreachable("the connection is closed")
            return self._session

    def watch(self, watcher: Callable[[ConnectionState], None]) -> None:
        """Call `watcher` with each change of phase."""
        self._watchers.append(watcher)

    def attach(self, channel: Channel) -> None:
        """Tell `channel` of sessions from now on; of one that is up, at once."""
        with self._broker.lock:
            self._channels.append(channel)
            if self._up:
                channel.on_up(self._session)

    def detach(self, channel: Channel) -> None:
        """Tell `channel` no more."""
        with self._broker.lock:
            self._channels = [known for known in self._channels if known is not channel]

    def send(self, session: int, messages: Sequence[OutgoingMessage]) -> None:
        """Send in order; NotConnected where the session is over."""
        for message in messages:
            with self._broker.lock:
                self._check(session)
                self._broker.take(self, session, message)

    def subscribe(self, session: int, asked: SubscribeRequest, route: MessageRoute) -> None:
        """Subscribe; the answer is the receipt `subscribe-<name>`, or a refusal of it."""
        with self._broker.lock:
            self._check(session)
            try:
                consumer = self._consumer(session, asked, route)
            except Rejected as error:
                if not any(
                    channel.on_refusal(session, asked.receipt, str(error)) for channel in self._channels
                ):
                    self.lose(str(error))
                return
            self._consumers[asked.name] = consumer
            self.confirm(session, asked.receipt)
            self._broker.add(consumer)

    def unsubscribe(self, session: int, subscription: str, headers: Mapping[str, str]) -> None:
        """End that subscription; unknown and old ones are no error."""
        with self._broker.lock:
            self._check(session)
            consumer = self._consumers.pop(subscription, None)
            if consumer is not None:
                self._broker.remove(consumer, forget="activemq.subscriptionName" in headers)

    def ack(self, session: int, ack_id: str) -> None:
        """Acknowledge a message; NotConnected where its session is over."""
        self._settle(session, ack_id, refused=False)

    def nack(self, session: int, ack_id: str) -> None:
        """Refuse a message; NotConnected where its session is over."""
        self._settle(session, ack_id, refused=True)

    def lose(self, error: str) -> None:
        """The session ends by no will of ours; the next begins at once where the broker runs."""
        with self._broker.lock:
            if self._started and not self._closed:
                self._fall(error)
                self._rise()

    def confirm(self, session: int, receipt: str) -> None:
        """A RECEIPT."""
        for channel in tuple(self._channels):
            if channel.on_receipt(session, receipt):
                return

    @property
    def _up(self) -> bool:
        return self._state.phase is Phase.UP

    @property
    def _closed(self) -> bool:
        return self._state.phase is Phase.CLOSED

    def _rise(self) -> None:
        if not self._broker.running or self._up:
            return
        self._session += 1
        self._enter(Phase.UP, up_since=datetime.now(UTC), sessions=self._session)
        for channel in tuple(self._channels):
            channel.on_up(self._session)

    def _fall(self, error: str) -> None:
        if not self._up:
            return
        self._enter(Phase.DOWN, last_error=error, last_error_at=datetime.now(UTC))
        consumers, self._consumers = self._consumers, {}
        for consumer in consumers.values():
            self._broker.remove(consumer)
        for channel in tuple(self._channels):
            channel.on_down(self._session, error)

    def _enter(self, phase: Phase, **fields: object) -> None:
        self._state = replace(self._state, phase=phase, **fields)  # type: ignore[arg-type]
        self._changed.notify_all()
        for watcher in tuple(self._watchers):
            watcher(self._state)

    def _check(self, session: int) -> None:
        if not self._up or session != self._session:
            raise NotConnected(f"session {session} is over")

    def _settle(self, session: int, ack_id: str, *, refused: bool) -> None:
        with self._broker.lock:
            self._check(session)
            for consumer in self._consumers.values():
                if ack_id in consumer.unacknowledged:
                    self._broker.settle(consumer, ack_id, refused=refused)
                    return

    def _consumer(self, session: int, asked: SubscribeRequest, route: MessageRoute) -> Consumer:
        headers = asked.headers
        selector = headers.get("selector")
        name = headers.get("activemq.subscriptionName")
        if name and not self._client_id:
            raise Rejected("a durable subscription needs a client-id")
        return Consumer(
            link=self,
            session=session,
            name=asked.name,
            destination=asked.destination,
            ack=asked.ack,
            route=route,
            prefetch=int(headers.get("activemq.prefetchSize", "100")),
            wants=compile_selector(selector) if selector else _everything,
            durable=(self._client_id, name) if name and self._client_id else None,
        )


def _everything(stored: Stored) -> bool:  # noqa: ARG001
    return True
