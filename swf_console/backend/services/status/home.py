"""What runs, what is up, and the verdict, within a second whatever is down."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...core.settings import Settings
from ..agents.snapshot import AgentsSnapshot, AgentStatus, AgentView, SupervisorSnapshot
from ..agents.status import merge, probe_supervisor
from ..alarms.verdict import Verdict, VerdictInput, verdict
from ..broker.problems import BrokerProblem
from ..health.broker import BrokerHealth, probe_broker, probe_problems, silent_broker
from ..health.connection import Connectivity
from ..health.database import collect_metrics, probe_database, silent_database
from ..health.namespace import NamespaceHealth, probe_namespace
from ..health.probe import Probe

if TYPE_CHECKING:
    from ...database.metrics import DatabaseMetrics
    from ..health.database import DatabaseHealth

PATIENCE = 0.45
LEAST = 0.1  # for an answer that is on its way


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
    """Probe broker, supervisord and database at the same time, waiting no longer than `patience` seconds.

    The database is asked last, so that loading its libraries is no time lost. `counted` adds the figures,
    for as long again where there is a database.
    """
    began = time.monotonic()
    troubles = Probe(lambda: probe_problems(settings))
    broker, supervisor, database, figures = _probe(settings, patience, counted=counted)
    namespace = probe_namespace(settings)
    agents = tuple(merge(supervisor, database.agents, settings.host))
    found = verdict_of(broker, database, namespace, supervisor, agents)
    left = began + patience - time.monotonic() if broker.health is Connectivity.UP else 0.0
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
    deadline = time.monotonic() + patience

    def left(least: float) -> float:
        return max(least, deadline - time.monotonic())

    broker = Probe(lambda: probe_broker(settings, patience))
    supervisor = Probe(lambda: probe_supervisor(settings))
    database = Probe(lambda: probe_database(settings))
    figures = Probe(lambda: collect_metrics(settings)) if counted else None
    found = database.within(left(patience / 2), lambda: silent_database(settings, patience))
    parts = (
        broker.within(left(LEAST), lambda: silent_broker(settings, patience)),
        supervisor.within(left(LEAST), lambda: _supervisor_silent(patience)),
        found,
    )
    more = left(0.0) + patience if found.health is Connectivity.UP else 0.0
    return *parts, figures.within(more, lambda: None) if figures else None


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


def _supervisor_silent(patience: float) -> SupervisorSnapshot:
    said = f"supervisord did not answer within {patience:g} s"
    return SupervisorSnapshot("frozen", said, "See whether it hangs: swf-console agents")
