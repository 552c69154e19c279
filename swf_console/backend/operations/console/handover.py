"""The handover to the next shift: how things stand, what ran, what failed, what was done."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from ...database import executions
from ...database.records.workflows import ExecutionFilter, ExecutionSummary
from ...errors import SwfError
from .looks import OverviewLook
from .overview import OverviewWatch
from .reports import journal_table, plain, write_report
from .services import ConsoleServices

SHIFT = timedelta(hours=8)
MOST_EXECUTIONS = 500
MOST_FAILURES = 20
MOST_ENTRIES = 1_000


def write_handover(services: ConsoleServices) -> str:
    """Write the report into the folder where the console was started; returns its path. Blocks."""
    text = handover(services)
    return str(write_report(f"handover-{datetime.now(UTC):%Y-%m-%d-%H%M}", text))


def handover(services: ConsoleServices, shift: timedelta = SHIFT) -> str:
    """The report as Markdown. A backend that is down is said in it, not raised."""
    since = datetime.now(UTC) - shift
    look = OverviewWatch(services).look()
    namespace = f" of {plain(services.namespace)}" if services.namespace else ""
    lines = [
        f"# Handover{namespace}",
        "",
        f"Written {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC by {plain(services.settings.user)} on "
        f"{plain(services.settings.host)}.",
        "",
        f"**{plain(look.verdict.text)}**",
        "",
        *_pipes(services),
        *_running(look),
        *_agents(look),
        *_executions(services, since),
        *_journal(services, since),
    ]
    return "\n".join(lines) + "\n"


def _pipes(services: ConsoleServices) -> list[str]:
    lines = [
        f"- {pipe.name}: {pipe.flow}{f' ({plain(pipe.error)})' if pipe.error else ''}"
        for pipe in services.pipes()
    ]
    return ["## Backends", "", *lines, ""]


def _running(look: OverviewLook) -> list[str]:
    lines = []
    for one in look.running:
        of = f" of {one.planned:,}" if one.planned else ""
        state = one.states[-1] if one.states else None
        where = f", {plain(state.state)}/{plain(state.substate)}" if state else ""
        lines.append(
            f"- {plain(one.summary.execution_id)}: {one.stf_count:,}{of} STFs{where}, "
            f"by {plain(one.summary.executed_by)}, since {one.summary.start_time:%H:%M:%S} UTC"
            f"{', LOST' if one.lost else ', is asked to stop' if one.stopping else ''}"
        )
    return ["## Running now", "", *(lines or ["Nothing runs."]), ""]


def _agents(look: OverviewLook) -> list[str]:
    agents = look.agents
    lines = ["| agent | state | heart-beat | note |", "| --- | --- | --- | --- |"]
    for line in agents.lines:
        view = line.view
        heard = "-" if view.heartbeat_seconds is None else f"{view.heartbeat_seconds:.0f} s"
        state = plain(view.state or view.operational_state or "-")
        lines.append(f"| {plain(view.name)} | {state} | {heard} | {plain(view.note)} |")
    troubles = [text for text in (agents.supervisor_trouble, agents.database_trouble) if text]
    return ["## Agents", "", *(plain(text) for text in troubles), *([""] if troubles else []), *lines, ""]


def _executions(services: ConsoleServices, since: datetime) -> list[str]:
    wanted = ExecutionFilter(namespace=services.namespace, since=since)
    try:
        with services.database().read() as connection:
            found = executions.page(connection, wanted, limit=MOST_EXECUTIONS).items
    except SwfError as error:
        return ["## Executions of the last 8 hours", "", plain(error), ""]
    more = f" (the newest {MOST_EXECUTIONS} only)" if len(found) == MOST_EXECUTIONS else ""
    counts = Counter(one.status for one in found)
    said = ", ".join(f"{count} {plain(status)}" for status, count in counts.most_common()) or "none"
    failures = [_failure(one) for one in found if one.status == "failed"][:MOST_FAILURES]
    return ["## Executions of the last 8 hours", "", f"{said}{more}.", "", *failures, ""]


def _failure(one: ExecutionSummary) -> str:
    at = one.end_time or one.start_time
    return (
        f"- {plain(one.execution_id)} failed at {at:%H:%M:%S} UTC: {plain(one.error_message or 'no reason')}"
    )


def _journal(services: ConsoleServices, since: datetime) -> list[str]:
    try:
        entries = services.journal.entries(MOST_ENTRIES, since)
    except SwfError as error:
        return ["## Done in the last 8 hours", "", plain(error)]
    return ["## Done in the last 8 hours", "", *journal_table(entries)]
