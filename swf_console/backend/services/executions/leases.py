"""The leases of a process that executes: renewed in time, proven before each send, read for stop requests."""

import logging
import threading
import time
from collections.abc import Callable, Collection
from datetime import timedelta

from ...core.errors import SwfError
from ...database import Database, executions
from ...database.connection.engine import server_time
from ...messaging.outbox import ExecutionsLost

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
RENEWALS = 5  # within the time of a lease
LEASE_LOST = "lease lost: another process closed this execution"
# Linux: counts the time that the machine was suspended; other systems have only monotonic()
CLOCK = getattr(time, "CLOCK_BOOTTIME", None)


def lease_clock() -> float:
    """Seconds of a clock that continues while this process is stopped and the machine is suspended."""
    return time.monotonic() if CLOCK is None else time.clock_gettime(CLOCK)


class LeaseRenewer:
    """A thread that calls `tick`, reads stop requests, and renews the leases of `owner` by `seconds`.

    `stop` is called with the id of an execution whose stop was requested in the database, `lost` with that
    of an execution that another process has closed. It is also the publisher's SendFence: by the local clock
    a lease ends not later than in the database, because it is counted from before its renewal.
    """

    def __init__(
        self,
        database: Database,
        owner: str,
        seconds: float,
        *,
        stop: Callable[[str], object],
        lost: Callable[[str], object],
        tick: Callable[[], None],
    ) -> None:
        self._database, self._owner, self._seconds = database, owner, seconds
        self._stop, self._lost, self._tick = stop, lost, tick
        # guards _until; never held while the database or a callback is used
        self._lock = threading.Lock()
        self._until: dict[str, float] = {}
        # one renewal at a time: the publisher's thread renews too
        self._renewing = threading.Lock()
        self._renew_at = 0.0
        self._reported = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="leases", daemon=True)

    def start(self) -> None:
        """Start renewing."""
        self._thread.start()

    def hold(self, execution_id: str, until: float) -> None:
        """Renew the lease of this execution from now on; it is valid `until` by lease_clock()."""
        with self._lock:
            self._until[execution_id] = until

    def drop(self, execution_id: str) -> None:
        """Stop renewing the lease of an ended execution."""
        with self._lock:
            self._until.pop(execution_id, None)

    def end(self) -> None:
        """Stop renewing; returns when the thread has ended."""
        self._ended.set()
        self._thread.join(timeout=5.0)

    def may_send(self, executions: Collection[str | None]) -> bool:
        """Whether the leases of all of them are valid by the local clock; others than ours need none."""
        now = lease_clock()
        until = self._until
        return all(now < until.get(one or "", now + 1.0) for one in executions)

    def prove(self) -> None:
        """Renew the leases. Raises ExecutionsLost for those of executions that another process has closed."""
        lost = self._renew()
        if lost:
            raise ExecutionsLost(lost)

    def _keep(self) -> None:
        while not self._ended.wait(TICK_SECONDS):
            failed = ""
            for duty in (self._tick, self._check):
                try:
                    duty()
                except SwfError as error:
                    failed = str(error)
                except Exception:
                    log.exception("leases of %s could not be renewed, retrying", self._owner)
            self._report(failed)

    def _report(self, error: str) -> None:
        """Log an outage once, not every second while it lasts."""
        if error and error != self._reported:
            log.warning("leases of %s could not be renewed, retrying: %s", self._owner, error)
        self._reported = error

    def _check(self) -> None:
        with self._lock:
            held = set(self._until)
        if not held:
            return
        if time.monotonic() >= self._renew_at or not self.may_send(held):
            self._renew()
        with self._database.read() as connection:
            running = executions.leases(connection, self._owner)
        for execution_id in held:
            if running.get(execution_id):
                self._stop(execution_id)

    def _renew(self) -> set[str]:
        """Renew in the database; returns the executions that are not ours any more, after `lost`."""
        with self._renewing:
            with self._lock:
                held = set(self._until)
            started = lease_clock()
            with self._database.write() as connection:
                until = server_time(connection) + timedelta(seconds=self._seconds)
                executions.renew(connection, self._owner, until)
                running = set(executions.leases(connection, self._owner))
            self._renew_at = time.monotonic() + self._seconds / RENEWALS
            with self._lock:
                # one that ended meanwhile was dropped: it is not lost
                lost = {one for one in held if one in self._until} - running
                for execution_id in held & running & set(self._until):
                    self._until[execution_id] = started + self._seconds
                for execution_id in lost:
                    del self._until[execution_id]
        for execution_id in lost:
            log.error("%s: %s", execution_id, LEASE_LOST)
            self._lost(execution_id)
        return lost
