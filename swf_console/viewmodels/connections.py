"""The connections of a console: each is probed every two seconds, in its own thread."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..backend.core.errors import DatabaseUnusable, SwfError
from ..backend.core.settings import Settings
from ..backend.database import Database, namespaces
from ..backend.services.agents.programs import supervisor_of
from ..backend.services.health.connection import ConnectionStatus, Connectivity, no_answer_yet
from ..backend.supervisor.base import DaemonState, Supervisor

POLL_SECONDS = 2.0
# longer than four polls: a single slow answer is not an outage
STALE_SECONDS = 8.0


class ConnectionPoller:
    """Calls `probe` periodically; an SwfError is an answer too. A hanging probe shows in the status's age."""

    def __init__(self, name: str, probe: Callable[[], ConnectionStatus], every: float = POLL_SECONDS) -> None:
        self._probe, self._every = probe, every
        self._status = ConnectionStatus(name)
        self._wake, self._closed = threading.Event(), False
        self._thread = threading.Thread(target=self._poll, name=f"poll {name}", daemon=True)

    def start(self) -> None:
        """Start probing."""
        self._thread.start()

    def close(self) -> None:
        """Stop probing; does not wait for a probe under way."""
        self._closed = True
        self._wake.set()

    def poll_now(self) -> None:
        """Probe now."""
        self._wake.set()

    def status(self) -> ConnectionStatus:
        """The last answer; SLOW if there was none for STALE_SECONDS, which does not prove that it is down."""
        status, age = self._status, self._status.age()
        if status.state in (Connectivity.UP, Connectivity.IDLE) and age is not None and age > STALE_SECONDS:
            return status._replace(state=Connectivity.SLOW, error=no_answer_yet(age), next_at=None)
        return status

    def _poll(self) -> None:
        while not self._closed:
            self._status = self._answer()
            self._wake.wait(self._every)
            self._wake.clear()

    def _answer(self) -> ConnectionStatus:
        before = self._status
        try:
            answer = self._probe()
        except SwfError as error:
            state = Connectivity.UNUSABLE if isinstance(error, DatabaseUnusable) else Connectivity.DOWN
            return _failed(before, error.message, error.advice, self._every, state)
        except Exception as error:  # noqa: BLE001 (any failure means that the connection is down; the thread must survive it)
            return _failed(before, f"{type(error).__name__}: {error}", "Run swf-console doctor", self._every)
        now = datetime.now(UTC)
        same = before.state is answer.state and before.since is not None
        return answer._replace(name=before.name, proved_at=now, since=before.since if same else now)


def _failed(
    before: ConnectionStatus, error: str, advice: str, every: float, state: Connectivity = Connectivity.DOWN
) -> ConnectionStatus:
    again = datetime.now(UTC) + timedelta(seconds=every)
    return before._replace(state=state, error=error, advice=advice, next_at=again, since=None)


class NamespaceOwner:
    """The owner of the console's namespace; reading it is also the probe of the database."""

    def __init__(self, database: Callable[[], Database], namespace: Callable[[], str | None]) -> None:
        self._database, self._namespace = database, namespace
        self._known: dict[str, str | None] = {}

    def owner(self) -> str | None:
        """The owner as last read; None if there is none or the database has not answered yet."""
        return self._known.get(self._namespace() or "")

    def probe(self) -> ConnectionStatus:
        """Read the owner again; blocks, raises DatabaseUnusable and DatabaseUnreachable."""
        name = self._namespace() or ""
        database = self._database()
        with database.read() as connection:
            found = namespaces.get(connection, name)
        self._known[name] = found.owner if found else None
        return ConnectionStatus("db", Connectivity.UP, address=database.safe_url)


def supervisor_status(settings: Settings, supervisor: Supervisor | None = None) -> ConnectionStatus:
    """Whether this home's supervisord is running; starts nothing."""
    daemon = (supervisor or supervisor_of(settings)).probe()
    if daemon.state is DaemonState.RUNNING:
        return ConnectionStatus("superv", Connectivity.UP, address=f"pid {daemon.pid}")
    state = Connectivity.IDLE if daemon.state is DaemonState.ABSENT else Connectivity.DOWN
    return ConnectionStatus("superv", state, error=daemon.message, advice=daemon.advice)
