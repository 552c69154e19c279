"""Is the testbed all right? One verdict, for the overview, `status` and the tools."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from ...core.format import plural, since
from ..agents.names import RUNNER, STAYS
from ..agents.snapshot import AgentsSnapshot, AgentView
from ..executions.progress import ExecutionProgress
from ..health.connection import ConnectionStatus, Connectivity

READY = "ready to run"
UNCONFIGURED = 2
UNREACHABLE = 3
STARTABLE = ("running", "absent", "stale")  # supervisord is there, or the next run starts it


class Change(NamedTuple):
    """Something that happened. `tone` is ok, watch, bad or plain; `execution_id` is what to open."""

    at: datetime
    color: str
    text: str
    execution_id: str = ""


class Verdict(NamedTuple):
    """The one sentence about what needs a human most; `screen` is where to go for it.

    `readiness` says what comes first of what keeps an execution from running, `exit_code` what `status` makes
    of that.
    """

    color: str
    text: str
    screen: str = ""
    exit_code: int = 0
    readiness: str = READY


@dataclass(frozen=True, slots=True)
class Facts:
    """What a verdict is made from; who does not ask about executions leaves them out.

    `namespace_trouble` says why there is no namespace. `changes` are the newest first.
    """

    agents: AgentsSnapshot
    broker: ConnectionStatus
    database: ConnectionStatus
    namespace: str | None
    namespace_trouble: str = ""
    running: Sequence[ExecutionProgress] = ()
    changes: Sequence[Change] = ()


def verdict(facts: Facts) -> Verdict:
    """What needs a human most, else that all is well; with it what keeps an execution from running."""
    found = [*_connections(facts), *_agents(facts), *_executions(facts), *_calm(facts)]
    blocking = next((one for one in found if one.exit_code), found[0])
    return found[0]._replace(exit_code=blocking.exit_code, readiness=blocking.readiness)


def not_ready(what: str, why: str = "", advice: str = "") -> str:
    """Why nothing can be run, and what to do about it."""
    head = f"not ready: {what}: {why}" if why else f"not ready: {what}"
    return f"{head.rstrip('.')}. {advice}" if advice else head


def _connections(facts: Facts) -> Iterator[Verdict]:
    """What cannot be reached, and what is not chosen."""
    broker, database = facts.broker, facts.database
    no_broker = not_ready("the broker cannot be reached", broker.error, broker.advice)
    if broker.state.is_away and database.state.is_away:
        text = "Broker and database cannot be reached: the doctor says what to do about each"
        yield Verdict("bad", text, "", UNREACHABLE, no_broker)
    if broker.state.is_away:
        text = "The broker cannot be reached: no message goes or comes. The doctor says what to do"
        yield Verdict("bad", text, "", UNREACHABLE, no_broker)
    if database.state.is_away:
        how = "cannot be used" if database.state is Connectivity.UNUSABLE else "cannot be reached"
        text = f"The database {how}: what runs is not known. The doctor says what to do"
        said = not_ready(f"the database {how}", database.error, database.advice)
        yield Verdict("bad", text, "", UNREACHABLE, said)
    if facts.namespace is None:
        said = not_ready("there is no namespace", facts.namespace_trouble)
        yield Verdict("watch", "No namespace is chosen", "namespaces", UNCONFIGURED, said)


def _agents(facts: Facts) -> Iterator[Verdict]:
    """What supervisord cannot do, and what it cannot keep running."""
    agents = facts.agents
    if agents.supervisor not in STARTABLE:
        why = f": {agents.supervisor_trouble}" if agents.supervisor_trouble else ""
        said = not_ready("no agent can be started", agents.supervisor_trouble)
        yield Verdict("bad", f"supervisord is {agents.supervisor}{why}", "agents", UNREACHABLE, said)
    if lost := [one.summary.execution_id for one in facts.running if one.lost]:
        yield Verdict("bad", f"{lost[0]} is lost: its process was killed", "executions")
    failed = [line.view for line in agents.lines if line.view.is_failed]
    silent = [line.view for line in agents.lines if line.view.is_silent]
    # an execution does without the monitor and the agent manager
    hinder = [view for view in (*failed, *silent) if view.program not in STAYS]
    code, said = (UNREACHABLE, _first_of(hinder)) if hinder else (0, READY)
    if failed:
        yield Verdict("bad", f"{_names(failed)} failed: look at the log", "agents", code, said)
    if silent:
        yield Verdict("bad", f"{_names(silent)} runs, but says nothing: restart it", "agents", code, said)


def _executions(facts: Facts) -> Iterator[Verdict]:
    """What went wrong lately, and what is missing of what runs."""
    running, missing = facts.running, facts.agents.missing
    bad = [change for change in facts.changes if change.color == "bad"]
    if bad and not running:
        yield Verdict("watch", f"{bad[0].text}, {since(bad[0].at)} ago", "executions")
    needed = [name for name in missing if name != RUNNER or not all(one.here for one in running)]
    if running and needed:
        yield Verdict("watch", f"{_listed(needed)} needed, and not running: A on Agents", "agents")


def _calm(facts: Facts) -> Iterator[Verdict]:
    """How it goes, where nothing is in the way."""
    running, agents = facts.running, facts.agents
    if running:
        what = plural(len(running), "execution")
        yield Verdict("busy", f"All is well: {what} running{_done(running[0])}")
    if agents.missing:
        text = f"Nothing runs. {agents.configuration} needs {plural(len(agents.missing), 'agent')} more: "
        yield Verdict("ok", f"{text}R runs it and offers to start them", "agents")
    yield Verdict("ok", "All is well, nothing runs: R runs a workflow")


def _first_of(agents: Sequence[AgentView]) -> str:
    first, *more = agents
    others = f" (and {len(more)} more)" if more else ""
    said = f"{first.program}{others}: {first.note}" if first.note else f"{first.program}{others}"
    return not_ready(said, advice=f"Then: swf-console agents restart {first.program}")


def _done(one: ExecutionProgress) -> str:
    if one.planned is None:
        return f", {one.stf_count:,} STFs so far"
    return f", {one.stf_count:,} of {one.planned:,} STFs" if one.progress is not None else ""


def _names(agents: Sequence[AgentView]) -> str:
    return _listed([view.name for view in agents])


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return ", ".join(names[:2]) + more
