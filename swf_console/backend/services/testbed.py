"""`testbed run`: start what a workflow needs, request its execution, and return before it ends."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from ..config.composed import Composition
from ..config.names import resolve_namespace
from ..core.errors import Refused, SupervisorUnreachable
from ..core.redaction import redact
from ..core.settings import Settings
from ..database import agents, open_database
from ..database.records.agents import Agent
from ..http_server.address import read_address
from ..messaging.embedded import find_running
from ..supervisor.base import EVERYTHING, DaemonState, Effect, Orphan, Supervisor
from .agents.control import ProcessReport, report_of
from .agents.names import BROKER, MONITOR, RUNNER, STAYS
from .agents.programs import check_scripts, need_monitor, needed_programs, supervisor_of
from .agents.snapshot import SupervisorSnapshot
from .agents.status import probe_supervisor
from .database import opened
from .executions.registration import IDLE_TYPE
from .executions.request import RunRequest, compose_request, prepare, testbed_of
from .ownership import check_writable
from .runner.client import ANSWER_SECONDS, submit

# supervisord reports the process as running, but on a busy machine it may import modules for a minute
LONGEST_START_SECONDS = 300.0
AGENTS_READ = 200
BROKER_SECONDS = 5.0
POLL_SECONDS = 0.02
MONITOR_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class TestbedRun:
    """The result of `testbed run`."""

    execution_id: str
    namespace: str
    configuration: str
    agents: tuple[ProcessReport, ...]
    warnings: tuple[str, ...] = ()


class RunnerStart:
    """Whether a runner's process is still starting: alive, and not registered as an agent yet."""

    def __init__(self, settings: Settings, pid: int) -> None:
        self._settings, self._pid = settings, pid
        self._give_up_at = time.monotonic() + LONGEST_START_SECONDS
        self._answer_by: float | None = 0.0 if self._is_registered() else None

    def is_starting(self) -> bool:
        """True until it has ended, has not registered for 300 s, or has been registered for 10 s."""
        now = time.monotonic()
        if self._answer_by is None and self._is_registered():
            self._answer_by = now + ANSWER_SECONDS
        if self._answer_by is not None:
            return now < self._answer_by
        return now < self._give_up_at and self._is_alive()

    def _is_registered(self) -> bool:
        return any(agent.pid == self._pid for agent in _local_agents(self._settings))

    def _is_alive(self) -> bool:
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True


@dataclass(frozen=True, slots=True)
class TestbedServices:
    """The addresses of what a home uses, and what was started of it."""

    broker: str
    database: str
    monitor: str
    processes: tuple[ProcessReport, ...]


def run_testbed(
    settings: Settings, request: RunRequest, *, with_agents: bool = True, request_id: str | None = None
) -> TestbedRun:
    """Start what is missing, request an execution from the runner, and return.

    Without agents nothing is started: a runner must be running. While a runner that supervisord has started
    is still starting, its answer is awaited. A `request_id` that was sent before is not executed again.

    Raises a UsageError before anything is started, SupervisorUnreachable if a needed process did not start,
    Refused if the runner serves another namespace, TimedOut if it did not answer.
    """
    prepared = prepare(settings, request)
    with opened(settings) as database:
        check_writable(database, settings.user)
    lines: tuple[ProcessReport, ...] = ()
    conflicts: dict[str, str] = {}
    waiting: Callable[[], bool] | None = None
    if with_agents:
        lines, conflicts = start_agents(settings, prepared.composition, prepared.namespace)
        if RUNNER in conflicts:
            raise Refused(conflicts[RUNNER], f"Then: testbed run {request.configuration or ''}".rstrip())
        pid = next((line.pid for line in lines if line.name == RUNNER), None)
        waiting = RunnerStart(settings, pid).is_starting if pid else None
    return TestbedRun(
        execution_id=submit(settings, prepared, request_id=request_id, waiting=waiting),
        namespace=prepared.namespace,
        configuration=prepared.composition.configuration,
        agents=lines,
        warnings=(*prepared.composition.warnings, *conflicts.values()),
    )


def start_agents(
    settings: Settings,
    composition: Composition,
    namespace: str,
    *,
    runner: bool = True,
    supervisor: Supervisor | None = None,
) -> tuple[tuple[ProcessReport, ...], dict[str, str]]:
    """Start supervisord and what is missing of runner, embedded broker and enabled agents.

    Returns a report for each process, and an advice for each that runs for another namespace.
    """
    programs = needed_programs(settings, composition)
    check_scripts(settings, composition)
    supervisor = supervisor or supervisor_of(settings)
    supervisor.ensure_running()
    declared = [program for program in programs if program.script or program.count]
    if declared:
        supervisor.declare(declared)
    lines: list[ProcessReport] = []
    if settings.broker is None and find_running(settings.state_dir) is None:
        lines += _start_broker(settings, supervisor)
    if settings.monitor_url is None and need_monitor(settings, composition):
        lines += _start_monitor(settings, supervisor)
    orphan = _executing_orphan(settings, supervisor) if runner else None
    if orphan is not None:
        lines.append(
            ProcessReport(RUNNER, orphan.pid, str(Effect.ALREADY_RUNNING), "not under supervisord, executing")
        )
    names = [*([RUNNER] if runner and not orphan else []), *(program.name for program in programs)]
    if names:
        lines += _start(supervisor, names)
    return tuple(lines), _other_namespaces(settings, lines, namespace)


def start_services(settings: Settings) -> TestbedServices:
    """Start the services of this home that are not configured elsewhere: embedded broker and monitor.

    Raises SupervisorUnreachable if one does not start.
    """
    supervisor = supervisor_of(settings)
    supervisor.ensure_running()
    lines: list[ProcessReport] = []
    if settings.broker is None:
        lines += _start_broker(settings, supervisor) if find_running(settings.state_dir) is None else []
    if settings.monitor_url is None:
        lines += _start_monitor(settings, supervisor)
    running, address = find_running(settings.state_dir), read_address(settings.state_dir)
    broker, kind = (settings.broker, "ACTIVEMQ_HOST") if settings.broker else (running, "embedded")
    monitor = settings.monitor_url or (address.url if address else "-")
    return TestbedServices(
        broker=f"{broker.host}:{broker.port} ({kind})" if broker else "-",
        database=redact(settings.database_url),
        monitor=f"{monitor} ({'SWF_MONITOR_URL' if settings.monitor_url else 'of this home'})",
        processes=tuple(lines),
    )


def stop_agents(settings: Settings, names: Sequence[str] = (EVERYTHING,)) -> tuple[ProcessReport, ...]:
    """Stop these processes, or all, clients before services; supervisord itself keeps running.

    Returns nothing if supervisord is not running. Raises SupervisorUnreachable if its processes continue.
    """
    supervisor = supervisor_of(settings)
    try:
        return tuple(report_of(outcome) for outcome in supervisor.stop(names))
    except SupervisorUnreachable:
        if supervisor.probe().state not in (DaemonState.ABSENT, DaemonState.STALE):
            raise
    _refuse_orphans([one for one in supervisor.orphans() if any(_means(name, one) for name in names)])
    return ()


def _means(name: str, orphan: Orphan) -> bool:
    """Whether a process, a group or `all` means this orphan, whose group only its name tells."""
    process = orphan.process
    return (
        name in (EVERYTHING, process)
        or name.endswith(f":{process}")
        or process.startswith(f"{name.removesuffix(':*')}-")
    )


def _refuse_orphans(left: Sequence[Orphan]) -> None:
    """Raise SupervisorUnreachable if there are any: without supervisord they can only be ended directly."""
    if left:
        names = ", ".join(f"{one.process} (PID {one.pid})" for one in left)
        raise SupervisorUnreachable(
            f"supervisord is not running, but {len(left)} of its processes continue: {names}",
            "Stop them: swf-console agents orphans --end",
        )


def _start_broker(settings: Settings, supervisor: Supervisor) -> list[ProcessReport]:
    """Start the embedded broker and wait until it listens: an earlier client would start another."""
    started, pause = _start(supervisor, [BROKER]), Event()
    deadline = time.monotonic() + BROKER_SECONDS
    while find_running(settings.state_dir) is None and time.monotonic() < deadline:
        if not any(one.pid for one in supervisor.processes() if one.name == BROKER):
            break
        pause.wait(POLL_SECONDS)
    return started if find_running(settings.state_dir) else _start(supervisor, [BROKER], settle=True)


def _start_monitor(settings: Settings, supervisor: Supervisor) -> list[ProcessReport]:
    """The monitor, awaited until it listens: agents of other packages read its address when they start."""
    if read_address(settings.state_dir) is not None:
        return []
    started, pause = _start(supervisor, [MONITOR]), Event()
    deadline = time.monotonic() + MONITOR_SECONDS
    while read_address(settings.state_dir) is None and time.monotonic() < deadline:
        if not any(one.pid for one in supervisor.processes() if one.name == MONITOR):
            return _start(supervisor, [MONITOR], settle=True)
        pause.wait(POLL_SECONDS)
    return started


def _start(supervisor: Supervisor, names: Sequence[str], *, settle: bool = False) -> list[ProcessReport]:
    outcomes = supervisor.start(list(dict.fromkeys(names)), settle=settle)
    failed = [outcome for outcome in outcomes if not outcome.ok]
    if failed:
        reasons = "; ".join(f"{one.status.name}: {one.explanation}" for one in failed)
        raise SupervisorUnreachable(f"some processes did not start: {reasons}", "See: swf-console agents")
    return [report_of(outcome) for outcome in outcomes]


def _other_namespaces(settings: Settings, lines: Sequence[ProcessReport], namespace: str) -> dict[str, str]:
    """Processes that already run for another namespace: they will not react to this run."""
    ran = {line.pid: line.name for line in lines if line.did == Effect.ALREADY_RUNNING and line.pid}
    return {
        ran[agent.pid]: f"{ran[agent.pid]} (PID {agent.pid}) runs for namespace {agent.namespace}, "
        f"not {namespace}: swf-console agents restart {ran[agent.pid]}"
        for agent in _local_agents(settings)
        if agent.pid in ran and agent.namespace not in (None, namespace)
    }


def _executing_orphan(settings: Settings, supervisor: Supervisor) -> Orphan | None:
    """A runner that is executing after its supervisord ended: stopping it would end its executions."""
    orphans = {one.pid: one for one in supervisor.orphans() if one.process == RUNNER}
    if not orphans:
        return None
    executing = [one for one in _local_agents(settings) if one.pid in orphans and one.agent_type != IDLE_TYPE]
    return orphans[executing[0].pid or 0] if executing else None


def _local_agents(settings: Settings) -> list[Agent]:
    """The agents of this host that have not exited."""
    database = open_database(settings.database_url)
    try:
        with database.read() as connection:
            known = agents.present(connection, AGENTS_READ)
    finally:
        database.close()
    return [agent for agent in known if agent.hostname == settings.host]


class TestbedControl(Protocol):
    """Operations on a testbed; each returns a report for each process."""

    def start(self, config_name: str | None) -> Sequence[ProcessReport]:
        """Start the runner and the agents that a configuration needs, unless they are running."""

    def stop(self) -> Sequence[ProcessReport]:
        """Stop the runner and every agent."""

    def restart(self, config_name: str | None) -> Sequence[ProcessReport]:
        """Restart the running processes; if none is running, start."""

    def probe(self) -> SupervisorSnapshot:
        """supervisord and its processes; never raises."""


class HomeTestbed:
    """The testbed of one home, under its supervisord."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def start(self, config_name: str | None) -> Sequence[ProcessReport]:
        """Start what is missing. Raises UsageError before anything is started, SupervisorUnreachable."""
        settings = self._settings
        namespace = resolve_namespace(None, testbed_of(settings))
        composition = compose_request(settings, RunRequest(configuration=config_name))
        lines, _ = start_agents(settings, composition, namespace)
        return lines

    def stop(self) -> Sequence[ProcessReport]:
        """Stop all but the embedded broker, the monitor and the agent manager."""
        supervisor = supervisor_of(self._settings)
        try:
            names = [one.name for one in supervisor.processes() if one.group not in STAYS]
        except SupervisorUnreachable:
            if supervisor.probe().state not in (DaemonState.ABSENT, DaemonState.STALE):
                raise
            _refuse_orphans([one for one in supervisor.orphans() if one.process not in STAYS])
            return ()
        return [report_of(outcome) for outcome in supervisor.stop(names)] if names else ()

    def restart(self, config_name: str | None) -> Sequence[ProcessReport]:
        """Restart the running processes, then start what a named configuration also needs."""
        running = [one.name for one in self.probe().processes if one.pid and one.group not in STAYS]
        if not running:
            return self.start(config_name)
        lines = [report_of(outcome) for outcome in supervisor_of(self._settings).restart(running)]
        return [*lines, *(self.start(config_name) if config_name else ())]

    def probe(self) -> SupervisorSnapshot:
        """supervisord and its processes; never raises."""
        return probe_supervisor(self._settings)


def agents_running(snapshot: SupervisorSnapshot) -> bool:
    """Whether the runner or an agent is running."""
    return any(one.pid for one in snapshot.processes if one.group not in STAYS)


def describe(snapshot: SupervisorSnapshot) -> str:
    """supervisord and its processes as text, one line each."""
    head = f"supervisord {snapshot.state}" + (f": {snapshot.message}" if snapshot.message else "")
    lines = [f"{one.name} {one.state}" + (f" pid {one.pid}" if one.pid else "") for one in snapshot.processes]
    return "\n".join([head, *lines])
