"""The summary of the execution under the cursor, beside the list."""

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from ...backend.core.sanitize import brief
from ...viewmodels.executions.detail import read_execution
from ...widgets.text.line import Line
from ...widgets.timeline import Timeline
from ...widgets.worker import BlockingCall
from ..base.polling import cause_of
from .replay import state_spans
from .summary import summary_content

if TYPE_CHECKING:
    from ...viewmodels.context import ConsoleContext
    from ...viewmodels.executions.detail import RecordedExecution

# a cursor that moves over many rows reads none of them
SETTLED = 0.15
REFRESH_SECONDS = 1.0


class ExecutionPreview(Container):
    """Reads once the cursor stays on a row, and every second while the execution is running."""

    DEFAULT_CSS = """
    ExecutionPreview { width: 2fr; height: 1fr; border-left: vkey $panel; display: none; }
    ExecutionPreview.-shown { display: block; }
    ExecutionPreview > #preview-strip { height: 2; }
    ExecutionPreview > #preview-text { height: 1fr; padding: 0 1; }
    """

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__()
        self.context = context
        self.recorded: RecordedExecution | None = None
        self._wanted: str | None = None
        self._timer: Timer | None = None
        self._reading = BlockingCall(self, "preview")

    def compose(self) -> ComposeResult:
        """Title, timeline, summary."""
        yield Line(id="preview-title")
        yield Timeline(id="preview-strip")
        yield Static("", id="preview-text", markup=False)

    def show(self, execution_id: str | None) -> None:
        """Show another execution once the cursor stays on it."""
        self._wanted = execution_id
        self._later(SETTLED)

    def _later(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(seconds, self._read)

    def _read(self) -> None:
        wanted = self._wanted
        if wanted is None:
            self._clear()
        elif self.region:
            self._reading.start(lambda: self._load(wanted), self._show, self._failed)

    def _load(self, execution_id: str) -> "RecordedExecution":
        return read_execution(self.context, execution_id)

    def _show(self, recorded: "RecordedExecution") -> None:
        execution = recorded.detail.execution
        # the cursor has moved while this one was read
        if execution.execution_id != self._wanted:
            self._later(0.01)
            return
        self.recorded = recorded
        title = Content.styled(f" {brief(execution.execution_id, 120)}", "bold")
        self.query_one("#preview-title", Line).show(title, Content("Enter opens "))
        self.query_one(Timeline).show(state_spans(recorded.detail))
        self.query_one("#preview-text", Static).update(summary_content(recorded))
        if execution.status == "running":
            self._later(REFRESH_SECONDS)

    def _failed(self, error: Exception) -> None:
        self.recorded = None
        self.query_one("#preview-text", Static).update(Content.styled(cause_of(error), "$text-warning"))
        self._later(2 * REFRESH_SECONDS)

    def _clear(self) -> None:
        self.recorded = None
        self.query_one("#preview-title", Line).show(Content(""))
        self.query_one(Timeline).show([])
        self.query_one("#preview-text", Static).update("")
