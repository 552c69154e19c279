"""What runs, what is up, and one verdict, within a second whatever is down."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.settings import Settings
from ..agents.programs import STAYS
from ..agents.queries import merge, probe_supervisor
from ..agents.snapshot import SILENT, AgentView, SupervisorSnapshot
from .backends import Asked, BrokerLook, Health, NamespaceLook, look_at_broker, look_at_namespace

if TYPE_CHECKING:
    from ...database.metrics import DatabaseMetrics
    from .backends import DatabaseLook
from datetime import UTC, datetime, timedelta

from ...database import Database, executions, logs, runs
from ...database.records.agents import LogEntry, LogFilter
from ...database.records.workflows import ExecutionFilter, ExecutionSummary, RunState

PATIENCE = 0.45
LEAST = 0.1  # for an answer that is on its way
UNCONFIGURED = 2
UNREACHABLE = 3
STARTABLE = ("running", "absent", "stale")  # supervisord is there, or the next run starts it
IN_TROUBLE = ("BACKOFF", "FATAL")


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a home; `exit_code` is 0 when it is ready to run.

    `agents` are those of supervisord with what their heart-beats say, then those that live elsewhere.
    `figures` are those of the monitor's `/metrics`, where they were asked for and came in time; `errors`
    count what this look met, by backend.
    """

    ready: bool
    verdict: str
    exit_code: int
    broker: BrokerLook
    database: "DatabaseLook"
    supervisor: SupervisorSnapshot
    namespace: NamespaceLook
    agents: tuple[AgentView, ...]
    home: str
    seconds: float
    errors: dict[str, int]
    figures: "DatabaseMetrics | None" = None


def look_around(settings: Settings, patience: float = PATIENCE, *, counted: bool = False) -> Status:
    """Look at broker, supervisord and database at the same time, waiting no longer than `patience` seconds.

    The database is asked last, so that loading its libraries is no time lost. `counted` adds the figures,
    for as long again where there is a database.
    """
    began = time.monotonic()
    broker, supervisor, database, figures = _look(settings, patience, counted=counted)
    namespace = look_at_namespace(settings)
    agents = tuple(merge(supervisor, database.agents, settings.host))
    code, verdict = judge(broker, database, namespace, supervisor, agents)
    return Status(
        ready=code == 0,
        verdict=verdict,
        exit_code=code,
        broker=broker,
        database=database,
        supervisor=supervisor,
        namespace=namespace,
        agents=agents,
        home=str(settings.home),
        seconds=round(time.monotonic() - began, 3),
        errors={"broker": int(_ails(broker.health)), "database": int(_ails(database.health))},
        figures=figures,
    )


def _look(
    settings: Settings, patience: float, *, counted: bool
) -> tuple[BrokerLook, SupervisorSnapshot, "DatabaseLook", "DatabaseMetrics | None"]:
    deadline = time.monotonic() + patience

    def left(least: float) -> float:
        return max(least, deadline - time.monotonic())

    asked_broker = Asked(lambda: look_at_broker(settings, patience))
    asked_supervisor = Asked(lambda: probe_supervisor(settings))
    from .backends import collect_figures, database_silent, look_at_database

    asked_database = Asked(lambda: look_at_database(settings))
    asked_figures = Asked(lambda: collect_figures(settings)) if counted else None
    database = asked_database.within(left(patience / 2), lambda: database_silent(settings, patience))
    broker = asked_broker.within(left(LEAST), lambda: _broker_silent(settings, patience))
    supervisor = asked_supervisor.within(left(LEAST), lambda: _supervisor_silent(patience))
    more = left(0.0) + patience if database.health is Health.UP else 0.0
    figures = asked_figures.within(more, lambda: None) if asked_figures else None
    return broker, supervisor, database, figures


def judge(
    broker: BrokerLook,
    database: "DatabaseLook",
    namespace: NamespaceLook,
    supervisor: SupervisorSnapshot,
    agents: Sequence[AgentView],
) -> tuple[int, str]:
    """The exit code and the one line: ready, or what to do first."""
    trouble = _of_backends(broker, database)
    if trouble:
        return UNREACHABLE, trouble
    if namespace.name is None:
        return UNCONFIGURED, _trouble("there is no namespace", namespace.error, namespace.advice)
    trouble = _of_agents(supervisor, agents)
    return (UNREACHABLE, trouble) if trouble else (0, "ready to run")


def _of_backends(broker: BrokerLook, database: "DatabaseLook") -> str:
    if broker.health is Health.DOWN:
        return _trouble("the broker cannot be reached", broker.error, broker.advice)
    if database.health is Health.DOWN:
        return _trouble("the database cannot be reached", database.error, database.advice)
    if database.health is Health.UNUSABLE and not _upgrades_itself(database):
        return _trouble("the database cannot be used", database.error, database.advice)
    return ""


def _of_agents(supervisor: SupervisorSnapshot, agents: Sequence[AgentView]) -> str:
    if supervisor.state not in STARTABLE:
        return _trouble("no agent can be started", supervisor.message, supervisor.advice)
    unwell = [one for one in agents if is_unwell(one)]
    if not unwell:
        return ""
    first, *more = unwell
    others = f" (and {len(more)} more)" if more else ""
    said = f"{first.program}{others}: {first.note}" if first.note else f"{first.program}{others}"
    return _trouble(said, None, f"Then: swf-console agents restart {first.program}")


def is_unwell(agent: AgentView) -> bool:
    """Whether supervisord has trouble with it, or hears nothing of what it says is running."""
    if agent.program is None or agent.program in STAYS:
        return False
    silent = (agent.heartbeat_seconds or 0.0) > SILENT.total_seconds()
    return agent.state in IN_TROUBLE or (agent.state == "RUNNING" and silent)


def _ails(health: Health) -> bool:
    return health in (Health.DOWN, Health.UNUSABLE)


def _upgrades_itself(database: "DatabaseLook") -> bool:
    """An older SQLite file is brought up by whatever opens it next."""
    return database.kind == "sqlite" and "db upgrade" in database.advice


def _trouble(what: str, why: str | None, advice: str) -> str:
    head = f"not ready: {what}: {why}" if why else f"not ready: {what}"
    return f"{head.rstrip('.')}. {advice}" if advice else head


def _supervisor_silent(patience: float) -> SupervisorSnapshot:
    said = f"supervisord did not answer within {patience:g} s"
    return SupervisorSnapshot("frozen", said, "See whether it hangs: swf-console agents")


def _broker_silent(settings: Settings, patience: float) -> BrokerLook:
    kind = "stomp" if settings.broker else "embedded"
    place = f"{settings.broker.host}:{settings.broker.port}" if settings.broker else ""
    return BrokerLook(
        kind, Health.DOWN, place, error=f"no answer within {patience:g} s", advice="Is it running?"
    )


ERROR_LEVEL = 40
ERRORS_SINCE = timedelta(hours=1)
SHOWN = 10


@dataclass(frozen=True, slots=True)
class SystemState:
    """`status` has the verdict, the agents and supervisord; the rest are the newest ten of each."""

    user: str
    status: Status
    latest_executions: tuple[ExecutionSummary, ...]
    run_states: tuple[RunState, ...]
    errors_of_the_last_hour: tuple[LogEntry, ...]


def system_state(settings: Settings, database: Database) -> SystemState:
    """Look at everything. Raises DatabaseUnreachable and DatabaseUnusable."""
    status = look_around(settings, counted=True)
    recent = LogFilter(level=ERROR_LEVEL, since=datetime.now(UTC) - ERRORS_SINCE)
    with database.read() as connection:
        latest = executions.page(connection, ExecutionFilter(), limit=SHOWN).items
        numbers = [run.run_number for run in runs.page(connection, limit=SHOWN).items]
        found = [runs.run_state(connection, number) for number in numbers]
        errors = logs.page(connection, recent, limit=SHOWN).items
    return SystemState(
        user=settings.user,
        status=status,
        latest_executions=latest,
        run_states=tuple(state for state in found if state is not None),
        errors_of_the_last_hour=errors,
    )
