"""The engine of a process that executes workflows: its database, its broker, its executions."""

import threading
from collections.abc import Callable
from types import TracebackType

from ...core.settings import Settings
from ...database import Database, open_database
from ...messaging.connection import StompConnection
from ...messaging.endpoint import BrokerEndpoint, choose_broker
from ...messaging.publisher import Publisher
from ...simulation.workflow_thread import abandoned_threads
from .execution import RunningExecution, StartCommand
from .leases import LeaseRenewer, lease_clock
from .outbox import DatabaseOutbox
from .ports import EngineContext
from .registration import Registration
from .request import Prepared

CONNECT_SECONDS = 15.0
CLOSE_SECONDS = 5.0
# Messages that come faster than two a second share a transaction: at 50 Hz one each is 6 % of a core.
GATHER_SECONDS = 0.5


class Engine:
    """Opens database and broker, starts executions, and closes everything.

    Raises DatabaseUnusable, DatabaseUnreachable or BrokerUnreachable; then nothing was written or sent.
    """

    def __init__(
        self, settings: Settings, owner: str, *, on_end: Callable[[str], None] | None = None
    ) -> None:
        self._settings, self._on_end = settings, on_end
        self._live: dict[str, RunningExecution] = {}
        self._lock = threading.Lock()
        self.broker: BrokerEndpoint = choose_broker(settings)
        try:
            self.database: Database = open_database(settings.database_url)
            self.connection = StompConnection(self.broker.address)
            self.connection.start()
            self.connection.wait_up(CONNECT_SECONDS)
        except BaseException:
            self._close_backends()
            raise
        outbox = DatabaseOutbox(self.database, owner, self._lose)
        self._leases = LeaseRenewer(
            self.database,
            owner,
            settings.lease_seconds,
            stop=self.stop,
            lost=self._lose,
            tick=self._watch_outage,
        )
        self.publisher = Publisher(
            self.connection,
            outbox,
            gather_seconds=GATHER_SECONDS,
            delivery_seconds=2 * GATHER_SECONDS,
            fence=self._leases,
        )
        self.registration = Registration(self.database, settings)
        self._context = EngineContext(
            settings, owner, self.broker.kind, self.database, self.publisher, outbox, self.registration
        )
        self._leases.start()

    def start(self, prepared: Prepared, command: StartCommand | None = None) -> RunningExecution:
        """Write the execution's records and run it in its own thread.

        Raises AlreadyStarted if the same `command` was executed before.
        """
        valid_until = lease_clock() + self._settings.lease_seconds
        live = RunningExecution(self._context, prepared, command)
        with self._lock:
            self._live[live.execution_id] = live
        self._leases.hold(live.execution_id, valid_until)
        live.begin(self._ended)
        return live

    def stop(self, execution_id: str, reason: str = "stopped") -> bool:
        """Request the end of an execution; False if this process does not run it."""
        live = self._live.get(execution_id)
        if live is None:
            return False
        live.stop.request(reason)
        return True

    def live(self) -> list[RunningExecution]:
        """The running executions of this process, oldest first."""
        with self._lock:
            return list(self._live.values())

    def close(self) -> None:
        """Stop the running executions, wait for their end, and close broker and database."""
        for live in self.live():
            live.stop.request("shutdown")
        for live in self.live():
            live.done.wait()
        self._leases.end()
        waited_long_enough = self.publisher.oldest_unconfirmed_age() >= self._settings.outage_limit
        # what an abandoned execution could not deliver in its 3 s is not waited for again
        gives_up = waited_long_enough or bool(abandoned_threads())
        self.publisher.close(0.0 if gives_up else CLOSE_SECONDS)
        self.registration.close()
        self._close_backends()

    def _ended(self, live: RunningExecution) -> None:
        self._leases.drop(live.execution_id)
        with self._lock:
            self._live.pop(live.execution_id, None)
        try:
            self.registration.idle(live.prepared.code.name)
        finally:
            if self._on_end:
                self._on_end(live.execution_id)

    def _lose(self, execution_id: str) -> None:
        """Another process has closed this execution: record and send nothing more of it."""
        live = self._live.get(execution_id)
        if live is not None:
            live.lose()

    def _watch_outage(self) -> None:
        """Fail the running executions if an outage exceeds the limit."""
        age = self.publisher.oldest_unconfirmed_age()
        if age < self._settings.outage_limit:
            return
        trouble = self.publisher.state().outbox_error or self.connection.state().last_error or "no receipt"
        for live in self.live():
            live.stop.request("outage", error=f"messages could not be delivered for {age:.0f} s: {trouble}")

    def _close_backends(self) -> None:
        if hasattr(self, "connection"):
            self.connection.stop()
        self.broker.release()
        if hasattr(self, "database"):
            self.database.close()

    def __enter__(self) -> "Engine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
