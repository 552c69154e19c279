"""What every screen is given: settings, who we are, and the way to the backends."""

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..backend.core.settings import Settings
from ..backend.services.health.connection import ConnectionStatus
from ..backend.services.journal import Journal
from .preferences import Preferences
from .ui_priority import Courtesy
from .ui_state import Memory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..backend.database import Database
    from ..backend.services.executions.local import LocalExecutions
    from ..backend.services.executions.progress import EndedExecution
    from ..backend.supervisor.base import Supervisor
    from .alarms import AlarmMonitor
    from .connections import Asking, Owners
    from .messages.buffer import Tail
    from .messages.subscription import Following
    from .prefetch import Prefetch

# the screen that shows it
PREFETCHED = "overview"
# a database that hangs while it is opened keeps nobody from leaving
CLOSING_SECONDS = 0.5


@dataclass
class ConsoleServices:
    """One console's services. Methods that reach a backend block: call them from a worker thread only.

    The pipes, the tail's among them, come to life with `start`, which loads heavy libraries. `lease_owner` is
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
    courtesy: Courtesy = field(default_factory=Courtesy, repr=False)
    following: "Following | None" = field(default=None, init=False, repr=False)
    alarms: "AlarmMonitor | None" = field(default=None, init=False, repr=False)
    owners: "Owners | None" = field(default=None, init=False, repr=False)
    askings: "tuple[Asking, ...]" = field(default=(), init=False, repr=False)
    _database: "Database | None" = field(default=None, init=False, repr=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _closed: bool = field(default=False, init=False, repr=False)

    @cached_property
    def journal(self) -> Journal:
        """What is done here, kept."""
        return Journal(self.settings.state_dir)

    @cached_property
    def memory(self) -> Memory:
        """What is remembered until the next time."""
        return Memory(self.settings.state_dir)

    @cached_property
    def tail(self) -> "Tail":
        """The messages that have come; empty until the broker's pipe is there."""
        from .messages.buffer import Tail

        return Tail(self.namespace, capacity=self.preferences.messages, courtesy=self.courtesy)

    @property
    def tail_here(self) -> "Tail | None":
        """The same, and None where nobody follows: asking loads nothing."""
        return self.__dict__.get("tail")

    @cached_property
    def runs(self) -> "LocalExecutions":
        """The executions of this process; the first one opens its engine."""
        from ..backend.services.executions.local import LocalExecutions

        return LocalExecutions(self.settings, self.lease_owner)

    @property
    def runs_here(self) -> "LocalExecutions | None":
        """The same, and None where nothing was ever executed here: asking loads nothing."""
        return self.__dict__.get("runs")

    def take_ended(self) -> "Sequence[EndedExecution]":
        """The executions of this process that ended since this was asked for last."""
        return self.runs_here.take_ended() if self.runs_here else ()

    def keep_prefetch(self) -> None:
        """Keep it where the console opens with the screen that shows it, else want it no more."""
        opens_with = self.memory.recall(self.namespace, "screen") or PREFETCHED
        if self.prefetch is not None and opens_with != PREFETCHED:
            self.prefetch.close()

    def start(self) -> None:
        """Open the pipes; blocks until what was prefetched is on screen, then while libraries load."""
        if self.prefetch is not None:
            self.prefetch.wait()
        from .alarms import AlarmMonitor
        from .connections import Asking, Owners, ask_supervisor
        from .messages.subscription import Following

        following = Following(self.settings, self.tail, courtesy=self.courtesy)
        owners = Owners(self.database, lambda: self.namespace)
        askings = (
            Asking("db", owners.ask),
            Asking("superv", lambda: ask_supervisor(self.settings, self.supervisor)),
        )
        with self._opening:
            if self._closed:
                return
            self.following, self.owners, self.askings = following, owners, askings
            self.alarms = AlarmMonitor(self)
            self.alarms.start()
            following.start()
            for asking in askings:
                asking.start()

    def connections(self) -> tuple[ConnectionStatus, ...]:
        """Broker, database and supervisor as they are now."""
        if self.following is None:
            return tuple(ConnectionStatus(name) for name in ("broker", "db", "superv"))
        return (self.following.state(), *(asking.state() for asking in self.askings))

    def owner(self) -> str | None:
        """Who owns the namespace, as far as it is known."""
        return self.owners.owner() if self.owners else None

    def look_at(self, namespace: str) -> None:
        """Look at another namespace from now on."""
        self.namespace = namespace
        self.tail.set_namespace(namespace)
        for asking in self.askings:
            asking.ask_now()

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
        """End what is executed here, close the pipes, let go of the database; blocks until that is done."""
        self._closed = True
        if self.prefetch is not None:
            self.prefetch.close()
        if self.runs_here is not None:
            self.runs_here.close()
        if self.alarms is not None:
            self.alarms.close(CLOSING_SECONDS)
        for asking in self.askings:
            asking.close()
        if self.following is not None:
            self.following.close()
        if not self._opening.acquire(timeout=CLOSING_SECONDS):
            return
        try:
            if self._database is not None:
                self._database.close()
                self._database = None
        finally:
            self._opening.release()
