"""The database and what it says is running: a look that never raises."""

import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from ...config.names import resolve_namespace
from ...config.testbed import find_testbed
from ...core.errors import DatabaseUnreachable, DatabaseUnusable, SwfError
from ...core.files import read_json
from ...core.settings import Settings
from ...database import Database, agents, executions, metrics, open_database
from ...database.connection import urls
from ...database.connection.engine import server_time
from ...database.connection.revision import stored_revision
from ...database.metrics import DatabaseMetrics
from ...database.records.agents import Agent
from ...database.records.workflows import ExecutionFilter, ExecutionSummary
from ...messaging.connection import Connection
from ...messaging.embedded import broker_file, find_running
from ...messaging.endpoint import running_broker
from ...messaging.link import Phase
from ..executions.request import testbed_of

T = TypeVar("T")


class Health(StrEnum):
    """How a backend is. `idle` is not there yet, and will be when something needs it."""

    UP = "up"
    IDLE = "idle"
    DOWN = "down"
    UNUSABLE = "unusable"


@dataclass(frozen=True, slots=True)
class BrokerLook:
    """The broker: `kind` is embedded or stomp, `pid` that of an embedded one."""

    kind: str
    health: Health
    place: str = ""
    server: str = ""
    pid: int | None = None
    error: str | None = None
    advice: str = ""


@dataclass(frozen=True, slots=True)
class NamespaceLook:
    """The namespace that testbed.toml names; `error` says why none can be used."""

    name: str | None
    file: str | None = None
    error: str | None = None
    advice: str = ""


@dataclass
class Asked(Generic[T]):
    """A question under way in a thread of its own, which never keeps the process from ending."""

    question: Callable[[], T]
    _answer: "queue.SimpleQueue[T]" = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        threading.Thread(target=self._ask, name="look", daemon=True).start()

    def within(self, seconds: float, otherwise: Callable[[], T]) -> T:
        """The answer, or `otherwise()` where it has not come within `seconds`."""
        try:
            return self._answer.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return otherwise()

    def _ask(self) -> None:
        self._answer.put(self.question())


def look_at_namespace(settings: Settings) -> NamespaceLook:
    """The namespace, read from its file."""
    file: str | None = None
    try:
        path = find_testbed(settings.testbed_config, settings.workflows_dir)
        file = str(path) if path else None
        return NamespaceLook(resolve_namespace(None, testbed_of(settings)), file)
    except SwfError as error:
        return NamespaceLook(None, file, error.message, error.advice)


def look_at_broker(settings: Settings, patience: float) -> BrokerLook:
    """Connect to the broker and leave again; an embedded one that does not run is not started."""
    kind, pid = ("stomp", None) if settings.broker else ("embedded", _embedded_pid(settings))
    if kind == "embedded" and find_running(settings.state_dir) is None:
        return BrokerLook(kind, Health.IDLE)
    connection = Connection(lambda: running_broker(settings), backoff=(60.0, 60.0))
    decided = threading.Event()
    connection.watch(lambda state: decided.set() if state.phase in (Phase.UP, Phase.DOWN) else None)
    connection.start()
    decided.wait(patience)
    state = connection.state()
    connection.stop(timeout=0.1)
    if state.phase is Phase.UP:
        return BrokerLook(kind, Health.UP, state.broker, state.server, pid)
    if state.last_error:
        return BrokerLook(kind, Health.DOWN, state.broker, "", pid, state.last_error)
    return BrokerLook(
        kind, Health.DOWN, state.broker, "", pid, f"no answer within {patience:.1g} s", "Is it running there?"
    )


def _embedded_pid(settings: Settings) -> int | None:
    try:
        return int(read_json(broker_file(settings.state_dir))["pid"])
    except (ValueError, KeyError, TypeError):
        return None


RUNNING_SHOWN = 50
AGENTS_SHOWN = 100
RUNNING_CAP = 1_001


@dataclass(frozen=True, slots=True)
class DatabaseLook:
    """The database and what it says is running; `running_count` stops at a thousand.

    `lost` are the ids among `running` whose lease has run out: nobody runs them any more.
    """

    kind: str
    health: Health
    place: str = ""
    version: str | None = None
    error: str | None = None
    advice: str = ""
    running: tuple[ExecutionSummary, ...] = ()
    running_count: int = 0
    lost: tuple[str, ...] = ()
    agents: tuple[Agent, ...] = ()


def look_at_database(settings: Settings) -> DatabaseLook:
    """Open the database as it is, without making or upgrading it, and read what runs."""
    kind, place = "unknown", ""
    try:
        url = urls.parse(settings.database_url)
        kind, place = url.get_backend_name(), urls.shown(url)
        file = urls.file_of(url)
        if urls.is_memory(url) or (file and not file.exists() and file.parent.is_dir()):
            return DatabaseLook(kind, Health.IDLE, place)
        database = open_database(settings.database_url, upgrade=False)
        try:
            return _read(database, kind)
        finally:
            database.close()
    except DatabaseUnusable as error:
        return DatabaseLook(kind, Health.UNUSABLE, place, None, error.message, error.advice)
    except DatabaseUnreachable as error:
        return DatabaseLook(kind, Health.DOWN, place, None, error.message, error.advice)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is what the database answered)
        return DatabaseLook(kind, Health.DOWN, place, None, f"{type(error).__name__}: {error}")


def collect_figures(settings: Settings) -> DatabaseMetrics | None:
    """The figures of the database as it is; None where there is none to read."""
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
    except Exception:  # noqa: BLE001 (what it is, the look at the database says)
        return None


def database_silent(settings: Settings, patience: float) -> DatabaseLook:
    """What is known of a database that has not answered in time."""
    kind, place = "unknown", ""
    with suppress(SwfError):
        url = urls.parse(settings.database_url)
        kind, place = url.get_backend_name(), urls.shown(url)
    advice = "Check that the server runs, and the network to it"
    return DatabaseLook(kind, Health.DOWN, place, None, f"no answer within {patience:g} s", advice)


def _read(database: Database, kind: str) -> DatabaseLook:
    wanted = ExecutionFilter(status="running")
    with database.read() as connection:
        version = stored_revision(connection)
        running = executions.page(connection, wanted, limit=RUNNING_SHOWN)
        count = len(running.items)
        if running.next:
            count = executions.count(connection, wanted, RUNNING_CAP)
        heard = agents.present(connection, AGENTS_SHOWN)
        now = server_time(connection)
    return DatabaseLook(
        kind,
        Health.UP,
        database.safe_url,
        version,
        running=running.items,
        running_count=count,
        lost=tuple(
            one.execution_id for one in running.items if one.lease_expires_at and one.lease_expires_at < now
        ),
        agents=tuple(heard),
    )
