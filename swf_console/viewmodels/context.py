"""The context of one console: settings, namespace, and the way to the backends."""

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..backend.core.settings import Settings
from ..backend.services.health.connection import ConnectionStatus
from ..backend.services.journal import Journal
from .preferences import Preferences
from .ui_priority import UiPriority
from .ui_state import UiState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..backend.database import Database
    from ..backend.services.executions.local import LocalExecutions
    from ..backend.services.executions.progress import EndedExecution
    from ..backend.supervisor.base import Supervisor
    from .alarms import AlarmMonitor
    from .connections import ConnectionPoller, NamespaceOwner
    from .messages.buffer import MessageBuffer
    from .messages.subscription import MessageSubscription
    from .prefetch import Prefetch

# the screen that shows it
PREFETCHED = "overview"
# a database that hangs while it is opened must not keep the console from closing
CLOSING_SECONDS = 0.5


@dataclass
class ConsoleContext:
    """What every screen is given. Methods that reach a backend block: call them from a worker thread only.

    The connections, the tail's among them, open with `start`, which loads heavy libraries. `lease_owner` is
    whom the watchdog of this process knows: it holds the leases of what is executed here. `supervisor` stands
    in for the supervisord of the home.
    """

    settings: Settings
    namespace: str | None = None
    read_only: bool = False
    preferences: Preferences = field(default_factory=Preferences)
    lease_owner: str = ""
    supervisor: "Supervisor | None" = field(default=None, repr=False)
    prefetch: "Prefetch[Any] | None" = field(default=None, repr=False)
    ui_priority: UiPriority = field(default_factory=UiPriority, repr=False)
    subscription: "MessageSubscription | None" = field(default=None, init=False, repr=False)
    alarms: "AlarmMonitor | None" = field(default=None, init=False, repr=False)
    namespace_owner: "NamespaceOwner | None" = field(default=None, init=False, repr=False)
    pollers: "tuple[ConnectionPoller, ...]" = field(default=(), init=False, repr=False)
    _database: "Database | None" = field(default=None, init=False, repr=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _closed: bool = field(default=False, init=False, repr=False)

    @cached_property
    def journal(self) -> Journal:
        """What is done here, kept."""
        return Journal(self.settings.state_dir)

    @cached_property
    def ui_state(self) -> UiState:
        """What is remembered until the next time."""
        return UiState(self.settings.state_dir)

    @cached_property
    def tail(self) -> "MessageBuffer":
        """The messages that have come; empty until the broker is connected."""
        from .messages.buffer import MessageBuffer

        return MessageBuffer(self.namespace, capacity=self.preferences.messages, ui_priority=self.ui_priority)

    @property
    def tail_if_any(self) -> "MessageBuffer | None":
        """The same, and None where no message is followed yet: asking loads nothing."""
        return self.__dict__.get("tail")

    @cached_property
    def local_executions(self) -> "LocalExecutions":
        """The executions of this process; the first one opens its engine."""
        from ..backend.services.executions.local import LocalExecutions

        return LocalExecutions(self.settings, self.lease_owner)

    @property
    def local_executions_if_any(self) -> "LocalExecutions | None":
        """The same, and None where nothing was ever executed here: asking loads nothing."""
        return self.__dict__.get("local_executions")

    def take_ended(self) -> "Sequence[EndedExecution]":
        """The executions of this process that ended since this was asked for last."""
        return self.local_executions_if_any.take_ended() if self.local_executions_if_any else ()

    def close_unused_prefetch(self) -> None:
        """Keep it where the console opens with the screen that shows it, else want it no more."""
        opens_with = self.ui_state.recall(self.namespace, "screen") or PREFETCHED
        if self.prefetch is not None and opens_with != PREFETCHED:
            self.prefetch.close()

    def start(self) -> None:
        """Open the connections; blocks until what was prefetched is on screen, then while libraries load."""
        if self.prefetch is not None:
            self.prefetch.wait()
        from .alarms import AlarmMonitor
        from .connections import ConnectionPoller, NamespaceOwner, supervisor_status
        from .messages.subscription import MessageSubscription

        subscription = MessageSubscription(self.settings, self.tail, ui_priority=self.ui_priority)
        owner = NamespaceOwner(self.database, lambda: self.namespace)
        pollers = (
            ConnectionPoller("db", owner.probe),
            ConnectionPoller("superv", lambda: supervisor_status(self.settings, self.supervisor)),
        )
        with self._opening:
            if self._closed:
                return
            self.subscription, self.namespace_owner, self.pollers = subscription, owner, pollers
            self.alarms = AlarmMonitor(self)
            self.alarms.start()
            subscription.start()
            for poller in pollers:
                poller.start()

    def connections(self) -> tuple[ConnectionStatus, ...]:
        """Broker, database and supervisor as they are now."""
        if self.subscription is None:
            return tuple(ConnectionStatus(name) for name in ("broker", "db", "superv"))
        return (self.subscription.status(), *(poller.status() for poller in self.pollers))

    def owner(self) -> str | None:
        """Who owns the namespace, as far as it is known."""
        return self.namespace_owner.owner() if self.namespace_owner else None

    def switch_to(self, namespace: str) -> None:
        """Another namespace from now on."""
        self.namespace = namespace
        self.tail.set_namespace(namespace)
        for poller in self.pollers:
            poller.poll_now()

    def database(self) -> "Database":
        """The database, opened on first use; blocks. Raises DatabaseUnusable or DatabaseUnreachable."""
        from ..backend.database import open_database

        with self._opening:
            if self._database is None:
                self._database = open_database(self.settings.database_url, or_read_only=True)
            return self._database

    @property
    def why_read_only(self) -> str:
        """Why nothing may be changed from here, as far as it is known; empty where it may."""
        if self.read_only:
            return "the console was started with --read-only"
        return self._database.read_only if self._database is not None else ""

    def close(self) -> None:
        """End what is executed here, close connections and database; blocks until that is done."""
        self._closed = True
        if self.prefetch is not None:
            self.prefetch.close()
        if self.local_executions_if_any is not None:
            self.local_executions_if_any.close()
        if self.alarms is not None:
            self.alarms.close(CLOSING_SECONDS)
        for poller in self.pollers:
            poller.close()
        if self.subscription is not None:
            self.subscription.close()
        if not self._opening.acquire(timeout=CLOSING_SECONDS):
            return
        try:
            if self._database is not None:
                self._database.close()
                self._database = None
        finally:
            self._opening.release()
