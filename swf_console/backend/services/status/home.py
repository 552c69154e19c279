"""The status of a home: backends, agents, executions and the verdict, within a few seconds."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...core.format import plural
from ...core.settings import Settings
from ..agents.names import BROKER
from ..agents.snapshot import AgentsSnapshot, AgentStatus, AgentView, SupervisorSnapshot
from ..agents.status import merge, probe_supervisor
from ..alarms.verdict import SLOW_SUPERVISOR, Verdict, VerdictInput, verdict
from ..broker.problems import BrokerProblem
from ..health.broker import BrokerHealth, BrokerProbe, probe_problems
from ..health.connection import Connectivity, no_answer_yet
from ..health.database import DatabaseProbe, collect_metrics
from ..health.namespace import NamespaceHealth, probe_namespace
from ..health.probe import PATIENCE, Probe

if TYPE_CHECKING:
    from ...database.metrics import DatabaseMetrics
    from ..health.database import DatabaseHealth


@dataclass(frozen=True, slots=True)
class Status:
    """The status of a home; `exit_code` is 0 if it is ready to run.

    `agents` are the programs of supervisord with their heartbeats, then agents on other hosts. `figures` are
    the metrics of the monitor's `/metrics`, if requested and in time; `errors` counts failures by backend.
    """

    ready: bool
    verdict: str
    exit_code: int
    broker: BrokerHealth
    database: "DatabaseHealth"
    supervisor: SupervisorSnapshot
    namespace: NamespaceHealth
    agents: tuple[AgentView, ...]
    home: str
    seconds: float
    errors: dict[str, int]
    figures: "DatabaseMetrics | None" = None
    broker_problems: tuple[BrokerProblem, ...] = ()


def current_status(settings: Settings, patience: float = PATIENCE, *, counted: bool = False) -> Status:
    """Probe broker, supervisord and database concurrently, each for `patience` s; `counted` adds metrics.

    The database is asked last, because loading its libraries takes time.
    """
    began = time.monotonic()
    troubles = Probe(lambda: probe_problems(settings))
    broker, supervisor, database, figures = _probe(settings, patience, counted=counted)
    database = with_lost_file(database, supervisor)
    namespace = probe_namespace(settings)
    agents = tuple(merge(supervisor, database.agents, settings.host))
    found = verdict_of(broker, database, namespace, supervisor, agents)
    left = patience if broker.health is Connectivity.UP else 0.0
    broker_problems = troubles.within(left, lambda: None)
    return Status(
        ready=found.exit_code == 0,
        verdict=found.readiness,
        exit_code=found.exit_code,
        broker=broker,
        database=database,
        supervisor=supervisor,
        namespace=namespace,
        agents=agents,
        home=str(settings.home),
        seconds=round(time.monotonic() - began, 3),
        errors={"broker": int(broker.health.is_away), "database": int(database.health.is_away)},
        figures=figures,
        broker_problems=tuple(broker_problems or ()),
    )


def _probe(
    settings: Settings, patience: float, *, counted: bool
) -> tuple[BrokerHealth, SupervisorSnapshot, "DatabaseHealth", "DatabaseMetrics | None"]:
    # all probes start before the first result is awaited: together they take as long as the slowest
    broker = BrokerProbe(settings, patience)
    supervisor = Probe(lambda: probe_supervisor(settings))
    database = DatabaseProbe(settings, patience)
    figures = Probe(lambda: collect_metrics(settings)) if counted else None
    return (
        broker.result(),
        supervisor.within(patience, lambda: slow_supervisor(patience)),
        database.result(),
        figures.within(patience, lambda: None) if figures else None,
    )


def verdict_of(
    broker: BrokerHealth,
    database: "DatabaseHealth",
    namespace: NamespaceHealth,
    supervisor: SupervisorSnapshot,
    agents: Sequence[AgentView],
) -> Verdict:
    """The verdict on these states."""
    snapshot = AgentsSnapshot(tuple(map(AgentStatus, agents)), supervisor.state, supervisor.trouble)
    return verdict(
        VerdictInput(snapshot, broker.connection, database.connection, namespace.name, namespace.trouble)
    )


def with_lost_file(database: "DatabaseHealth", supervisor: SupervisorSnapshot) -> "DatabaseHealth":
    """A missing file is normal before the first run, but not while programs that write to it are running."""
    running = [one.name for one in supervisor.processes if one.pid and one.name != BROKER]
    if database.health is not Connectivity.IDLE or not database.place or not running:
        return database
    error = f"the file is missing while {plural(len(running), 'program')} of this home use it"
    advice = "Move it back, or stop them: swf-console down"
    return replace(database, health=Connectivity.UNUSABLE, error=error, advice=advice)


def slow_supervisor(patience: float) -> SupervisorSnapshot:
    """The state of a supervisord that has not answered in time."""
    return SupervisorSnapshot(SLOW_SUPERVISOR, no_answer_yet(patience), "Check it: swf-console agents")
