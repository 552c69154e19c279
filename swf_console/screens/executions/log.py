"""The log section of an execution: the log records of agents and programs about it, oldest first."""

from typing import TYPE_CHECKING

from ...backend.core.format import clock
from ...backend.core.sanitize import brief, sanitize_lines
from ...viewmodels.executions.log import log_of
from ...widgets.semantic_colors import Part, SemanticColor
from ...widgets.tail.line_view import Lines
from ...widgets.worker import BlockingCall
from ..base.polling import cause_of

if TYPE_CHECKING:
    from ...backend.database.records.workflows import Execution
    from ...backend.services.logs import LoggedLine
    from ...viewmodels.context import ConsoleContext
    from ...viewmodels.executions.log import ExecutionLog

COLORS: dict[str, SemanticColor] = {"CRITICAL": "bad", "ERROR": "bad", "WARNING": "watch", "DEBUG": "off"}
NO_RECORDS = "No log records about this execution, neither in the log files nor in the database"
LONGEST = 2_000


class ExecutionLogView(Lines):
    """Keeps the end visible while it is scrolled to the end, to follow a running execution."""

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__(identity="detail-log", wrap=True)
        self.context = context
        self._reading = BlockingCall(self, "execution log")
        self._of = ""

    def read(self, execution: "Execution") -> None:
        """Read the log in the background."""

        def read_log() -> "ExecutionLog":
            return log_of(self.context, execution)

        if not self._of:
            self.show([[("Loading …", "unknown")]])
        self._of = execution.execution_id
        self._reading.start(read_log, self._show_log, self._failed)

    def _show_log(self, log: "ExecutionLog") -> None:
        at_end = self.top >= self.max_scroll_y
        lines: list[list[Part]] = [[(brief(log.trouble, LONGEST), "watch")]] if log.trouble else []
        lines += [line for one in log.lines for line in log_lines(one)]
        self.show(lines or [[(f" {NO_RECORDS}", "unknown")]])
        if at_end:
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)

    def _failed(self, error: Exception) -> None:
        self.show([[(brief(cause_of(error), LONGEST), "watch")]])


def log_lines(logged: "LoggedLine") -> list[list[Part]]:
    """A log record as lines; an exception has several."""
    color = COLORS.get(logged.level, "plain")
    first, *more = sanitize_lines(logged.text, most=200, longest=LONGEST).splitlines() or [""]
    head: list[Part] = [
        (f" {clock(logged.at, milliseconds=True)} ", "unknown"),
        (f"{brief(logged.level, 8):<8} ", color),
        (f"{brief(logged.source.removesuffix('.log'), 40)}  ", "unknown"),
        (first, color),
    ]
    return [head, *([(f"     {line}", color)] for line in more)]
