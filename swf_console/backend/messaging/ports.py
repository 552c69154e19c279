"""The interface of a broker connection, as publishers and subscribers use it: over stomp.py, or in memory."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from ..core.errors import BrokerUnreachable
from .message import OutgoingMessage


class NotConnected(Exception):
    """The session of a frame is over; it is unknown whether the frame arrived."""


class ConnectRefused(BrokerUnreachable):
    """The broker was reached and refused the connection: credentials, certificate, or a port without TLS."""


class ClientIdTaken(BrokerUnreachable):
    """Another connection has the client id: it has the durable subscriptions until it ends."""


class Phase(StrEnum):
    """What a connection is doing."""

    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """A snapshot for display; times are UTC, `attempts` counts those since the last good connection.

    `last_error` stays after the connection is up again: `last_error_at` says how old it is.
    """

    phase: Phase
    broker: str = ""
    server: str = ""
    up_since: datetime | None = None
    last_frame_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    next_attempt_at: datetime | None = None
    attempts: int = 0
    sessions: int = 0
    client_id_taken: bool = False


class SubscribeRequest(NamedTuple):
    """One SUBSCRIBE; `name` is unique within the session."""

    name: str
    destination: str
    ack: str
    headers: Mapping[str, str]

    @property
    def receipt(self) -> str:
        """The receipt id that the request carries."""
        return f"subscribe-{self.name}"


class ConnectionListener(Protocol):
    """Called with the events of a connection, from its threads; every call must return immediately."""

    def on_up(self, session: int) -> None:
        """A new session has started; subscribe now."""

    def on_down(self, session: int, error: str) -> None:
        """That session is over."""

    def on_receipt(self, session: int, receipt: str) -> bool:
        """The broker confirmed `receipt`; returns true if it was this listener's."""

    def on_refusal(self, session: int, receipt: str, error: str) -> bool:
        """The broker answered the frame with `receipt` by an ERROR; true if the session may continue."""


MessageRoute = Callable[[int, Mapping[str, str], str], None]


class BrokerConnection(Protocol):
    """One connection to a broker that reconnects automatically; a session is the time between two outages."""

    def start(self) -> None:
        """Start connecting; returns immediately."""

    def stop(self, timeout: float = 1.0) -> None:
        """End the connection permanently, within `timeout` seconds."""

    def state(self) -> ConnectionState:
        """Return the current state."""

    def wait_up(self, timeout: float) -> int:
        """Return the session once up; BrokerUnreachable after `timeout` seconds, immediately if refused."""

    def watch(self, watcher: Callable[[ConnectionState], None]) -> None:
        """Call `watcher` with each change of phase, from a thread of the connection."""

    def attach(self, listener: ConnectionListener) -> None:
        """Call `listener` for sessions from now on; for a session that is up, immediately."""

    def detach(self, listener: ConnectionListener) -> None:
        """Stop calling `listener`."""

    def send(
        self, session: int, messages: Sequence[OutgoingMessage], allowed: Callable[[], bool] | None = None
    ) -> None:
        """Send in order, each with its id as its receipt; NotConnected if the session is over.

        `allowed` is called before each write to the socket; if it is false, the session ends instead.
        """

    def subscribe(self, session: int, request: SubscribeRequest, route: MessageRoute) -> None:
        """Subscribe; the answer is the receipt `subscribe-<name>`."""

    def unsubscribe(self, session: int, subscription: str, headers: Mapping[str, str]) -> None:
        """End that subscription; an unknown or old one is not an error."""

    def ack(self, session: int, ack_id: str) -> None:
        """Acknowledge a message; NotConnected if its session is over."""

    def nack(self, session: int, ack_id: str) -> None:
        """Refuse a message; NotConnected if its session is over."""
