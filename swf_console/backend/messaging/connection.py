"""The connection over stomp.py: one thread connects, sends heartbeats, and reconnects."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ..core.errors import BrokerUnreachable, SwfError, UsageError
from ..core.settings import BrokerSettings
from .message import OutgoingMessage
from .ports import (
    ClientIdTaken,
    ConnectionListener,
    ConnectionState,
    ConnectRefused,
    MessageRoute,
    NotConnected,
    Phase,
    SubscribeRequest,
)
from .session import StompSession

logger = logging.getLogger(__name__)

HEARTBEAT_MILLISECONDS = (4000, 4000)
BACKOFF = (0.1, 5.0)
STABLE_SECONDS = 5.0
DISCONNECT_SECONDS = 0.5


class StompConnection:
    """A BrokerConnection over stomp.py; `broker` is called for the address before each attempt.

    `heartbeats` are (ours, the broker's) in milliseconds: silence for 2.2 times the second value ends a
    session. `backoff` is the first and the longest wait between attempts, in seconds. `client_id` is
    required for durable subscriptions.
    """

    def __init__(
        self,
        broker: Callable[[], BrokerSettings],
        *,
        client_id: str | None = None,
        heartbeats: tuple[int, int] = HEARTBEAT_MILLISECONDS,
        connect_timeout: float = 10.0,
        backoff: tuple[float, float] = BACKOFF,
    ) -> None:
        self._broker = broker
        self._client_id = client_id
        self._heartbeats = heartbeats
        self._connect_timeout = connect_timeout
        self._backoff = backoff
        self._changed = threading.Condition()  # guards _state, _session, _up and _failure
        self._state = ConnectionState(Phase.DOWN)
        self._failure: SwfError | None = None
        self._watchers: list[Callable[[ConnectionState], None]] = []
        # held while listeners are called, so that attach() never misses the start of a session; reentrant,
        # because on_up() of a listener may attach or detach others
        self._listening = threading.RLock()
        self._listeners: tuple[ConnectionListener, ...] = ()
        self._routes: dict[str, MessageRoute] = {}
        self._current: StompSession | None = None
        self._session = 0
        self._up = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="stomp-supervisor", daemon=True)

    def start(self) -> None:
        """Start connecting; returns immediately."""
        self._thread.start()

    def stop(self, timeout: float = 1.0) -> None:
        """Disconnect and end, within `timeout` seconds; a blocked send raises NotConnected."""
        self._stopping.set()
        current = self._current
        if current is not None:
            current.wake.set() if self._up else current.abort("stopped")
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(timeout)
        if current is not None:
            current.abort("stopped")
        self._enter(Phase.CLOSED, next_attempt_at=None)

    def state(self) -> ConnectionState:
        """Return the current state."""
        current = self._current
        with self._changed:
            state = self._state
        if current is None or not self._up:
            return state
        silent = timedelta(seconds=time.monotonic() - current.transport.received_at)
        return replace(state, last_frame_at=datetime.now(UTC) - silent)

    def wait_up(self, timeout: float) -> int:
        """Return the session once up; BrokerUnreachable after `timeout` seconds, immediately if refused."""
        with self._changed:
            self._changed.wait_for(self._decided, timeout)
            if self._up:
                return self._session
            if self._failure is not None:
                raise self._failure
            where = self._state.broker or "the broker"
        raise BrokerUnreachable(f"no answer from {where} within {timeout:g} s", "Check that it is running")

    def watch(self, watcher: Callable[[ConnectionState], None]) -> None:
        """Call `watcher` with each change of phase, from the supervising thread."""
        self._watchers.append(watcher)

    def attach(self, listener: ConnectionListener) -> None:
        """Call `listener` for sessions from now on; for a session that is up, immediately."""
        with self._listening:
            self._listeners = (*self._listeners, listener)
            if self._up:
                listener.on_up(self._session)

    def detach(self, listener: ConnectionListener) -> None:
        """Stop calling `listener`."""
        with self._listening:
            self._listeners = tuple(known for known in self._listeners if known is not listener)

    def send(
        self, session: int, messages: Sequence[OutgoingMessage], allowed: Callable[[], bool] | None = None
    ) -> None:
        """Send in order, each with its id as its receipt; NotConnected if the session is over.

        `allowed` is called before each write to the socket; if it is false, the session ends instead.
        """
        self._session_of(session).send(messages, allowed)

    def subscribe(self, session: int, request: SubscribeRequest, route: MessageRoute) -> None:
        """Subscribe; the answer is the receipt `subscribe-<name>`."""
        current = self._session_of(session)
        self._routes[request.name] = route
        current.subscribe(request)

    def unsubscribe(self, session: int, subscription: str, headers: Mapping[str, str]) -> None:
        """End that subscription; an unknown or old one is not an error."""
        self._routes.pop(subscription, None)
        self._session_of(session).unsubscribe(subscription, headers)

    def ack(self, session: int, ack_id: str) -> None:
        """Acknowledge a message; NotConnected if its session is over."""
        self._session_of(session).ack(ack_id)

    def nack(self, session: int, ack_id: str) -> None:
        """Refuse a message; NotConnected if its session is over."""
        self._session_of(session).nack(ack_id)

    def _session_of(self, session: int) -> StompSession:
        current = self._current
        if current is None or not self._up or session != self._session or current.ended.is_set():
            raise NotConnected(f"session {session} is over")
        return current

    def _decided(self) -> bool:
        # only before the first session: later a refusal may be a broker that is still starting
        refused = isinstance(self._failure, ConnectRefused | UsageError) and not self._session
        return self._up or refused or self._state.phase is Phase.CLOSED

    def _supervise(self) -> None:
        attempts = 0
        while not self._stopping.is_set():
            attempts += 1
            started = time.monotonic()
            self._enter(Phase.CONNECTING, attempts=attempts, next_attempt_at=None)
            try:
                self._run_session()
            except Exception as error:  # noqa: BLE001 (the address comes from a callback; the thread must survive)
                self._note_failure(error)
            if time.monotonic() - started > STABLE_SECONDS and self._state.up_since is not None:
                attempts = 0
            self._back_off(attempts)

    def _run_session(self) -> None:
        """Connect, and keep the session alive until it is over."""
        broker = self._broker()
        session = self._session + 1
        current = self._new_session(broker, session)
        self._current = current
        self._enter(Phase.CONNECTING, broker=current.address, up_since=None)
        if self._stopping.is_set():
            return
        current.open()
        self._session_started(current, session)
        try:
            while not (self._stopping.is_set() or current.ended.is_set()):
                current.wake.wait(current.keep_alive())
            if self._stopping.is_set():
                current.close(DISCONNECT_SECONDS)
        finally:
            current.abort("ended")
            self._session_ended(session, current.error or "ended")
        raise BrokerUnreachable(current.error or "ended")

    def _new_session(self, broker: BrokerSettings, session: int) -> StompSession:
        return StompSession(
            broker,
            client_id=self._client_id,
            heartbeats=self._heartbeats,
            timeout=self._connect_timeout,
            on_message=lambda headers, body: self._received(session, headers, body),
            on_receipt=lambda receipt: self._confirmed(session, receipt),
            on_refusal=lambda receipt, error: self._refused(session, receipt, error),
        )

    def _session_started(self, current: StompSession, session: int) -> None:
        with self._listening:
            self._routes.clear()
            with self._changed:
                self._session, self._up, self._failure = session, True, None
            for listener in self._listeners:
                self._call(listener.on_up, session)
        now = datetime.now(UTC)
        server = current.server
        self._enter(Phase.UP, up_since=now, server=server, sessions=session, client_id_taken=False)

    def _session_ended(self, session: int, error: str) -> None:
        with self._listening:
            with self._changed:
                self._up = False
            for listener in self._listeners:
                self._call(listener.on_down, session, error)

    def _note_failure(self, error: Exception) -> None:
        if self._stopping.is_set():
            return
        if not isinstance(error, SwfError | OSError):
            logger.exception("broker connection: unexpected error")
        with self._changed:
            self._failure = error if isinstance(error, SwfError) else BrokerUnreachable(str(error))
        # the same error of every attempt is logged once
        again = self._state.up_since is None and self._state.last_error == str(error)
        logger.log(logging.DEBUG if again else logging.WARNING, "broker: %s", error)
        taken = isinstance(error, ClientIdTaken)
        now = datetime.now(UTC)
        self._enter(Phase.DOWN, last_error=str(error), last_error_at=now, client_id_taken=taken)

    def _back_off(self, attempts: int) -> None:
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
                self._call(watcher, state)

    def _received(self, session: int, headers: Mapping[str, str], body: str) -> None:
        route = self._routes.get(headers.get("subscription", ""))
        if route is not None:
            route(session, headers, body)

    def _confirmed(self, session: int, receipt: str) -> None:
        for listener in self._listeners:
            if listener.on_receipt(session, receipt):
                return

    def _refused(self, session: int, receipt: str, error: str) -> bool:
        return any(listener.on_refusal(session, receipt, error) for listener in self._listeners)

    def _call(self, call: Callable[..., None], *arguments: object) -> None:
        try:
            call(*arguments)
        except Exception:
            logger.exception("broker connection: a listener failed")
