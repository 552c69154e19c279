"""While a process executes, its leases are renewed and stops that others ask for are heard."""

import logging
import threading
from collections.abc import Callable
from datetime import timedelta

from ..database import Database, clock, executions

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0


class LeaseKeeper:
    """A thread that calls `tick` and renews the leases of `owner`, each time for `seconds`.

    `stop` is called with an execution's id and the reason: `stopped` where somebody asked for it in the
    database, `lease lost` where somebody else has closed it.
    """

    def __init__(
        self,
        database: Database,
        owner: str,
        seconds: float,
        *,
        stop: Callable[[str, str], object],
        tick: Callable[[], None],
    ) -> None:
        self._database, self._owner, self._seconds = database, owner, seconds
        self._stop, self._tick = stop, tick
        self._lock = threading.Lock()
        self._held: frozenset[str] = frozenset()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)
        self._thread.start()

    def hold(self, execution_id: str) -> None:
        """Renew this one from now on."""
        with self._lock:
            self._held |= {execution_id}

    def drop(self, execution_id: str) -> None:
        """This one has ended."""
        with self._lock:
            self._held -= {execution_id}

    def end(self) -> None:
        """Stop keeping; returns when the thread has ended."""
        self._ended.set()
        self._thread.join(timeout=5.0)

    def _keep(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            for duty in (self._tick, self._renew):
                try:
                    duty()
                except Exception:
                    log.exception("the leases of %s could not be looked after, trying again", self._owner)

    def _renew(self) -> None:
        held = self._held
        if not held:
            return
        with self._database.write() as connection:
            kept = {lease.execution_id for lease in executions.owned_by(connection, self._owner)}
            until = clock.now(connection) + timedelta(seconds=self._seconds)
            stops = executions.renew(connection, self._owner, until)
        for execution_id in held.intersection(stops):
            self._stop(execution_id, "stopped")
        for execution_id in (held & self._held) - kept:
            self._stop(execution_id, "lease lost")
