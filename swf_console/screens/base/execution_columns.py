"""The columns of every list of executions, each with its cell, and the orders of such a list."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...backend.core.format import age, capped, clock, short_duration
from ...backend.core.sanitize import brief
from ...backend.core.times import seconds_since
from ...backend.database.records.pages import COUNT_CAP
from ...widgets.semantic_colors import SemanticColor
from ...widgets.symbols import symbol
from ...widgets.table.rows import Cell
from .row_source import ListColumn

if TYPE_CHECKING:
    from ...backend.database.records.workflows import ExecutionSummary
    from ...viewmodels.pages import ListedExecution

STATUS: Mapping[str, SemanticColor] = {
    "running": "busy",
    "completed": "ok",
    "failed": "bad",
    "terminated": "off",
}
# the action `order` goes through them in this order; the keys are column keys and orders of the database
ORDERS: Mapping[str, str] = {
    "started": "newest first",
    "id": "by id",
    "status": "by status",
    "user": "by user",
}


def status_cell(status: str) -> Cell:
    """The status as symbol, word and colour."""
    color = STATUS.get(status, "unknown")
    return Cell(f"{symbol(color)} {brief(status, 20)}", color)


def duration_text(execution: "ExecutionSummary") -> str:
    """The duration of an execution; for a running one, the time since its start."""
    if execution.end_time is None:
        if execution.status != "running":
            return "-"
        return age(seconds_since(execution.start_time))
    return short_duration(seconds_since(execution.start_time, execution.end_time))


def _status(execution: "ListedExecution") -> Cell:
    if execution.status == "running" and execution.stop_requested_at is not None:
        return Cell(f"{symbol('watch')} stopping", "watch")
    return status_cell(execution.status)


def _stfs(execution: "ListedExecution") -> Cell:
    """The number of STFs. For a running execution the count is capped: it is read every second."""
    count = execution.stf_count
    if count is None:
        return Cell("-")
    return Cell(capped(count, COUNT_CAP) if execution.status == "running" else f"{count:,}")


def _error(execution: "ListedExecution") -> Cell:
    first_line = (execution.error_message or "").partition("\n")[0]
    return Cell(brief(first_line, 200), "bad" if execution.status == "failed" else "plain")


EXECUTION_COLUMNS: "tuple[ListColumn[ListedExecution], ...]" = (
    ListColumn("status", "STATUS", 12, cell=_status),
    ListColumn(
        "id",
        "EXECUTION",
        34,
        least=27,
        grows=True,
        tail=True,
        cell=lambda one: Cell(brief(one.execution_id, 120)),
    ),
    ListColumn("started", "STARTED (UTC)", 14, cell=lambda one: Cell(clock(one.start_time))),
    ListColumn(
        "took",
        "TOOK",
        7,
        right=True,
        cell=lambda one: Cell(duration_text(one), "busy" if one.status == "running" else "plain"),
    ),
    ListColumn("stf", "STF", 7, right=True, cell=_stfs),
    ListColumn("namespace", "NAMESPACE", 14, least=9, cell=lambda one: Cell(brief(one.namespace or "-", 60))),
    ListColumn("user", "USER", 12, cell=lambda one: Cell(brief(one.executed_by, 60))),
    ListColumn("version", "VERSION", 8, cell=lambda one: Cell(brief(one.version, 20))),
    ListColumn("error", "ERROR", 40, least=16, cell=_error),
)
