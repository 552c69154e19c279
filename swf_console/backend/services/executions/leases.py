"""The leases of a process that executes: renewed in time, and read for stop requests of others."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from ...database import Database, executions
from ...database.connection.engine import server_time

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
RENEWALS = 5  # within the time of a lease


class LeaseRenewer:
    """A thread that calls `tick`, reads stop requests, and renews the leases of `owner` by `seconds`.

    `stop` is called with an execution's id and the reason: `stopped` if a stop was requested in the
    database, `lease lost` if another process has closed the execution.
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
        self._renew_at = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)
        self._thread.start()

    def hold(self, execution_id: str) -> None:
        """Renew the lease of this execution from now on."""
        with self._lock:
            self._held |= {execution_id}

    def drop(self, execution_id: str) -> None:
        """Stop renewing the lease of an ended execution."""
        with self._lock:
            self._held -= {execution_id}

    def end(self) -> None:
        """Stop renewing; returns when the thread has ended."""
        self._ended.set()
        self._thread.join(timeout=5.0)

    def _keep(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            for duty in (self._tick, self._check):
                try:
                    duty()
                except Exception:
                    log.exception("leases of %s could not be renewed, retrying", self._owner)

    def _check(self) -> None:
        held = self._held
        if not held:
            return
        if time.monotonic() >= self._renew_at:
            self._renew()
        with self._database.read() as connection:
            kept = executions.leases(connection, self._owner)
        for execution_id in held & self._held:
            if execution_id not in kept:
                self._stop(execution_id, "lease lost")
            elif kept[execution_id]:
                self._stop(execution_id, "stopped")

    def _renew(self) -> None:
        with self._database.write() as connection:
            until = server_time(connection) + timedelta(seconds=self._seconds)
            executions.renew(connection, self._owner, until)
        self._renew_at = time.monotonic() + self._seconds / RENEWALS
