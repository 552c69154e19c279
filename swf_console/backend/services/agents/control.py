"""Starts, stops, signals and kills processes that belong to this user's supervisord."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event

from ...config.names import resolve_namespace
from ...config.testbed import find_testbed, load_testbed
from ...core.errors import Refused, UsageError
from ...core.settings import Settings
from ...database import Database, agents
from ...supervisor.base import Orphan, ProcessOutcome, ProcessStatus, Supervisor
from ...supervisor.explain import select
from ...supervisor.log_follower import LogFollower, last_lines
from .names import STAYS
from .programs import supervisor_of
from .queries import find_agent


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """The result for one process: `did` is the effect, `trouble` why it is not in the requested state."""

    name: str
    pid: int | None
    did: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class KilledAgent:
    """A killed agent; supervisord does not restart it automatically."""

    name: str
    process: ProcessReport


def report_of(outcome: ProcessOutcome) -> ProcessReport:
    """The result for one process, as text."""
    trouble = "" if outcome.ok else str(outcome.explanation or outcome.effect)
    return ProcessReport(outcome.status.name, outcome.status.pid, str(outcome.effect), trouble)


def kill_agent(
    settings: Settings, database: Database, name: str, *, supervisor: Supervisor | None = None
) -> KilledAgent:
    """Kill the process of an agent, by the agent's name or its program's: SIGTERM, then SIGKILL.

    Raises UsageError for an unknown name, SupervisorUnreachable, and Refused if the process does not belong
    to this user's supervisord: on another host, of another user, or started manually.
    """
    owner = supervisor or supervisor_of(settings)
    processes = owner.processes()
    chosen = next((one for one in processes if name in (one.name, one.process)), None)
    agent_name = None
    if chosen is None:
        chosen = _process_of_agent(settings, database, name, processes)
        agent_name = name
    if chosen.pid is None:
        raise Refused(f"{chosen.name} is not running (state: {chosen.state})")
    (outcome,) = owner.stop([chosen.name])
    _note_end(settings, database, chosen.pid, outcome)
    return KilledAgent(agent_name or chosen.name, report_of(outcome))


def _process_of_agent(
    settings: Settings, database: Database, name: str, processes: tuple[ProcessStatus, ...]
) -> ProcessStatus:
    agent = find_agent(settings, database, name).agent
    if agent.hostname != settings.host:
        raise Refused(
            f"{name} is on {agent.hostname or 'an unknown host'}, not on this host ({settings.host})"
        )
    found = next((one for one in processes if one.pid is not None and one.pid == agent.pid), None)
    if found is None or agent.operational_state == "EXITED":
        process = f"process {agent.pid}" if agent.pid else "no process"
        raise Refused(
            f"{name} has {process}, which does not belong to the supervisord of {settings.user}",
            "Only its own processes can be stopped; list them: swf-console agents",
        )
    return found


def _note_end(settings: Settings, database: Database, pid: int, outcome: ProcessOutcome) -> None:
    """Mark a killed agent as EXITED: it could not write its last heartbeat."""
    if not outcome.status.state.ended:
        return
    # killed, it cannot write its last heartbeat itself
    with database.write() as connection:
        for agent in agents.present(connection, 1_000):
            if agent.pid == pid and agent.hostname == settings.host:
                agents.mark_exited(connection, agent.instance_name, datetime.now(UTC))


def change_agents(
    settings: Settings,
    action: str,
    names: Sequence[str],
    signal_name: str | None = None,
    *,
    supervisor: Supervisor | None = None,
) -> tuple[ProcessReport, ...]:
    """`start` (supervisord too), `stop`, `restart` or `signal` these; one report for each process.

    Raises SupervisorUnreachable, UsageError for an unknown name, and NamespaceError before an agent or runner
    is started without a usable namespace.
    """
    if action in ("start", "restart") and set(names) - set(STAYS):
        path = find_testbed(settings.testbed_config, settings.workflows_dir)
        resolve_namespace(None, load_testbed(path) if path else None)
    supervisor = supervisor or supervisor_of(settings)
    outcomes: tuple[ProcessOutcome, ...]
    match action:
        case "start" | "restart":
            supervisor.ensure_running()
            outcomes = supervisor.start(names) if action == "start" else supervisor.restart(names)
        case "stop":
            outcomes = supervisor.stop(names)
        case _:
            outcomes = supervisor.signal(names, signal_name or "")
    return tuple(report_of(outcome) for outcome in outcomes)


def follow_log(settings: Settings, name: str, count: int, *, follow: bool) -> Iterator[str]:
    """The last `count` lines of a process's log, and with `follow` new ones, until the caller stops.

    Raises UsageError for the name of several processes, and for a process without a log.
    """
    chosen = select(supervisor_of(settings).processes(), [name])
    if len(chosen) != 1:
        raise UsageError(
            f"{name} has several processes", f"Name one: {', '.join(one.name for one in chosen)}"
        )
    path = chosen[0].log_file
    if path is not None and chosen[0].pid is not None and not path.exists():
        # supervisord keeps writing to the removed file, which nobody can open any more
        raise UsageError(
            f"{name} is running (PID {chosen[0].pid}), but its log {path} was removed",
            f"Restart it to get a new log: swf-console agents restart {name}",
        )
    if path is None or not path.exists():
        raise UsageError(f"{name} has no log yet", f"Start it: swf-console agents start {name}")
    if not follow:
        yield from last_lines(path, count)
        return
    follower = LogFollower(path, last_lines=count)
    for line in follower.follow(Event()):
        yield line.text


def find_orphans(
    settings: Settings, *, end: bool, supervisor: Supervisor | None = None
) -> tuple[Orphan, ...]:
    """Processes that outlived their supervisord; with `end` they are ended."""
    supervisor = supervisor or supervisor_of(settings)
    return supervisor.end_orphans() if end else supervisor.orphans()
