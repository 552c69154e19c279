"""The heart-beat: every 30 s and with every change of state, on a thread that nothing else holds up."""

import logging
import threading
from collections.abc import Callable

from ..database import Database, agents
from ..database.records import Heartbeat

log = logging.getLogger(__name__)

BEAT_SECONDS = 30.0
CALM_SECONDS = 2.0

STARTING, READY, PROCESSING, EXITED = "STARTING", "READY", "PROCESSING", "EXITED"


class Pulse:
    """An agent's operational state as the database shows it.

    It is PROCESSING from the first message until two seconds after the last.
    """

    def __init__(
        self, database: Database, describe: Callable[[str], Heartbeat], busy: Callable[[], bool]
    ) -> None:
        self.state = STARTING
        self._database, self._describe, self._busy = database, describe, busy
        self._changed = threading.Condition()
        self._told: str | None = None
        self._worked = False
        self._ending = False
        self._failing = False
        self._thread = threading.Thread(target=self._run, name="heart-beat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def ready(self) -> None:
        """The agent hears: from STARTING to READY."""
        self._enter(READY)

    def working(self) -> None:
        """There is work."""
        self._worked = True
        if self.state == READY:
            self._enter(PROCESSING)

    def end(self, timeout: float) -> None:
        """The last beat says EXITED; it is waited for up to `timeout` seconds."""
        with self._changed:
            self._ending = True
            self.state = EXITED
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _enter(self, state: str) -> None:
        with self._changed:
            if self.state != state and not self._ending:
                self.state = state
                self._changed.notify()

    def _run(self) -> None:
        while True:
            self._beat()
            with self._changed:
                if self._told == EXITED or (self._ending and self._failing):
                    return
                wait = CALM_SECONDS if self.state == PROCESSING else BEAT_SECONDS
                self._changed.wait_for(lambda: self.state != self._told, wait)
            if self.state == PROCESSING and self._told == PROCESSING:
                self._calm_down()

    def _calm_down(self) -> None:
        worked, self._worked = self._worked, False
        if not worked and not self._busy():
            self._enter(READY)

    def _beat(self) -> None:
        state = self.state
        try:
            with self._database.write() as connection:
                agents.heartbeat(connection, self._describe(state))
        except Exception as error:  # noqa: BLE001 (a missed beat is made up for by the next)
            if not self._failing:
                log.warning("no heart-beat: %s", error)
            self._failing = True
        else:
            self._failing = False
        self._told = state
