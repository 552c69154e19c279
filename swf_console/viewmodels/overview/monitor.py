"""Is the testbed all right? One sentence, what runs, and what changed in the last ten minutes."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from ...backend.core.errors import SwfError
from ...backend.core.format import plural, since
from ...backend.database import Database, executions
from ...backend.database.records.workflows import ExecutionFilter
from ...backend.services.agents.programs import RUNNER
from ...backend.services.agents.snapshot import AgentsSnapshot
from ...backend.services.executions.progress import ExecutionProgress
from ...backend.services.health.connection import ConnectionStatus, Connectivity
from ..agents.monitor import GONE, UP, AgentMonitor
from ..context import ConsoleServices
from ..executions.progress import RunningExecutions
from .snapshot import Change, OverviewSnapshot, Verdict

LATELY = timedelta(minutes=10)
MOST_CHANGES = 40
RATE_SECONDS = 60
NO_RATES = (0,) * RATE_SECONDS


class OverviewMonitor:
    """Looks again and again. Not for several threads at once."""

    def __init__(self, services: ConsoleServices) -> None:
        self._services = services
        self._agents = AgentMonitor(services)
        self._running = RunningExecutions(services)

    def snapshot(self) -> OverviewSnapshot:
        """Ask everything; blocks. A database that is down is told among the rest, not raised."""
        services = self._services
        agents = self._agents.snapshot()
        running: tuple[ExecutionProgress, ...] = ()
        count, changes, trouble = 0, [*_done_here(services)], agents.database_trouble
        if not trouble:
            try:
                database = services.database()
                running, count = self._running.read(database)
                changes += _executions(database, services.namespace)
            except SwfError as error:
                trouble = str(error)
        changes.sort(key=lambda change: change.at, reverse=True)
        return OverviewSnapshot(
            verdict=judge(services, agents, running, changes, trouble),
            agents=agents,
            running=running,
            running_count=count,
            changes=tuple(changes[:MOST_CHANGES]),
            rates=tuple(services.tail_here.rates(RATE_SECONDS)) if services.tail_here else NO_RATES,
            database_trouble=trouble,
        )


def judge(
    services: ConsoleServices,
    agents: AgentsSnapshot,
    running: Sequence[ExecutionProgress],
    changes: Sequence[Change],
    database_trouble: str = "",
) -> Verdict:
    """What needs a human most, else that all is well."""
    findings = (
        *_backends(services.pipes(), services.namespace, database_trouble),
        *_troubles(agents, running, changes),
        *_calm(agents, running),
    )
    return findings[0]


def _backends(
    pipes: Sequence[ConnectionStatus], namespace: str | None, database_trouble: str
) -> Iterator[Verdict]:
    """What cannot be reached, and what is not chosen."""
    broker_away = any(pipe.flow is Connectivity.DOWN and pipe.name == "broker" for pipe in pipes)
    if broker_away and database_trouble:
        yield Verdict("bad", "Broker and database cannot be reached: the doctor says what to do about each")
    if broker_away:
        yield Verdict(
            "bad", "The broker cannot be reached: no message goes or comes. The doctor says what to do"
        )
    if database_trouble:
        yield Verdict(
            "bad", "The database cannot be used: what runs is not known. The doctor says what to do"
        )
    if namespace is None:
        yield Verdict("watch", "No namespace is chosen", "namespaces")


def _troubles(
    agents: AgentsSnapshot, running: Sequence[ExecutionProgress], changes: Sequence[Change]
) -> Iterator[Verdict]:
    """What needs a human, the gravest first."""
    if agents.supervisor not in (UP, *GONE) and agents.supervisor_trouble:
        yield Verdict("bad", f"supervisord is {agents.supervisor}: {agents.supervisor_trouble}", "agents")
    if lost := [one.summary.execution_id for one in running if one.lost]:
        yield Verdict("bad", f"{lost[0]} is lost: its process was killed", "executions")
    if failed := [line.view.name for line in agents.lines if line.view.is_failed]:
        yield Verdict("bad", f"{_names(failed)} failed: look at the log", "agents")
    if silent := [line.view.name for line in agents.lines if line.view.is_silent]:
        yield Verdict("bad", f"{_names(silent)} runs, but says nothing: restart it", "agents")
    bad = [change for change in changes if change.tone == "bad"]
    if bad and not running:
        yield Verdict("watch", f"{bad[0].text}, {since(bad[0].at)} ago", "executions")


def _calm(agents: AgentsSnapshot, running: Sequence[ExecutionProgress]) -> Iterator[Verdict]:
    """How it goes, where nothing is in the way."""
    needed = [name for name in agents.missing if name != RUNNER or not all(one.here for one in running)]
    if running and needed:
        yield Verdict("watch", f"{_names(needed)} needed, and not running: A on Agents", "agents")
    if running:
        what = plural(len(running), "execution")
        yield Verdict("busy", f"All is well: {what} running{_done(running[0])}")
    if agents.missing:
        text = f"Nothing runs. {agents.configuration} needs {plural(len(agents.missing), 'agent')} more: "
        yield Verdict("ok", f"{text}R runs it and offers to start them", "agents")
    yield Verdict("ok", "All is well, nothing runs: R runs a workflow")


def _executions(database: Database, namespace: str | None) -> list[Change]:
    """The executions that began or ended lately."""
    since = datetime.now(UTC) - LATELY
    wanted = ExecutionFilter(namespace=namespace)
    with database.read() as connection:
        found = executions.page(connection, wanted, limit=MOST_CHANGES).items
    changes = []
    tones = {"completed": "ok", "failed": "bad", "terminated": "watch"}
    for one in found:
        if one.end_time and one.end_time > since:
            why = f": {one.error_message}" if one.error_message else ""
            text = f"{one.execution_id} {one.status}{why}"
            changes.append(Change(one.end_time, tones.get(one.status, "plain"), text, one.execution_id))
        if one.start_time > since:
            text = f"{one.execution_id} started by {one.executed_by}"
            changes.append(Change(one.start_time, "plain", text, one.execution_id))
    return changes


def _done_here(services: ConsoleServices) -> list[Change]:
    """What was done in the consoles of this home lately."""
    try:
        entries = services.journal.entries(MOST_CHANGES, datetime.now(UTC) - LATELY)
    except SwfError as error:
        return [Change(datetime.now(UTC), "watch", str(error))]
    return [
        Change(
            entry.at,
            "plain" if entry.ok else "watch",
            f"{entry.who}: {entry.command or entry.what}{f', {entry.result}' if entry.result else ''}",
        )
        for entry in entries
    ]


def _done(one: ExecutionProgress) -> str:
    if one.planned is None:
        return f", {one.stf_count:,} STFs so far"
    return f", {one.stf_count:,} of {one.planned:,} STFs" if one.progress is not None else ""


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    return ", ".join(names[:2]) + more
