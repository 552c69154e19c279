"""The handover report for the next shift: state, executions, failures, actions."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..backend.core.errors import SwfError, UsageError
from ..backend.core.format import instant
from ..backend.database import executions
from ..backend.database.records.workflows import ExecutionFilter, ExecutionSummary
from ..backend.services.journal import JournalEntry
from .context import ConsoleContext
from .overview.monitor import OverviewMonitor
from .overview.snapshot import OverviewSnapshot

MAX_TRIES = 100
MAX_LENGTH = 500


def write_report(name: str, text: str, folder: Path | None = None) -> Path:
    """Write `text` as a new file `name`.md in `folder` (default: where the console was started).

    Raises UsageError if no file can be written there.
    """
    target = folder or Path.cwd()
    for number in range(1, MAX_TRIES):
        path = target / (f"{name}.md" if number == 1 else f"{name}-{number}.md")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            continue
        except OSError as error:
            raise UsageError(
                f"{path}: cannot be written: {error.strerror}",
                "Start the console in a folder where you have write permission",
            ) from error
        return path
    raise UsageError(f"{target / name}.md: {MAX_TRIES} files of this name exist", "Remove old reports")


def shift_log(entries: Sequence[JournalEntry], namespace: str | None) -> str:
    """The journal as a Markdown table, oldest first."""
    lines = [f"# Shift log{f' of {plain(namespace)}' if namespace else ''}", ""]
    lines += [f"Written {instant(datetime.now(UTC))} UTC, {len(entries)} entries.", ""]
    return "\n".join([*lines, *journal_table(entries)]) + "\n"


def journal_table(entries: Sequence[JournalEntry]) -> list[str]:
    """Entries as the lines of a Markdown table, the oldest first."""
    if not entries:
        return ["No actions recorded."]
    lines = ["| time (UTC) | kind | who | what | result |", "| --- | --- | --- | --- | --- |"]
    for entry in reversed(entries):
        what = f"`{plain(entry.command)}`" if entry.command else plain(entry.what)
        result = plain(entry.result) if entry.ok else f"**{plain(entry.result)}**"
        lines.append(
            f"| {instant(entry.at)} | {plain(entry.kind)} | {plain(entry.who)} | {what} | {result} |"
        )
    return lines


def plain(text: object) -> str:
    """Text without characters that would end a table cell or start other Markdown."""
    one_line = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", str(text))[:MAX_LENGTH]
    return one_line.replace("|", "\\|").replace("`", "'")


SHIFT = timedelta(hours=8)
MAX_EXECUTIONS = 500
MAX_FAILURES = 20
MAX_ENTRIES = 1_000


def write_handover(context: ConsoleContext) -> str:
    """Write the report to the folder where the console was started; returns its path. Blocks."""
    text = handover(context)
    return str(write_report(f"handover-{datetime.now(UTC):%Y-%m-%d-%H%M}", text))


def handover(context: ConsoleContext, shift: timedelta = SHIFT) -> str:
    """The report as Markdown. A backend that is down is named in it, not raised."""
    since = datetime.now(UTC) - shift
    overview = OverviewMonitor(context).snapshot()
    namespace = f" of {plain(context.namespace)}" if context.namespace else ""
    lines = [
        f"# Handover{namespace}",
        "",
        f"Written {instant(datetime.now(UTC))} UTC by {plain(context.settings.user)} on "
        f"{plain(context.settings.host)}.",
        "",
        f"**{plain(overview.verdict.text)}**",
        "",
        *_connections(context),
        *_running(overview),
        *_agents(overview),
        *_executions(context, since),
        *_journal(context, since),
    ]
    return "\n".join(lines) + "\n"


def _connections(context: ConsoleContext) -> list[str]:
    lines = [
        f"- {one.name}: {one.state}{f' ({plain(one.error)})' if one.error else ''}"
        for one in context.connections()
    ]
    return ["## Backends", "", *lines, ""]


def _running(overview: OverviewSnapshot) -> list[str]:
    lines = []
    for one in overview.running:
        of = f" of {one.planned:,}" if one.planned else ""
        state = one.states[-1] if one.states else None
        where = f", {plain(state.state)}/{plain(state.substate)}" if state else ""
        lines.append(
            f"- {plain(one.summary.execution_id)}: {one.stf_count:,}{of} STFs{where}, "
            f"by {plain(one.summary.executed_by)}, since {one.summary.start_time:%H:%M:%S} UTC"
            f"{', LOST' if one.lost else ', stop requested' if one.stopping else ''}"
        )
    return ["## Running now", "", *(lines or ["No execution is running."]), ""]


def _agents(overview: OverviewSnapshot) -> list[str]:
    agents = overview.agents
    lines = ["| agent | state | heartbeat | note |", "| --- | --- | --- | --- |"]
    for line in agents.lines:
        view = line.view
        heard = "-" if view.heartbeat_seconds is None else f"{view.heartbeat_seconds:.0f} s"
        state = plain(view.state or view.operational_state or "-")
        lines.append(f"| {plain(view.name)} | {state} | {heard} | {plain(view.note)} |")
    troubles = [text for text in (agents.supervisor_trouble, agents.database_trouble) if text]
    return ["## Agents", "", *(plain(text) for text in troubles), *([""] if troubles else []), *lines, ""]


def _executions(context: ConsoleContext, since: datetime) -> list[str]:
    wanted = ExecutionFilter(namespace=context.namespace, since=since)
    try:
        with context.database().read() as connection:
            found = executions.page(connection, wanted, limit=MAX_EXECUTIONS).items
    except SwfError as error:
        return ["## Executions of the last 8 hours", "", plain(error), ""]
    more = f" (the newest {MAX_EXECUTIONS} only)" if len(found) == MAX_EXECUTIONS else ""
    counts = Counter(one.status for one in found)
    counts_text = ", ".join(f"{count} {plain(status)}" for status, count in counts.most_common()) or "none"
    failures = [_failure(one) for one in found if one.status == "failed"][:MAX_FAILURES]
    return ["## Executions of the last 8 hours", "", f"{counts_text}{more}.", "", *failures, ""]


def _failure(one: ExecutionSummary) -> str:
    at = one.end_time or one.start_time
    reason = plain(one.error_message or "no reason given")
    return f"- {plain(one.execution_id)} failed at {at:%H:%M:%S} UTC: {reason}"


def _journal(context: ConsoleContext, since: datetime) -> list[str]:
    try:
        entries = context.journal.entries(MAX_ENTRIES, since)
    except SwfError as error:
        return ["## Actions of the last 8 hours", "", plain(error)]
    return ["## Actions of the last 8 hours", "", *journal_table(entries)]
