"""A broker in memory, and connections to it behind the Protocol of those over stomp.py."""

import itertools
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from swf_console.backend.broker.frames import Rejected
from swf_console.backend.broker.selectors.parser import compile_selector
from swf_console.backend.core.errors import BrokerUnreachable
from swf_console.backend.messaging.message import OutgoingMessage
from swf_console.backend.messaging.ports import (
    ConnectionListener,
    ConnectionState,
    MessageRoute,
    NotConnected,
    Phase,
    SubscribeRequest,
)


@dataclass(slots=True)
class Stored:
    """One message as the broker holds it."""

    destination: str
    headers: dict[str, str]
    body: str
    redelivered: bool = False

    def property(self, name: str) -> str | None:
        """What a selector sees."""
        return self.headers.get(name)


@dataclass(slots=True, eq=False)
class MemorySubscription:
    """One subscription of one session."""

    connection: "MemoryConnection"
    session: int
    name: str
    destination: str
    ack: str
    route: MessageRoute
    prefetch: int
    wants: Callable[[Stored], bool | None]
    durable: tuple[str, str] | None = None
    unacknowledged: dict[str, Stored] = field(default_factory=dict)

    @property
    def has_room(self) -> bool:
        """Whether it gets more messages before it acknowledges."""
        return len(self.unacknowledged) < self.prefetch


def stranger(destination: str, body: str, **headers: str) -> Stored:
    """A message as a program of another author might send it."""
    known = {"destination": destination, "message-id": f"stranger-{uuid.uuid4()}"}
    return Stored(destination, known | headers, body)


class MemoryConnection:
    """A BrokerConnection to a MemoryBroker."""

    def __init__(self, broker: "MemoryBroker", client_id: str | None) -> None:
        self._broker = broker
        self._client_id = client_id
        self._changed = threading.Condition(broker.lock)
        self._listeners: list[ConnectionListener] = []
        self._watchers: list[Callable[[ConnectionState], None]] = []
        self._subscriptions: dict[str, MemorySubscription] = {}
        self._state = ConnectionState(Phase.DOWN, broker="memory")
        self._session = 0
        self._started = False
        self.refusal: BrokerUnreachable | None = None

    def start(self) -> None:
        """Start: immediately up if the broker is running."""
        with self._broker.lock:
            self._started = True
            self._enter(Phase.CONNECTING)
            self._start_session()

    def stop(self, timeout: float = 1.0) -> None:  # noqa: ARG002 (nothing here takes time)
        """End for good."""
        with self._broker.lock:
            self._end_session("stopped")
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

    def attach(self, listener: ConnectionListener) -> None:
        """Call `listener` for sessions from now on; for one that is up, immediately."""
        with self._broker.lock:
            self._listeners.append(listener)
            if self._up:
                listener.on_up(self._session)

    def detach(self, listener: ConnectionListener) -> None:
        """Call `listener` no more."""
        with self._broker.lock:
            self._listeners = [known for known in self._listeners if known is not listener]

    def send(
        self, session: int, messages: Sequence[OutgoingMessage], allowed: Callable[[], bool] | None = None
    ) -> None:
        """Send in order; NotConnected if the session is over, or ended because `allowed` is false."""
        if allowed is not None and not allowed():
            self.lose("the lease of the sender has expired")
        for message in messages:
            with self._broker.lock:
                self._check(session)
                self._broker.take(self, session, message)

    def subscribe(self, session: int, request: SubscribeRequest, route: MessageRoute) -> None:
        """Subscribe; the answer is the receipt `subscribe-<name>`, or a refusal of it."""
        with self._broker.lock:
            self._check(session)
            try:
                subscription = self._subscription(session, request, route)
            except Rejected as error:
                if not any(
                    listener.on_refusal(session, request.receipt, str(error)) for listener in self._listeners
                ):
                    self.lose(str(error))
                return
            self._subscriptions[request.name] = subscription
            self.confirm(session, request.receipt)
            self._broker.add(subscription)

    def unsubscribe(self, session: int, subscription: str, headers: Mapping[str, str]) -> None:
        """End that subscription; an unknown or old one is not an error."""
        with self._broker.lock:
            self._check(session)
            ended = self._subscriptions.pop(subscription, None)
            if ended is not None:
                self._broker.remove(ended, forget="activemq.subscriptionName" in headers)

    def ack(self, session: int, ack_id: str) -> None:
        """Acknowledge a message; NotConnected where its session is over."""
        self._settle(session, ack_id, refused=False)

    def nack(self, session: int, ack_id: str) -> None:
        """Refuse a message; NotConnected where its session is over."""
        self._settle(session, ack_id, refused=True)

    def lose(self, error: str) -> None:
        """End the session; the next one starts immediately if the broker is running."""
        with self._broker.lock:
            if self._started and not self._closed:
                self._end_session(error)
                self._start_session()

    def confirm(self, session: int, receipt: str) -> None:
        """A RECEIPT."""
        for listener in tuple(self._listeners):
            if listener.on_receipt(session, receipt):
                return

    @property
    def _up(self) -> bool:
        return self._state.phase is Phase.UP

    @property
    def _closed(self) -> bool:
        return self._state.phase is Phase.CLOSED

    def _start_session(self) -> None:
        if not self._broker.running or self._up:
            return
        self._session += 1
        self._enter(Phase.UP, up_since=datetime.now(UTC), sessions=self._session)
        for listener in tuple(self._listeners):
            listener.on_up(self._session)

    def _end_session(self, error: str) -> None:
        if not self._up:
            return
        self._enter(Phase.DOWN, last_error=error, last_error_at=datetime.now(UTC))
        subscriptions, self._subscriptions = self._subscriptions, {}
        for subscription in subscriptions.values():
            self._broker.remove(subscription)
        for listener in tuple(self._listeners):
            listener.on_down(self._session, error)

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
            for subscription in self._subscriptions.values():
                if ack_id in subscription.unacknowledged:
                    self._broker.settle(subscription, ack_id, refused=refused)
                    return

    def _subscription(
        self, session: int, request: SubscribeRequest, route: MessageRoute
    ) -> MemorySubscription:
        headers = request.headers
        selector = headers.get("selector")
        name = headers.get("activemq.subscriptionName")
        if name and not self._client_id:
            raise Rejected("a durable subscription needs a client-id")
        return MemorySubscription(
            connection=self,
            session=session,
            name=request.name,
            destination=request.destination,
            ack=request.ack,
            route=route,
            prefetch=int(headers.get("activemq.prefetchSize", "100")),
            wants=compile_selector(selector) if selector else _everything,
            durable=(self._client_id, name) if name and self._client_id else None,
        )


def _everything(stored: Stored) -> bool:  # noqa: ARG001
    return True


class MemoryBroker:
    """Topics, queues and durable subscriptions; `accepted` holds every message it took, in order."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.accepted: list[Stored] = []
        self.dead: list[Stored] = []
        self.receipts = True
        self._connections: list[MemoryConnection] = []
        self._subscriptions: list[MemorySubscription] = []
        self._queues: dict[str, deque[Stored]] = {}
        self._durables: dict[tuple[str, str], tuple[Callable[[Stored], bool | None], str, deque[Stored]]] = {}
        self._frozen: list[tuple[MemoryConnection, int, OutgoingMessage]] | None = None
        self._numbers = itertools.count(1)
        self.running = True

    def connect(self, client_id: str | None = None) -> MemoryConnection:
        """A connection to this broker, not started yet."""
        connection = MemoryConnection(self, client_id)
        self._connections.append(connection)
        return connection

    def stop(self) -> None:
        """Go down: every session is over."""
        with self.lock:
            self.running = False
            self.cut()

    def start(self) -> None:
        """Come back with queues and durable subscriptions as they were."""
        with self.lock:
            self.running, self._frozen = True, None
            self.cut()

    def cut(self) -> None:
        """End every session; the next ones start immediately if the broker is running."""
        with self.lock:
            if self._frozen is not None:
                self._frozen.clear()
            for connection in tuple(self._connections):
                connection.lose("the connection was cut")

    def freeze(self) -> None:
        """Take everything and answer nothing, with every session open."""
        with self.lock:
            self._frozen = []

    def thaw(self) -> None:
        """Process what was taken meanwhile; what was sent in a session that is over is lost."""
        with self.lock:
            held, self._frozen = self._frozen or [], None
            for connection, session, message in held:
                self.take(connection, session, message)

    def take(self, connection: MemoryConnection, session: int, message: OutgoingMessage) -> None:
        """A SEND: store, confirm, deliver."""
        with self.lock:
            if self._frozen is not None:
                self._frozen.append((connection, session, message))
                return
            headers = {**message.headers, "destination": message.destination}
            headers["message-id"] = f"memory-{next(self._numbers)}"
            self.inject(Stored(message.destination, headers, message.body))
            if self.receipts:
                connection.confirm(session, message.id)

    def inject(self, stored: Stored) -> None:
        """Take a message from outside, whatever its headers and body."""
        with self.lock:
            self.accepted.append(stored)
            if stored.destination.startswith("/queue/"):
                self._queues.setdefault(stored.destination, deque()).append(stored)
                self._dispatch(stored.destination)
                return
            for wants, destination, backlog in self._durables.values():
                if destination == stored.destination and wants(stored):
                    backlog.append(replace(stored, headers=dict(stored.headers)))
            for subscription in tuple(self._subscriptions):
                follows = subscription.destination == stored.destination and subscription.durable is None
                if follows and subscription.wants(stored):
                    self._deliver(subscription, stored)
            self._dispatch(stored.destination)

    def add(self, subscription: MemorySubscription) -> None:
        """A SUBSCRIBE."""
        with self.lock:
            self._subscriptions.append(subscription)
            if subscription.durable is not None and subscription.durable not in self._durables:
                self._durables[subscription.durable] = (subscription.wants, subscription.destination, deque())
            self._dispatch(subscription.destination)

    def remove(self, subscription: MemorySubscription, *, forget: bool = False) -> None:
        """An UNSUBSCRIBE, or the end of a session: what is not acknowledged goes to the next."""
        with self.lock:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
            backlog = self._backlog(subscription)
            if backlog is not None:
                for stored in reversed(subscription.unacknowledged.values()):
                    stored.redelivered = True
                    backlog.appendleft(stored)
            subscription.unacknowledged.clear()
            if forget and subscription.durable is not None:
                self._durables.pop(subscription.durable, None)
            self._dispatch(subscription.destination)

    def settle(self, subscription: MemorySubscription, ack_id: str, *, refused: bool) -> None:
        """An ACK or a NACK."""
        with self.lock:
            stored = subscription.unacknowledged.pop(ack_id, None)
            if stored is not None and refused:
                self.dead.append(stored)
            self._dispatch(subscription.destination)

    def _backlog(self, subscription: MemorySubscription) -> deque[Stored] | None:
        if subscription.durable is not None:
            known = self._durables.get(subscription.durable)
            return known[2] if known else None
        return self._queues.get(subscription.destination)

    def _dispatch(self, destination: str) -> None:
        """Deliver what waits for this destination to those with room, in turns."""
        if self._frozen is not None:
            return
        for subscription in tuple(self._subscriptions):
            backlog = self._backlog(subscription) if subscription.destination == destination else None
            if backlog is not None and subscription.durable is not None:
                while backlog and subscription.has_room and subscription in self._subscriptions:
                    self._deliver(subscription, backlog.popleft())
        queue = self._queues.get(destination)
        while queue:
            taken = next(self._candidates(destination, queue), None)
            if taken is None:
                return
            subscription, stored = taken
            queue.remove(stored)
            self._subscriptions.remove(subscription)
            self._subscriptions.append(subscription)
            self._deliver(subscription, stored)

    def _candidates(
        self, destination: str, queue: deque[Stored]
    ) -> "itertools.chain[tuple[MemorySubscription, Stored]]":
        free = [known for known in self._subscriptions if known.destination == destination and known.has_room]
        return itertools.chain.from_iterable(
            ((subscription, stored) for subscription in free if subscription.wants(stored))
            for stored in queue
        )

    def _deliver(self, subscription: MemorySubscription, stored: Stored) -> None:
        ack_id = f"ack-{next(self._numbers)}"
        headers = {**stored.headers, "subscription": subscription.name}
        if subscription.ack != "auto":
            headers["ack"] = ack_id
            subscription.unacknowledged[ack_id] = stored
        if stored.redelivered:
            headers["redelivered"] = "true"
        subscription.route(subscription.session, headers, stored.body)
