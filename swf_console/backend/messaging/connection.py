"""The connection over stomp.py: one thread that connects, keeps the heart-beat, and connects again."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ..core.errors import BrokerUnreachable, SwfError, UsageError
from ..core.settings import BrokerSettings
from .link import (
    Channel,
    ConnectionState,
    ConnectRefused,
    MessageRoute,
    NotConnected,
    Phase,
    SubscribeRequest,
)
from .message import OutgoingMessage
from .session import Wire

logger = logging.getLogger(__name__)

HEARTBEATS = (4000, 4000)
BACKOFF = (0.1, 5.0)
STEADY_SECONDS = 5.0
GOODBYE_SECONDS = 0.5


class Connection:
    """A Link over stomp.py; `broker` is asked for its address before each attempt.

    `heartbeats` are (ours, the broker's) in milliseconds: silence for 2.2 times the second ends a session.
    `backoff` is the first and the longest wait between attempts, in seconds. `client_id` makes durable
    subscriptions possible.
    """

    def __init__(
        self,
        broker: Callable[[], BrokerSettings],
        *,
        client_id: str | None = None,
        heartbeats: tuple[int, int] = HEARTBEATS,
        connect_timeout: float = 10.0,
        backoff: tuple[float, float] = BACKOFF,
    ) -> None:
        self._broker = broker
        self._client_id = client_id
        self._heartbeats = heartbeats
        self._connect_timeout = connect_timeout
        self._backoff = backoff
        self._changed = threading.Condition()
        self._state = ConnectionState(Phase.DOWN)
        self._failure: SwfError | None = None
        self._watchers: list[Callable[[ConnectionState], None]] = []
        self._telling = threading.RLock()
        self._channels: tuple[Channel, ...] = ()
        self._routes: dict[str, MessageRoute] = {}
        self._wire: Wire | None = None
        self._session = 0
        self._up = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="stomp-supervisor", daemon=True)

    def start(self) -> None:
        """Begin to connect, without waiting for it."""
        self._thread.start()

    def stop(self, timeout: float = 1.0) -> None:
        """Say goodbye and end, within `timeout` seconds; a send that blocks comes out with NotConnected."""
        self._stopping.set()
        wire = self._wire
        if wire is not None:
            wire.stirred.set() if self._up else wire.abort("stopped")
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout)
        if wire is not None:
            wire.abort("stopped")
        self._enter(Phase.CLOSED, next_attempt_at=None)

    def state(self) -> ConnectionState:
        """What the connection is doing now."""
        wire = self._wire
        with self._changed:
            state = self._state
        if wire is None or not self._up:
            return state
        silent = timedelta(seconds=time.monotonic() - wire.transport.received_at)
        return replace(state, last_frame_at=datetime.now(UTC) - silent)

    def wait_up(self, timeout: float) -> int:
        """Return the session once up; BrokerUnreachable after `timeout` seconds, at once where refused."""
        with self._changed:
            self._changed.wait_for(self._decided, timeout)
            if self._up:
                return self._session
            if self._failure is not None:
                raise self._failure
            where = self._state.broker or "the broker"
        raise BrokerUnreachable(f"no answer from {where} within {timeout:g} s", "Is it running?")

    def watch(self, watcher: Callable[[ConnectionState], None]) -> None:
        """Call `watcher` with each change of phase, from the supervising thread."""
        self._watchers.append(watcher)

    def attach(self, channel: Channel) -> None:
        """Tell `channel` of sessions from now on; of a session that is up, at once."""
        with self._telling:
            self._channels = (*self._channels, channel)
            if self._up:
                channel.on_up(self._session)

    def detach(self, channel: Channel) -> None:
        """Tell `channel` no more."""
        with self._telling:
            self._channels = tuple(known for known in self._channels if known is not channel)

    def send(self, session: int, messages: Sequence[OutgoingMessage]) -> None:
        """Send in order, each with its id as its receipt; NotConnected where the session is over."""
        self._wire_of(session).send(messages)

    def subscribe(self, session: int, asked: SubscribeRequest, route: MessageRoute) -> None:
        """Subscribe; the answer is the receipt `subscribe-<name>`."""
        wire = self._wire_of(session)
        self._routes[asked.name] = route
        wire.subscribe(asked)

    def unsubscribe(self, session: int, subscription: str, headers: Mapping[str, str]) -> None:
        """End that subscription; unknown and old ones are no error."""
        self._routes.pop(subscription, None)
        self._wire_of(session).unsubscribe(subscription, headers)

    def ack(self, session: int, ack_id: str) -> None:
        """Acknowledge a message; NotConnected where its session is over."""
        self._wire_of(session).ack(ack_id)

    def nack(self, session: int, ack_id: str) -> None:
        """Refuse a message; NotConnected where its session is over."""
        self._wire_of(session).nack(ack_id)

    def _wire_of(self, session: int) -> Wire:
        wire = self._wire
        if wire is None or not self._up or session != self._session or wire.ended.is_set():
            raise NotConnected(f"session {session} is over")
        return wire

    def _decided(self) -> bool:
        hopeless = isinstance(self._failure, ConnectRefused | UsageError) and not self._session
        return self._up or hopeless or self._state.phase is Phase.CLOSED

    def _supervise(self) -> None:
        attempts = 0
        while not self._stopping.is_set():
            attempts += 1
            began = time.monotonic()
            self._enter(Phase.CONNECTING, attempts=attempts, next_attempt_at=None)
            try:
                self._live()
            except Exception as error:  # noqa: BLE001 (the address comes from elsewhere; the thread must live on)
                self._fail(error)
            if time.monotonic() - began > STEADY_SECONDS and self._state.up_since is not None:
                attempts = 0
            self._rest(attempts)

    def _live(self) -> None:
        """Connect, and keep the session until it is over."""
        broker = self._broker()
        session = self._session + 1
        wire = self._make_wire(broker, session)
        self._wire = wire
        self._enter(Phase.CONNECTING, broker=wire.place, up_since=None)
        if self._stopping.is_set():
            return
        wire.open()
        self._begin(wire, session)
        try:
            while not (self._stopping.is_set() or wire.ended.is_set()):
                wire.stirred.wait(wire.beat())
            if self._stopping.is_set():
                wire.close(GOODBYE_SECONDS)
        finally:
            wire.abort("ended")
            self._end(session, wire.error or "ended")
        raise BrokerUnreachable(wire.error or "ended")

    def _make_wire(self, broker: BrokerSettings, session: int) -> Wire:
        return Wire(
            broker,
            client_id=self._client_id,
            heartbeats=self._heartbeats,
            timeout=self._connect_timeout,
            on_message=lambda headers, body: self._received(session, headers, body),
            on_receipt=lambda receipt: self._confirmed(session, receipt),
            on_refusal=lambda receipt, error: self._refused(session, receipt, error),
        )

    def _begin(self, wire: Wire, session: int) -> None:
        with self._telling:
            self._routes.clear()
            with self._changed:
                self._session, self._up, self._failure = session, True, None
            for channel in self._channels:
                self._tell(channel.on_up, session)
        now = datetime.now(UTC)
        self._enter(Phase.UP, up_since=now, server=wire.server, sessions=session)

    def _end(self, session: int, error: str) -> None:
        with self._telling:
            with self._changed:
                self._up = False
            for channel in self._channels:
                self._tell(channel.on_down, session, error)

    def _fail(self, error: Exception) -> None:
        if self._stopping.is_set():
            return
        if not isinstance(error, SwfError | OSError):
            logger.exception("an error in the connection's thread")
        with self._changed:
            self._failure = error if isinstance(error, SwfError) else BrokerUnreachable(str(error))
        again = self._state.up_since is None and self._state.last_error == str(error)
        logger.log(logging.DEBUG if again else logging.WARNING, "broker: %s", error)
        self._enter(Phase.DOWN, last_error=str(error), last_error_at=datetime.now(UTC))

    def _rest(self, attempts: int) -> None:
        first, longest = self._backoff
        delay = min(longest, first * 2 ** min(max(0, attempts - 1), 20)) * random.uniform(0.5, 1.0)  # noqa: S311
        if not self._stopping.is_set():
            self._enter(Phase.DOWN, next_attempt_at=datetime.now(UTC) + timedelta(seconds=delay))
            self._stopping.wait(delay)

    def _enter(self, phase: Phase, **fields: object) -> None:
        with self._changed:
            if self._state.phase is Phase.CLOSED:
                return
            changed = self._state.phase is not phase
            self._state = state = replace(self._state, phase=phase, **fields)  # type: ignore[arg-type]
            self._changed.notify_all()
        if changed:
            for watcher in tuple(self._watchers):
                self._tell(watcher, state)

    def _received(self, session: int, headers: Mapping[str, str], body: str) -> None:
        route = self._routes.get(headers.get("subscription", ""))
        if route is not None:
            route(session, headers, body)

    def _confirmed(self, session: int, receipt: str) -> None:
        for channel in self._channels:
            if channel.on_receipt(session, receipt):
                return

    def _refused(self, session: int, receipt: str, error: str) -> bool:
        return any(channel.on_refusal(session, receipt, error) for channel in self._channels)

    def _tell(self, call: Callable[..., None], *arguments: object) -> None:
        try:
            call(*arguments)
        except Exception:
            logger.exception("an error in a listener of the connection")
