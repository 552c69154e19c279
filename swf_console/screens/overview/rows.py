"""Running executions and recent changes as rows, and the detail of an execution."""

from typing import TYPE_CHECKING, cast

from ...backend.core.format import age, capped, number
from ...backend.core.sanitize import brief
from ...backend.database.records.pages import COUNT_CAP
from ...widgets.semantic_colors import Part, SemanticColor
from ...widgets.state_strip import PassedState, progress_bar, state_parts
from ...widgets.symbols import sparkline, symbol
from ...widgets.table.columns import Column
from ...widgets.table.rows import Cell
from ...widgets.table.short_list import Item
from ..base.agents_summary import agents_summary

if TYPE_CHECKING:
    from ...backend.services.alarms.verdict import Change, Verdict
    from ...backend.services.executions.progress import ExecutionProgress
    from ...viewmodels.overview.snapshot import OverviewSnapshot

BAR = 8
RUNNING_COLUMNS = (
    Column("symbol", "", 1),
    Column("execution", "RUNNING", 34, least=26),
    Column("for", "FOR", 6, right=True),
    Column("bar", "", BAR),
    Column("stf", "STF", 13, least=11),
    Column("state", "DAQ", 24, least=14, grows=True),
)
CHANGE_COLUMNS = (
    Column("symbol", "", 1),
    Column("at", "UTC", 8),
    Column("what", "IN THE LAST TEN MINUTES", 60, least=20, grows=True),
)


def verdict_parts(verdict: "Verdict") -> list[Part]:
    """The verdict with its symbol."""
    color = cast("SemanticColor", verdict.color)
    return [(f"{symbol(color)} {brief(verdict.text)}", color)]


def running_item(one: "ExecutionProgress") -> Item:
    """A running execution as a row."""
    color: SemanticColor = "bad" if one.lost else "watch" if one.stopping else "busy"
    bar = "".join(text for text, _ in progress_bar(one.progress, BAR)) if one.progress is not None else ""
    # STFs of other processes are counted in the database, up to a limit
    count = f"{one.stf_count:,}" if one.here else capped(one.stf_count, COUNT_CAP)
    of = f"{count} of {one.planned:,}" if one.planned else count
    last = one.states[-1] if one.states else None
    daq_state = (
        f"{last.state}/{last.substate}" if last and last.substate else last.state if last else "starting"
    )
    note = "not responding" if one.lost else "stopping" if one.stopping else brief(daq_state, 40)
    cells = (
        Cell(symbol(color), color),
        Cell(brief(one.summary.execution_id, 60)),
        Cell(age(one.seconds)),
        Cell(bar, color),
        Cell(of),
        Cell(note, color),
    )
    return Item(one.summary.execution_id, cells, one)


def change_item(change: "Change", n: int) -> Item:
    """A change as a row."""
    color = cast("SemanticColor", change.color)
    cells = (
        Cell(symbol(color) if color != "plain" else " ", color),
        Cell(f"{change.at:%H:%M:%S}", "unknown"),
        Cell(brief(change.text, 300), color if color in ("bad", "watch") else "plain"),
    )
    return Item(f"{change.at.timestamp()}:{n}:{change.text[:40]}", cells, change)


def detail_lines(
    snapshot: "OverviewSnapshot", one: "ExecutionProgress | None", width: int, *, no_rate: str = ""
) -> list[list[Part]]:
    """States and pipeline of the execution under the cursor, agents, message rate.

    `no_rate` says why the message rate is not known.
    """
    lines: list[list[Part]] = []
    if one is not None:
        passed = [PassedState(each.state, each.substate) for each in one.states]
        pace = f"{'realtime' if one.realtime else 'fast'}{', in this console' if one.here else ''}"
        run = f"run {one.run_number}" if one.run_number else "no run number yet"
        who = f"by {brief(one.summary.executed_by, 40)} in {brief(one.summary.namespace or '-', 40)}"
        lines.append([(f" {run}, {pace}, {who}", "unknown")])
        lines.append([(" ", "plain"), *state_parts(passed, max(10, width - 2))])
        lines.append([(" ", "plain"), *pipeline_parts(one)])
    lines.append([(" ", "plain"), agents_part(snapshot)])
    if no_rate:
        lines.append([(" messages  ", "unknown"), (f"not known: {no_rate}", "watch")])
    elif snapshot.rates:
        bars = max(10, min(60, width - 42))
        rate = sum(snapshot.rates[-5:]) / 5
        total = f"{sum(snapshot.rates):,} in the last minute"
        text = f"{sparkline(list(snapshot.rates), bars)} {number(rate)}/s, {total}"
        lines.append([(" messages  ", "unknown"), (text, "plain")])
    return lines


def agents_part(snapshot: "OverviewSnapshot") -> Part:
    """The summary of all agents."""
    agents = snapshot.agents
    problem = any(line.view.is_failed or line.view.is_silent for line in agents.lines)
    color: SemanticColor = "bad" if problem else "watch" if snapshot.agents.missing else "plain"
    trouble = f"supervisord {agents.supervisor}, " if agents.supervisor_trouble else ""
    return trouble + agents_summary(agents), color


def pipeline_parts(one: "ExecutionProgress") -> list[Part]:
    """The number of messages of each stage, and how many it is behind the stage before."""
    parts: list[Part] = []
    for n, (stage, count) in enumerate(one.pipeline):
        before = one.pipeline[n - 1] if n else None
        behind = before[1] - count if before and stage in FOLLOWS.get(before[0], ()) else 0
        arrow = f" {symbol('arrow')} " if n else ""
        text = f"{arrow}{brief(stage, 40)} {count:,}"
        parts.append((text, "plain"))
        if behind > 0:
            parts.append((f" (-{behind:,})", "watch"))
    return parts or [("no messages yet", "unknown")]


FOLLOWS = {
    "stf_gen": ("stf_ready",),
    "stf_ready": ("processing_complete",),
    "slice": ("slice_result",),
}
