"""The verdict on the testbed, one for overview, `status` and tools."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ...core.format import age as age_text
from ...core.format import plural, since
from ..agents.names import RUNNER, STAYS
from ..agents.snapshot import AgentsSnapshot, AgentView
from ..executions.progress import ExecutionProgress
from ..health.connection import ConnectionStatus, Connectivity

READY = "ready to run"
UNCONFIGURED = 2
UNREACHABLE = 3
NO_ANSWER = 4  # as TimedOut: not proven to be down, so neither ready nor "not ready"
SLOW_SUPERVISOR = "slow"
STARTABLE = ("running", "absent", "stale")  # supervisord is running, or the next run starts it


class Change(NamedTuple):
    """A recent change. `color` is ok, watch, bad or plain; `execution_id` is the execution to open."""

    at: datetime
    color: str
    text: str
    execution_id: str = ""


class Verdict(NamedTuple):
    """One sentence on the most urgent condition; `screen` is where to act on it.

    `readiness` is the first condition that prevents an execution, `exit_code` the exit code of `status`.
    """

    color: str
    text: str
    screen: str = ""
    exit_code: int = 0
    readiness: str = READY


@dataclass(frozen=True, slots=True)
class VerdictInput:
    """The states from which the verdict is computed; executions are optional.

    `namespace_trouble` says why there is no namespace. `changes` are newest first.
    """

    agents: AgentsSnapshot
    broker: ConnectionStatus
    database: ConnectionStatus
    namespace: str | None
    namespace_trouble: str = ""
    running: Sequence[ExecutionProgress] = ()
    changes: Sequence[Change] = ()


def verdict(facts: VerdictInput) -> Verdict:
    """The most urgent condition, else that all is OK; with the first one that prevents an execution."""
    found = [*_connections(facts), *_agents(facts), *_executions(facts), *_normal(facts)]
    blocking = next((one for one in found if one.exit_code), found[0])
    return found[0]._replace(exit_code=blocking.exit_code, readiness=blocking.readiness)


def not_ready(what: str, why: str = "", advice: str = "") -> str:
    """Why no execution can run, and what to do."""
    head = f"not ready: {what}: {why}" if why else f"not ready: {what}"
    return f"{head.rstrip('.')}. {advice}" if advice else head


def unknown(what: str, why: str, advice: str = "") -> str:
    """That it is unknown whether an execution can run, and what to do."""
    return not_ready(what, why, advice).replace("not ready", "unknown", 1)


def _connections(facts: VerdictInput) -> Iterator[Verdict]:
    """Backends that are not usable, and a missing namespace."""
    broker, database = facts.broker, facts.database
    no_broker = not_ready("the broker is not reachable", broker.error, broker.advice)
    if broker.state.is_away and database.state.is_away:
        text = "Broker and database are not reachable. The doctor shows what to do"
        yield Verdict("bad", text, "", UNREACHABLE, no_broker)
    if broker.state.is_away:
        text = "The broker is not reachable: no messages are sent or received. The doctor shows what to do"
        yield Verdict("bad", text, "", UNREACHABLE, no_broker)
    if database.state.is_away:
        how = "is not usable" if database.state is Connectivity.UNUSABLE else "is not reachable"
        text = f"The database {how}: running executions are unknown. The doctor shows what to do"
        readiness = not_ready(f"the database {how}", database.error, database.advice)
        yield Verdict("bad", text, "", UNREACHABLE, readiness)
    for status in (broker, database):
        if status.state is Connectivity.SLOW:
            text = f"{status.subject[0].upper()}{status.subject[1:]}: {status.error}"
            yield Verdict("watch", text, "", NO_ANSWER, unknown(status.subject, status.error, status.advice))
    if facts.namespace is None:
        readiness = not_ready("no namespace is set", facts.namespace_trouble)
        yield Verdict("watch", "No namespace is set", "namespaces", UNCONFIGURED, readiness)


def _agents(facts: VerdictInput) -> Iterator[Verdict]:
    """A supervisord that does not work, and agents that failed or are silent."""
    agents = facts.agents
    if agents.supervisor == SLOW_SUPERVISOR:
        readiness = unknown("supervisord", agents.supervisor_trouble)
        yield Verdict("watch", f"supervisord: {agents.supervisor_trouble}", "agents", NO_ANSWER, readiness)
    elif agents.supervisor not in STARTABLE:
        why = f": {agents.supervisor_trouble}" if agents.supervisor_trouble else ""
        readiness = not_ready("agents cannot be started", agents.supervisor_trouble)
        yield Verdict("bad", f"supervisord is {agents.supervisor}{why}", "agents", UNREACHABLE, readiness)
    if lost := [one.summary.execution_id for one in facts.running if one.lost]:
        yield Verdict("bad", f"{lost[0]} is lost: its process stopped responding", "executions")
    failed = [line.view for line in agents.lines if line.view.is_failed]
    silent = [line.view for line in agents.lines if line.view.is_silent]
    # an execution needs neither the monitor nor the agent manager
    blocking = [view for view in (*failed, *silent) if view.program not in STAYS]
    code, readiness = (UNREACHABLE, _first_of(blocking)) if blocking else (0, READY)
    if failed:
        yield Verdict("bad", f"{_names(failed)} failed: see the log", "agents", code, readiness)
    if silent:
        since_heartbeat = _heartbeat_age(silent)
        is_, has, it = ("is", "has", "it") if len(silent) == 1 else ("are", "have", "them")
        text = f"{_names(silent)} {is_} running but {has} sent no heartbeat{since_heartbeat}. Restart {it}"
        yield Verdict("bad", text, "agents", code, readiness)


def _executions(facts: VerdictInput) -> Iterator[Verdict]:
    """The latest failure, and agents that running executions lack."""
    running, missing = facts.running, facts.agents.missing
    bad = [change for change in facts.changes if change.color == "bad"]
    if bad and not running:
        yield Verdict("watch", f"{bad[0].text}, {since(bad[0].at)} ago", "executions")
    needed = [name for name in missing if name != RUNNER or not all(one.here for one in running)]
    if running and needed:
        yield Verdict("watch", f"{_listed(needed)} needed but not running: A on Agents", "agents")


def _normal(facts: VerdictInput) -> Iterator[Verdict]:
    """The state without any problem: running, or idle."""
    running, agents = facts.running, facts.agents
    if running:
        what = plural(len(running), "execution")
        yield Verdict("busy", f"All OK: {what} running{_done(running[0])}")
    if agents.missing:
        missing = plural(len(agents.missing), "agent")
        are = "is" if len(agents.missing) == 1 else "are"
        text = f"Idle. {missing} that {agents.configuration} needs {are} not running. A starts them"
        yield Verdict("ok", text, "agents")
    yield Verdict("ok", "Idle, all OK. Press R to run a workflow")


def _first_of(agents: Sequence[AgentView]) -> str:
    first, *more = agents
    others = f" (and {len(more)} more)" if more else ""
    subject = f"{first.program}{others}: {first.note}" if first.note else f"{first.program}{others}"
    return not_ready(subject, advice=f"Then: swf-console agents restart {first.program}")


def _heartbeat_age(agents: Sequence[AgentView]) -> str:
    """How long the first of them has sent no heartbeat."""
    seconds = agents[0].heartbeat_seconds
    return "" if seconds is None else f" for {age_text(seconds)}"


def _done(one: ExecutionProgress) -> str:
    if one.planned is None:
        return f", {one.stf_count:,} STFs so far"
    return f", {one.stf_count:,} of {one.planned:,} STFs" if one.progress is not None else ""


def _names(agents: Sequence[AgentView]) -> str:
    return _listed([view.name for view in agents])


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return ", ".join(names[:2]) + more
