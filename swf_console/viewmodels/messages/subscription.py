"""The broker connection and the subscription that fill the tail; both are restored after an outage."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from ...backend.core.settings import BrokerSettings, Settings
from ...backend.messaging.connection import StompConnection
from ...backend.messaging.endpoint import BrokerEndpoint, choose_broker
from ...backend.messaging.loss import LossMeter
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
    """Fills `tail` while it is open. Acknowledges and stores nothing; follows topics only."""

    def __init__(
        self,
        settings: Settings,
        tail: MessageBuffer,
        connect: Callable[[Callable[[], BrokerSettings]], BrokerConnection] | None = None,
        *,
        ui_priority: UiPriority | None = None,
    ) -> None:
        self._tail = tail
        self._broker: BrokerEndpoint = choose_broker(settings)
        self._connection = (
            connect(self._broker.address) if connect else _stomp_connection(self._broker.address)
        )
        self._inbox = Inbox(INBOX, before_put=(ui_priority or UiPriority()).yielder())
        self._subscription = Subscription(
            self._connection,
            SubscriptionSpec(tail.topic, ack=AUTO, prefetch=PREFETCH),
            self._inbox,
            on_subscribed=lambda: self._meter.subscribed() if self._meter else None,
        )
        # a connection of a test has no address that could be asked for the counters
        self._meter = (
            None
            if connect
            else LossMeter(
                self._broker.address, [tail.topic], lambda: self._subscription.received, self._missed
            )
        )
        self._closed = threading.Event()
        self._lost_at: float | None = None
        self._proved_at: datetime | None = None
        self._worker = threading.Thread(target=self._fill, name="tail", daemon=True)

    def start(self) -> None:
        """Start, without waiting for the broker."""
        self._connection.watch(self._changed)
        self._worker.start()
        self._subscription.open()
        self._connection.start()

    def close(self) -> None:
        """Stop; takes one second at most."""
        self._closed.set()
        if self._meter is not None:
            self._meter.close()
        self._inbox.close()
        self._subscription.close()
        self._connection.stop(timeout=0.5)
        self._broker.release(timeout=0.3)

    @property
    def dropped(self) -> int:
        """Messages that were not shown: the inbox was full, or the broker did not deliver them."""
        return self._inbox.dropped + (self._meter.missed if self._meter else 0)

    @property
    def broker_is_ours(self) -> bool:
        """Whether the embedded broker is a child of this process."""
        return bool(getattr(self._broker, "ours", False))

    def status(self) -> ConnectionStatus:
        """The current status of the connection."""
        state = self._connection.state()
        found = {Phase.UP: Connectivity.UP, Phase.DOWN: Connectivity.DOWN}.get(
            state.phase, Connectivity.STARTING
        )
        if found is Connectivity.STARTING and state.last_error and state.up_since is None:
            found = Connectivity.DOWN
        if found is Connectivity.UP and not (self._subscription.subscribed or self._subscription.error):
            found = (
                Connectivity.STARTING
            )  # STOMP 1.2, SUBSCRIBE: messages sent before the broker has processed it are not delivered
        self._proved_at = state.last_frame_at or self._proved_at
        error = self._subscription.error if found is Connectivity.UP else state.last_error
        return ConnectionStatus(
            "broker",
            found,
            address=state.broker,
            since=state.up_since,
            proved_at=self._proved_at,
            next_at=state.next_attempt_at,
            error=error or "",
            advice="Run swf-console doctor" if found is Connectivity.DOWN else "",
        )

    def _fill(self) -> None:
        while not self._closed.is_set():
            arrivals = self._inbox.take(BATCH, within=0.02)
            if arrivals:
                self._proved_at = datetime.now(UTC)
                self._tail.take([(arrival.headers, arrival.body) for arrival in arrivals])

    def _missed(self, size: int | None) -> None:
        if size and not self._closed.is_set():
            self._tail.note(f"gap: {size:,} messages were missed")

    def _changed(self, state: ConnectionState) -> None:
        if self._closed.is_set():
            return
        if state.phase is Phase.DOWN and state.sessions and self._lost_at is None:
            self._lost_at = time.monotonic()
            self._tail.note(f"broker connection lost: {state.last_error or 'no reason given'}")
        elif state.phase is Phase.UP:
            self._came_up()

    def _came_up(self) -> None:
        self._proved_at = datetime.now(UTC)
        if self._lost_at is not None:
            seconds = time.monotonic() - self._lost_at
            self._lost_at = None
            self._tail.note(
                f"broker connected again after {seconds:.0f} s; messages sent in between are missing here"
            )


def _stomp_connection(address: Address) -> StompConnection:
    return StompConnection(address, backoff=BACKOFF)
