"""Proof of life of each way to a backend: asked again and again, each in a thread of its own."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ..backend.core.errors import DatabaseUnusable, SwfError
from ..backend.core.settings import Settings
from ..backend.database import Database, namespaces
from ..backend.services.health.connection import ConnectionStatus, Connectivity
from ..backend.supervisor.base import DaemonState, Supervisor

EVERY = 2.0
SILENT = 8.0


class Asking:
    """Calls `question` every two seconds; an SwfError is an answer too. One that hangs shows by its age."""

    def __init__(self, name: str, question: Callable[[], ConnectionStatus], every: float = EVERY) -> None:
        self._question, self._every = question, every
        self._state = ConnectionStatus(name)
        self._stirred, self._closed = threading.Event(), False
        self._thread = threading.Thread(target=self._ask, name=f"pipe {name}", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def close(self) -> None:
        """Ask no more; a question under way is not waited for."""
        self._closed = True
        self._stirred.set()

    def ask_now(self) -> None:
        """Do not wait for the next turn."""
        self._stirred.set()

    def state(self) -> ConnectionStatus:
        """The last answer; down where there was none for too long."""
        state, age = self._state, self._state.age()
        if state.state in (Connectivity.UP, Connectivity.IDLE) and age is not None and age > SILENT:
            return state._replace(state=Connectivity.DOWN, error=f"no answer for {age:.0f} s", next_at=None)
        return state

    def _ask(self) -> None:
        while not self._closed:
            self._state = self._answer()
            self._stirred.wait(self._every)
            self._stirred.clear()

    def _answer(self) -> ConnectionStatus:
        before = self._state
        try:
            answer = self._question()
        except SwfError as error:
            state = Connectivity.UNUSABLE if isinstance(error, DatabaseUnusable) else Connectivity.DOWN
            return _failed(before, error.message, error.advice, self._every, state)
        except Exception as error:  # noqa: BLE001 (whatever it is, the pipe is down and the thread lives on)
            return _failed(before, f"{type(error).__name__}: {error}", "swf-console doctor", self._every)
        now = datetime.now(UTC)
        same = before.state is answer.state and before.since is not None
        return answer._replace(name=before.name, proved_at=now, since=before.since if same else now)


def _failed(
    before: ConnectionStatus, error: str, advice: str, every: float, state: Connectivity = Connectivity.DOWN
) -> ConnectionStatus:
    again = datetime.now(UTC) + timedelta(seconds=every)
    return before._replace(state=state, error=error, advice=advice, next_at=again, since=None)


class Owners:
    """Who owns the namespace that is looked at; asking proves that the database lives."""

    def __init__(self, database: Callable[[], Database], namespace: Callable[[], str | None]) -> None:
        self._database, self._namespace = database, namespace
        self._known: dict[str, str | None] = {}

    def owner(self) -> str | None:
        """The owner as last read; None where there is none, or the database has not answered yet."""
        return self._known.get(self._namespace() or "")

    def ask(self) -> ConnectionStatus:
        """Read the owner anew; blocks, raises DatabaseUnusable and DatabaseUnreachable."""
        name = self._namespace() or ""
        database = self._database()
        with database.read() as connection:
            found = namespaces.get(connection, name)
        self._known[name] = found.owner if found else None
        return ConnectionStatus("db", Connectivity.UP, address=database.safe_url)


def ask_supervisor(settings: Settings, supervisor: Supervisor | None = None) -> ConnectionStatus:
    """Whether supervisord (that of this home) runs; starts nothing."""
    from ..backend.services.agents.programs import supervisor_of

    daemon = (supervisor or supervisor_of(settings)).look()
    if daemon.state is DaemonState.RUNNING:
        return ConnectionStatus("superv", Connectivity.UP, address=f"pid {daemon.pid}")
    state = Connectivity.IDLE if daemon.state is DaemonState.ABSENT else Connectivity.DOWN
    return ConnectionStatus("superv", state, error=daemon.message, advice=daemon.advice)
