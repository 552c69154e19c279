"""A probe of the database with running executions and agents: never raises."""

from contextlib import suppress
from dataclasses import dataclass

from ...core.errors import DatabaseUnreachable, DatabaseUnusable, SwfError
from ...core.settings import Settings
from ...database import Database, agents, executions, metrics, open_database
from ...database.connection import urls
from ...database.connection.engine import server_time
from ...database.connection.revision import stored_revision
from ...database.metrics import DatabaseMetrics
from ...database.records.agents import Agent
from ...database.records.workflows import ExecutionFilter, ExecutionSummary
from .connection import ConnectionStatus, Connectivity

RUNNING_SHOWN = 50
AGENTS_SHOWN = 100
RUNNING_CAP = 1_001


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


def probe_database(settings: Settings) -> DatabaseHealth:
    """Open the database without creating or upgrading it, and read what is running."""
    kind, place = "unknown", ""
    try:
        url = urls.parse(settings.database_url)
        kind, place = url.get_backend_name(), urls.shown(url)
        file = urls.file_of(url)
        if urls.is_memory(url) or (file and not file.exists() and file.parent.is_dir()):
            return DatabaseHealth(kind, Connectivity.IDLE, place)
        database = open_database(settings.database_url, upgrade=False)
        try:
            return _read(database, kind)
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


def silent_database(settings: Settings, patience: float) -> DatabaseHealth:
    """What is known of a database that has not answered in time."""
    kind, place = "unknown", ""
    with suppress(SwfError):
        url = urls.parse(settings.database_url)
        kind, place = url.get_backend_name(), urls.shown(url)
    advice = "Check that the server runs, and the network to it"
    return DatabaseHealth(kind, Connectivity.DOWN, place, None, f"no answer within {patience:g} s", advice)


def _read(database: Database, kind: str) -> DatabaseHealth:
    wanted = ExecutionFilter(status="running")
    with database.read() as connection:
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
