"""The differences between two executions."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.content import Content

from ...backend.core.format import plural
from ...backend.core.sanitize import brief
from ...backend.services.executions.diff import compare_executions
from ...widgets.table.paged_table import PagedTable
from ...widgets.table.rows import ListSource
from ...widgets.text.line import Line
from ...widgets.worker import BlockingCall
from ..base.polling import cause_of
from ..base.views import View
from .rows import DIFFERENCES, difference_rows

if TYPE_CHECKING:
    from ...backend.services.executions.diff import Comparison
    from ...viewmodels.context import ConsoleContext


class CompareView(View):
    """A table of differences."""

    concerns_many: ClassVar[bool] = True
    DEFAULT_CSS = "CompareView > Line { height: 1; }"

    def __init__(self, context: "ConsoleContext", first: str, second: str) -> None:
        super().__init__()
        self.context, self._names = context, (first, second)
        self._background = BlockingCall(self, "compare")

    def compose(self) -> ComposeResult:
        """The names of both, and the table."""
        yield Line(id="compare-title")
        yield Line(id="compare-names")
        yield PagedTable(DIFFERENCES, empty="No differences", id="compare-table")

    def on_mount(self) -> None:
        """Start comparing."""
        self.query_one("#compare-title", Line).show(
            Content.styled(" Comparing…", "bold"), Content("Esc back ")
        )
        first, second = (brief(name, 100) for name in self._names)
        self.query_one("#compare-names", Line).show(Content(f" {first}  and  {second}"))
        self.refresh_now()

    def activated(self) -> None:
        """Give the focus to the table."""
        self.query_one(PagedTable).focus()

    def refresh_now(self) -> None:
        """Compare again."""
        self._background.start(self._compare, self._show, self._failed)

    def copy_text(self, what: str) -> str | None:
        """The difference under the cursor, or the command line that shows all."""
        if what == "command":
            return f"swf-console executions diff {self._names[0]} {self._names[1]}"
        row = self.query_one(PagedTable).row
        return "\t".join(cell.text for cell in row.cells) if row else None

    def _compare(self) -> "Comparison":
        return compare_executions(self.context.database(), *self._names)

    def _show(self, comparison: "Comparison") -> None:
        count = len(comparison.differences)
        title = f" {plural(count, 'difference')}"
        self.query_one("#compare-title", Line).show(Content.styled(title, "bold"), Content("Esc back "))
        self.query_one(PagedTable).show(difference_rows(comparison))

    def _failed(self, error: Exception) -> None:
        self.query_one("#compare-title", Line).show(Content.styled(f" {cause_of(error)}", "$text-error"))
        self.query_one(PagedTable).show(ListSource([]))
