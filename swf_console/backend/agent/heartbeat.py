"""The heartbeat of a process: every 30 s and after every change, on a separate thread."""

import logging
import threading
from collections.abc import Callable

from ..database import Database, agents
from ..database.records.agents import Heartbeat

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 30.0
WORKING_SECONDS = 2.0

STARTING, READY, PROCESSING, EXITED = "STARTING", "READY", "PROCESSING", "EXITED"


class HeartbeatThread:
    """Writes what `describe` returns every `pause` seconds, when notified, and at the end."""

    def __init__(self, database: Database, describe: Callable[[], Heartbeat]) -> None:
        self.pause = HEARTBEAT_SECONDS
        self._database, self._describe = database, describe
        self._changed = threading.Condition()
        self._due, self._ending = False, False
        # held from describing to writing: an older description never overwrites a newer one
        self._writing = threading.Lock()
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Write heartbeats from now on; `notify` or `write` causes the first."""
        self._thread.start()

    def notify(self) -> None:
        """Write one soon, because something changed; does not wait for the database."""
        with self._changed:
            self._due = True
            self._changed.notify()

    def write(self) -> None:
        """Write one now; a failure is logged, and the next heartbeat follows."""
        with self._writing:
            try:
                described = self._describe()
                with self._database.write() as connection:
                    agents.heartbeat(connection, described)
            except Exception as error:  # noqa: BLE001 (the next heartbeat replaces a missed one)
                if not self._failing:
                    log.warning("heartbeat: writing failed, retrying: %s", error)
                self._failing = True
            else:
                self._failing = False

    def close(self, timeout: float | None = None) -> None:
        """Write the last one; wait for it up to `timeout` seconds."""
        with self._changed:
            self._due = self._ending = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        ending = False
        while not ending:
            with self._changed:
                self._changed.wait_for(lambda: self._due, self.pause)
                self._due, ending = False, self._ending
            self.write()


class AgentHeartbeat:
    """An agent's operational state, as its heartbeats report it.

    It is PROCESSING from the first message until two seconds after the last.
    """

    def __init__(
        self, database: Database, describe: Callable[[str], Heartbeat], busy: Callable[[], bool]
    ) -> None:
        self.state = STARTING
        self._describe, self._busy = describe, busy
        self._lock = threading.Lock()
        self._described: str | None = None
        self._worked = False
        self._thread = HeartbeatThread(database, self._describe_state)

    def start(self) -> None:
        """Start the heartbeats."""
        self._thread.start()
        self._thread.notify()

    def ready(self) -> None:
        """The agent is subscribed: from STARTING to READY."""
        self._enter(READY)

    def working(self) -> None:
        """Messages are being handled."""
        self._worked = True
        if self.state == READY:
            self._enter(PROCESSING)

    def close(self, timeout: float) -> None:
        """The last heartbeat says EXITED; wait for it up to `timeout` seconds."""
        self._enter(EXITED)
        self._thread.close(timeout)

    def _enter(self, state: str) -> None:
        with self._lock:
            if self.state in (state, EXITED):
                return
            self.state = state
        self._thread.notify()

    def _describe_state(self) -> Heartbeat:
        # PROCESSING is shown once at least, even if the work took less than a heartbeat
        if self.state == PROCESSING and self._described == PROCESSING:
            self._settle()
        self._described = state = self.state
        self._thread.pause = WORKING_SECONDS if state == PROCESSING else HEARTBEAT_SECONDS
        return self._describe(state)

    def _settle(self) -> None:
        worked, self._worked = self._worked, False
        if not worked and not self._busy():
            with self._lock:
                if self.state == PROCESSING:
                    self.state = READY
