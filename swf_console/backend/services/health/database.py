"""A probe of the database with running executions and agents: never raises."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ...core.errors import DatabaseUnreachable, DatabaseUnusable, SwfError
from ...core.files import disk_problem
from ...core.settings import Settings
from ...database import Database, agents, executions, metrics, open_database
from ...database.connection import urls
from ...database.connection.engine import server_time
from ...database.connection.revision import stored_revision
from ...database.metrics import DatabaseMetrics
from ...database.records.agents import Agent
from ...database.records.workflows import ExecutionFilter, ExecutionSummary
from .connection import ConnectionStatus, Connectivity, no_answer_yet
from .probe import PATIENCE, Probe

RUNNING_SHOWN = 50
AGENTS_SHOWN = 100
RUNNING_CAP = 1_001
SERVER_ADVICE = "Check the load of the server and the network to it"


@dataclass(frozen=True, slots=True)
class DatabaseHealth:
    """The state of the database, and what is recorded as running; `running_count` stops at a thousand.

    `lost` are the ids among `running` with an expired lease: no process runs them any more.
    """

    kind: str
    health: Connectivity
    place: str = ""
    version: str | None = None
    error: str | None = None
    advice: str = ""
    running: tuple[ExecutionSummary, ...] = ()
    running_count: int = 0
    lost: tuple[str, ...] = ()
    agents: tuple[Agent, ...] = ()

    @property
    def connection(self) -> ConnectionStatus:
        """The same as status of a connection; a SQLite file that the next program upgrades is only idle."""
        state = self.health
        if state is Connectivity.UNUSABLE and self.kind == "sqlite" and "db upgrade" in self.advice:
            state = Connectivity.IDLE
        return ConnectionStatus("db", state, self.place, error=self.error or "", advice=self.advice)


class DatabaseProbe:
    """A probe of the database that is under way."""

    def __init__(self, settings: Settings, patience: float = PATIENCE) -> None:
        self._settings, self._patience = settings, patience
        self._connected: DatabaseHealth | None = None
        self._probe = Probe(self._ask, lambda: _load_driver(settings))

    def result(self) -> DatabaseHealth:
        """The state of the database, SLOW without an answer in time.

        If it has answered, but not yet with all executions and agents, it is UP and `error` says so.
        """
        return self._probe.within(self._patience, self._no_answer)

    def _ask(self) -> DatabaseHealth:
        return probe_database(self._settings, self._note_connected)

    def _note_connected(self, health: DatabaseHealth) -> None:
        self._connected = health

    def _no_answer(self) -> DatabaseHealth:
        text = no_answer_yet(self._patience)
        if self._connected is not None:
            return replace(self._connected, error=f"executions and agents: {text}")
        kind, place = "unknown", ""
        with suppress(SwfError):
            url = urls.parse(self._settings.database_url)
            kind, place = url.get_backend_name(), urls.shown(url)
        advice = "Check the load of this host and its disk" if kind == "sqlite" else SERVER_ADVICE
        return DatabaseHealth(kind, Connectivity.SLOW, place, None, text, advice)


def _load_driver(settings: Settings) -> None:
    with suppress(SwfError, ImportError):
        urls.parse(settings.database_url).get_dialect().import_dbapi()


def probe_database(
    settings: Settings, connected: Callable[[DatabaseHealth], None] = lambda _: None
) -> DatabaseHealth:
    """Open the database without creating or upgrading it, and read what is running.

    `connected` is called as soon as the database has answered, before executions and agents are read.
    """
    kind, place = "unknown", ""
    try:
        url = urls.parse(settings.database_url)
        kind, place = url.get_backend_name(), urls.shown(url)
        file = urls.file_of(url)
        if urls.is_memory(url) or (file and not file.exists() and file.parent.is_dir()):
            return _with_disk_problem(DatabaseHealth(kind, Connectivity.IDLE, place), file)
        database = open_database(settings.database_url, upgrade=False, or_read_only=True)
        try:
            if database.read_only:
                return _read_only(database, kind)
            connected(DatabaseHealth(kind, Connectivity.UP, place))
            return _with_disk_problem(_read(database, kind), file)
        finally:
            database.close()
    except DatabaseUnusable as error:
        return DatabaseHealth(kind, Connectivity.UNUSABLE, place, None, error.message, error.advice)
    except DatabaseUnreachable as error:
        return DatabaseHealth(kind, Connectivity.DOWN, place, None, error.message, error.advice)
    except Exception as error:  # noqa: BLE001 (any error is the result of the probe)
        return DatabaseHealth(kind, Connectivity.DOWN, place, None, f"{type(error).__name__}: {error}")


def collect_metrics(settings: Settings) -> DatabaseMetrics | None:
    """The metrics of the database; None if it cannot be read."""
    try:
        url = urls.parse(settings.database_url)
        file = urls.file_of(url)
        if urls.is_memory(url) or (file and not file.exists()):
            return None
        database = open_database(settings.database_url, upgrade=False)
        try:
            with database.read() as connection:
                return metrics.collect(connection)
        finally:
            database.close()
    except Exception:  # noqa: BLE001 (the probe of the database reports it)
        return None


def _with_disk_problem(health: DatabaseHealth, file: Path | None) -> DatabaseHealth:
    """A file on a full disk can be read, but no execution can be recorded in it."""
    problem = disk_problem(file) if file else ""
    if not problem or problem == "is read-only" or health.health.is_away:
        return health
    advice = "Free space, or set SWF_DATABASE_URL to another file"
    return replace(health, health=Connectivity.UNUSABLE, error=f"its disk {problem}", advice=advice)


def _read_only(database: Database, kind: str) -> DatabaseHealth:
    """The content of a database that can be read, but in which no execution can be recorded."""
    error, advice = f"read-only: {database.read_only}", "Make it writable, or set SWF_DATABASE_URL to another"
    return replace(_read(database, kind), health=Connectivity.UNUSABLE, error=error, advice=advice)


def _read(database: Database, kind: str) -> DatabaseHealth:
    wanted = ExecutionFilter(status="running")
    with database.read() as connection:  # one transaction: executions and agents are of the same instant
        version = stored_revision(connection)
        running = executions.page(connection, wanted, limit=RUNNING_SHOWN)
        count = len(running.items)
        if running.next:
            count = executions.count(connection, wanted, RUNNING_CAP)
        heard = agents.present(connection, AGENTS_SHOWN)
        now = server_time(connection)
    return DatabaseHealth(
        kind,
        Connectivity.UP,
        database.safe_url,
        version,
        running=running.items,
        running_count=count,
        lost=tuple(
            one.execution_id for one in running.items if one.lease_expires_at and one.lease_expires_at < now
        ),
        agents=tuple(heard),
    )
