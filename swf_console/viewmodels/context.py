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

# the screen whose content is prefetched
PREFETCHED = "overview"
# how long close waits for `_opening`: a database may hang while it is opened
CLOSING_SECONDS = 0.5


@dataclass
class ConsoleContext:
    """The context that every screen gets. Methods that reach a backend block: call them from worker threads.

    `start` opens the connections and loads heavy libraries. `lease_owner` is the owner that this process's
    watchdog knows; the leases of local executions carry it. `supervisor` replaces the home's supervisord.
    `ending` is set when the console ends: nothing is started any more.
    `_opening` guards the database and the start of the connections against `close`.
    """

    settings: Settings
    namespace: str | None = None
    read_only: bool = False
    preferences: Preferences = field(default_factory=Preferences)
    lease_owner: str = ""
    supervisor: "Supervisor | None" = field(default=None, repr=False)
    prefetch: "Prefetch[Any] | None" = field(default=None, repr=False)
    ending: bool = field(default=False, init=False, repr=False)
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
        """The journal of actions of this home."""
        return Journal(self.settings.state_dir)

    @cached_property
    def ui_state(self) -> UiState:
        """The UI state that is saved between two consoles."""
        return UiState(self.settings.state_dir)

    @cached_property
    def tail(self) -> "MessageBuffer":
        """The buffer of messages; empty until the broker is connected."""
        from .messages.buffer import MessageBuffer

        return MessageBuffer(self.namespace, capacity=self.preferences.messages, ui_priority=self.ui_priority)

    @property
    def tail_if_any(self) -> "MessageBuffer | None":
        """The buffer if it exists; loads nothing."""
        return self.__dict__.get("tail")

    @cached_property
    def local_executions(self) -> "LocalExecutions":
        """The executions in this process; the first use loads the engine."""
        from ..backend.services.executions.local import LocalExecutions

        return LocalExecutions(self.settings, self.lease_owner)

    @property
    def local_executions_if_any(self) -> "LocalExecutions | None":
        """The local executions if there were any; loads nothing."""
        return self.__dict__.get("local_executions")

    def take_ended(self) -> "Sequence[EndedExecution]":
        """The executions of this process that ended since the last call."""
        return self.local_executions_if_any.take_ended() if self.local_executions_if_any else ()

    def close_unused_prefetch(self) -> None:
        """Close the prefetch if the console opens with a screen that does not show it."""
        opens_with = self.ui_state.recall(self.namespace, "screen") or PREFETCHED
        if self.prefetch is not None and opens_with != PREFETCHED:
            self.prefetch.close()

    def start(self) -> None:
        """Open the connections; blocks until the prefetched screen is painted, then while libraries load."""
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
        """The current status of broker, database and supervisor."""
        if self.subscription is None:
            return tuple(ConnectionStatus(name) for name in ("broker", "db", "superv"))
        return (self.subscription.status(), *(poller.status() for poller in self.pollers))

    def owner(self) -> str | None:
        """The owner of the namespace, if known."""
        return self.namespace_owner.owner() if self.namespace_owner else None

    def switch_to(self, namespace: str) -> None:
        """Change to another namespace."""
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
        """Why this console must not change anything, as far as known; empty if it may."""
        if self.ending:
            return "the console is ending"
        if self.read_only:
            return "the console was started with --read-only"
        return self._database.read_only if self._database is not None else ""

    def close(self) -> None:
        """End the local executions, close connections and database; blocks."""
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
