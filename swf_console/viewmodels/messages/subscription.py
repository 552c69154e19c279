"""The broker: one connection and one subscription that fill the tail, and come back by themselves."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from ...backend.core.settings import BrokerSettings, Settings
from ...backend.messaging.connection import StompConnection
from ...backend.messaging.endpoint import BrokerEndpoint, choose_broker
from ...backend.messaging.ports import BrokerConnection, ConnectionState, Phase
from ...backend.messaging.subscription import AUTO, Inbox, Subscription, SubscriptionSpec
from ...backend.services.health.connection import ConnectionStatus, Connectivity
from ..ui_priority import UiPriority
from .buffer import MessageBuffer

INBOX = 20_000
BATCH = 500
PREFETCH = 2000
BACKOFF = (0.1, 2.0)
Address = Callable[[], BrokerSettings]


class MessageSubscription:
    """Fills `tail` while it is open. Nothing is acknowledged or stored; only topics are followed."""

    def __init__(
        self,
        settings: Settings,
        tail: MessageBuffer,
        link: Callable[[Callable[[], BrokerSettings]], BrokerConnection] | None = None,
        *,
        ui_priority: UiPriority | None = None,
    ) -> None:
        self._tail = tail
        self._broker: BrokerEndpoint = choose_broker(settings)
        self._link = link(self._broker.address) if link else _connection(self._broker.address)
        self._inbox = Inbox(INBOX, before_put=(ui_priority or UiPriority()).yielder())
        self._feed = Subscription(
            self._link, SubscriptionSpec(tail.topic, ack=AUTO, prefetch=PREFETCH), self._inbox
        )
        self._closed = threading.Event()
        self._lost_at: float | None = None
        self._proved_at: datetime | None = None
        self._worker = threading.Thread(target=self._fill, name="tail", daemon=True)

    def start(self) -> None:
        """Begin, without waiting for the broker."""
        self._link.watch(self._changed)
        self._worker.start()
        self._feed.open()
        self._link.start()

    def close(self) -> None:
        """End, within a moment."""
        self._closed.set()
        self._inbox.close()
        self._feed.close()
        self._link.stop(timeout=0.5)
        self._broker.release(timeout=0.3)

    @property
    def dropped(self) -> int:
        """Messages that came faster than they were taken."""
        return self._inbox.dropped

    @property
    def broker_is_ours(self) -> bool:
        """Whether the embedded broker is a child of this process."""
        return bool(getattr(self._broker, "ours", False))

    def status(self) -> ConnectionStatus:
        """The connection now."""
        state = self._link.state()
        found = {Phase.UP: Connectivity.UP, Phase.DOWN: Connectivity.DOWN}.get(
            state.phase, Connectivity.STARTING
        )
        if found is Connectivity.STARTING and state.last_error and state.up_since is None:
            found = Connectivity.DOWN
        if found is Connectivity.UP and not (self._feed.subscribed or self._feed.error):
            found = (
                Connectivity.STARTING
            )  # what is sent before the broker has subscribed us does not come here
        self._proved_at = state.last_frame_at or self._proved_at
        error = self._feed.error if found is Connectivity.UP else state.last_error
        return ConnectionStatus(
            "broker",
            found,
            address=state.broker,
            since=state.up_since,
            proved_at=self._proved_at,
            next_at=state.next_attempt_at,
            error=error or "",
            advice="swf-console doctor says what to do" if found is Connectivity.DOWN else "",
        )

    def _fill(self) -> None:
        while not self._closed.is_set():
            arrivals = self._inbox.take(BATCH, within=0.02)
            if arrivals:
                self._proved_at = datetime.now(UTC)
                self._tail.take([(arrival.headers, arrival.body) for arrival in arrivals])

    def _changed(self, state: ConnectionState) -> None:
        if self._closed.is_set():
            return
        if state.phase is Phase.DOWN and state.sessions and self._lost_at is None:
            self._lost_at = time.monotonic()
            self._tail.note(f"the broker is gone: {state.last_error or 'no reason given'}")
        elif state.phase is Phase.UP:
            self._came_up()

    def _came_up(self) -> None:
        self._proved_at = datetime.now(UTC)
        if self._lost_at is not None:
            away = time.monotonic() - self._lost_at
            self._lost_at = None
            self._tail.note(f"the broker is back after {away:.0f} s; messages of that time are missing here")


def _connection(address: Address) -> StompConnection:
    return StompConnection(address, backoff=BACKOFF)
