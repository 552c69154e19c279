"""The overview: verdict, running executions, and the changes of the last ten minutes."""

from datetime import UTC, datetime, timedelta

from ...backend.core.errors import SwfError
from ...backend.database import Database, executions
from ...backend.database.records.workflows import ExecutionFilter
from ...backend.services.alarms.verdict import Change, VerdictInput, verdict
from ...backend.services.executions.progress import ExecutionProgress
from ...backend.services.health.connection import ConnectionStatus, Connectivity
from ..agents.monitor import AgentMonitor
from ..context import ConsoleContext
from ..executions.progress import RunningExecutions
from .snapshot import OverviewSnapshot

RECENT = timedelta(minutes=10)
MAX_CHANGES = 40
RATE_SECONDS = 60
NO_RATES = (0,) * RATE_SECONDS


class OverviewMonitor:
    """Reads everything that the overview shows. Not thread-safe."""

    def __init__(self, context: ConsoleContext) -> None:
        self._context = context
        self._agents = AgentMonitor(context)
        self._running = RunningExecutions(context)

    def snapshot(self) -> OverviewSnapshot:
        """Read everything; blocks. A database that is down is reported in `database_trouble`, not raised."""
        context = self._context
        agents = self._agents.snapshot()
        running: tuple[ExecutionProgress, ...] = ()
        count, changes, trouble = 0, [*_journal_changes(context)], agents.database_trouble
        if not trouble:
            try:
                database = context.database()
                running, count = self._running.read(database)
                changes += _executions(database, context.namespace)
            except SwfError as error:
                trouble = str(error)
        changes.sort(key=lambda change: change.at, reverse=True)
        return OverviewSnapshot(
            verdict=verdict(
                VerdictInput(
                    agents=agents,
                    broker=context.connections()[0],
                    database=self._database_status(trouble),
                    namespace=context.namespace,
                    running=running,
                    changes=changes,
                )
            ),
            agents=agents,
            running=running,
            running_count=count,
            changes=tuple(changes[:MAX_CHANGES]),
            rates=tuple(context.tail_if_any.rates(RATE_SECONDS)) if context.tail_if_any else NO_RATES,
            database_trouble=trouble,
        )

    def _database_status(self, trouble: str) -> ConnectionStatus:
        """The poller's status if it knows why the database is away, else the error of this read."""
        known = self._context.connections()[1]
        if not trouble:
            return known._replace(state=Connectivity.UP)
        return known if known.state.is_away else known._replace(state=Connectivity.UNUSABLE, error=trouble)


def _executions(database: Database, namespace: str | None) -> list[Change]:
    """The executions that started or ended in the last ten minutes."""
    since = datetime.now(UTC) - RECENT
    wanted = ExecutionFilter(namespace=namespace)
    with database.read() as connection:
        found = executions.page(connection, wanted, limit=MAX_CHANGES).items
    changes = []
    colors = {"completed": "ok", "failed": "bad", "terminated": "watch"}
    for one in found:
        if one.end_time and one.end_time > since:
            why = f": {one.error_message}" if one.error_message else ""
            text = f"{one.execution_id} {one.status}{why}"
            changes.append(Change(one.end_time, colors.get(one.status, "plain"), text, one.execution_id))
        if one.start_time > since:
            text = f"{one.execution_id} started by {one.executed_by}"
            changes.append(Change(one.start_time, "plain", text, one.execution_id))
    return changes


def _journal_changes(context: ConsoleContext) -> list[Change]:
    """The actions of this home's consoles in the last ten minutes."""
    try:
        entries = context.journal.entries(MAX_CHANGES, datetime.now(UTC) - RECENT)
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
