"""One command: what a workflow needs is started, the workflow is asked for, and nobody waits for its end."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event

from ..configuration import Composition, Override, compose, configuration_names, resolve_namespace
from ..database import agents, open_database
from ..database.records.agents import Agent
from ..errors import Refused, SupervisorUnreachable, UsageError
from ..messaging.embedded import find_running
from ..services.executions.registration import IDLE_TYPE
from ..services.executions.request import RunRequest, prepare, testbed_of
from ..services.runner.client import ask_runner
from ..services.runner.protocol import run_command
from ..settings import Settings
from ..supervision.records import Did, Orphan, Outcome
from ..supervision.supervisor import EVERYTHING, Supervisor
from .agent_programs import BROKER, RUNNER, needed_programs, supervisor_of

ANSWER_SECONDS = 10.0
# supervisord says that it lives: on a busy machine it may still be importing
FRESH_RUNNER_SECONDS = 60.0
AGENTS_LOOKED_AT = 200
BROKER_SECONDS = 5.0
LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class AgentLine:
    """What one process did: `did` in supervision's words, `trouble` where it is not as wanted."""

    name: str
    pid: int | None
    did: str
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """What `testbed run` did."""

    execution_id: str
    namespace: str
    configuration: str
    agents: tuple[AgentLine, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What `testbed run` was asked for; None is what testbed.toml says."""

    configuration: str | None = None
    overrides: tuple[Override, ...] = ()
    namespace: str | None = None
    realtime: bool | None = None
    duration: float | None = None


def run_testbed(settings: Settings, wish: Wish) -> Started:
    """Start what is missing, ask the runner for an execution, and return.

    Raises a UsageError before anything is started, SupervisorUnreachable where a needed process did not
    start, Refused where the runner serves another namespace, TimedOut where it did not answer.
    """
    request = _request(settings, wish)
    prepared = prepare(settings, request)
    lines, strangers = start_agents(settings, prepared.composition, prepared.namespace)
    if RUNNER in strangers:
        raise Refused(strangers[RUNNER], f"Then: testbed run {wish.configuration or ''}".rstrip())
    fresh = any(line.name == RUNNER and line.did != Did.RAN_ALREADY for line in lines)
    patience = FRESH_RUNNER_SECONDS if fresh else ANSWER_SECONDS
    answer = ask_runner(settings, run_command(request, prepared.namespace), patience)
    if not answer.get("accepted"):
        raise Refused(f"the runner refused: {answer.get('reason')}")
    return Started(
        execution_id=str(answer.get("execution_id")),
        namespace=prepared.namespace,
        configuration=prepared.composition.configuration,
        agents=lines,
        warnings=(*prepared.composition.warnings, *strangers.values()),
    )


def start_agents(
    settings: Settings, composition: Composition, namespace: str, *, runner: bool = True
) -> tuple[tuple[AgentLine, ...], dict[str, str]]:
    """Start supervisord and what is missing of the runner, the embedded broker and the enabled agents.

    Returns a line for each process, and for those that ran already for another namespace what to do.
    """
    programs = needed_programs(settings, composition)
    supervisor = supervisor_of(settings)
    supervisor.ensure_running()
    declared = [program for program in programs if program.script or program.count]
    if declared:
        supervisor.declare(declared)
    lines: list[AgentLine] = []
    if settings.broker is None and find_running(settings.state_dir) is None:
        lines += _start_broker(settings, supervisor)
    orphan = _executing_orphan(settings, supervisor) if runner else None
    if orphan is not None:
        lines.append(AgentLine(RUNNER, orphan.pid, str(Did.RAN_ALREADY), "outside supervisord, and executes"))
    names = [*([RUNNER] if runner and not orphan else []), *(program.name for program in programs)]
    if names:
        lines += _start(supervisor, names)
    return tuple(lines), _strangers(settings, lines, namespace)


def stop_agents(settings: Settings, names: Sequence[str] = (EVERYTHING,)) -> tuple[AgentLine, ...]:
    """Stop these processes, or all; supervisord itself is left running."""
    return tuple(line_of(outcome) for outcome in supervisor_of(settings).stop(names))


def _request(settings: Settings, wish: Wish) -> RunRequest:
    testbed = testbed_of(settings)
    namespace = resolve_namespace(wish.namespace, testbed)
    said = testbed.workflow if testbed else {}
    configuration = named_configuration(
        settings, wish.configuration or said.get("config") or said.get("name")
    )
    composition = compose(settings.workflows_dir, configuration, testbed=testbed, overrides=wish.overrides)
    return RunRequest(
        workflow=composition.workflow_name,
        configuration=configuration,
        overrides=wish.overrides,
        namespace=namespace,
        realtime=bool(said.get("realtime", False)) if wish.realtime is None else wish.realtime,
        duration=wish.duration,
    )


def named_configuration(settings: Settings, name: str | None) -> str:
    """`name`, or `name`_default where only that is there. Raises UsageError for no name."""
    if not name:
        raise UsageError("nothing to run", "Name a configuration, or set [workflow] config in testbed.toml")
    known = configuration_names(settings.workflows_dir)
    plain = name.removesuffix(".toml")
    return plain if plain in known or f"{plain}_default" not in known else f"{plain}_default"


def _start_broker(settings: Settings, supervisor: Supervisor) -> list[AgentLine]:
    """The embedded broker, awaited until it listens: who comes before would start one of its own."""
    started, pause = _start(supervisor, [BROKER]), Event()
    deadline = time.monotonic() + BROKER_SECONDS
    while find_running(settings.state_dir) is None and time.monotonic() < deadline:
        if not any(one.pid for one in supervisor.processes() if one.name == BROKER):
            break
        pause.wait(LOOK_SECONDS)
    return started if find_running(settings.state_dir) else _start(supervisor, [BROKER], settle=True)


def _start(supervisor: Supervisor, names: Sequence[str], *, settle: bool = False) -> list[AgentLine]:
    outcomes = supervisor.start(list(dict.fromkeys(names)), settle=settle)
    failed = [outcome for outcome in outcomes if not outcome.ok]
    if failed:
        said = "; ".join(f"{one.status.name}: {one.explanation}" for one in failed)
        raise SupervisorUnreachable(f"not everything could be started: {said}", "See: swf-console agents")
    return [line_of(outcome) for outcome in outcomes]


def line_of(outcome: Outcome) -> AgentLine:
    """What became of one process, for a person."""
    trouble = "" if outcome.ok else str(outcome.explanation or outcome.did)
    return AgentLine(outcome.status.name, outcome.status.pid, str(outcome.did), trouble)


def _strangers(settings: Settings, lines: Sequence[AgentLine], namespace: str) -> dict[str, str]:
    """Processes that ran already for another namespace: they will not react to this run."""
    ran = {line.pid: line.name for line in lines if line.did == Did.RAN_ALREADY and line.pid}
    return {
        ran[agent.pid]: f"{ran[agent.pid]} (PID {agent.pid}) runs for namespace {agent.namespace}, "
        f"not {namespace}: swf-console agents restart {ran[agent.pid]}"
        for agent in _heard_here(settings)
        if agent.pid in ran and agent.namespace not in (None, namespace)
    }


def _executing_orphan(settings: Settings, supervisor: Supervisor) -> Orphan | None:
    """A runner that outlived its supervisord while it executes: who ends it ends its executions."""
    orphans = {one.pid: one for one in supervisor.orphans() if one.process == RUNNER}
    if not orphans:
        return None
    heard = [one for one in _heard_here(settings) if one.pid in orphans and one.agent_type != IDLE_TYPE]
    return orphans[heard[0].pid or 0] if heard else None


def _heard_here(settings: Settings) -> list[Agent]:
    """The agents of this host that have not said goodbye."""
    database = open_database(settings.database_url)
    try:
        with database.read() as connection:
            known = agents.present(connection, AGENTS_LOOKED_AT)
    finally:
        database.close()
    return [agent for agent in known if agent.hostname == settings.host]
