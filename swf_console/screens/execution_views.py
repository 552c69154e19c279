"""The views of the Executions screen: the list, and what is opened over it."""

from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult

from ..backend.operations.console.lists import ExecutionSummary
from ..widgets.paged_table import PagedTable
from .execution_detail import ExecutionDetailView
from .execution_list import ExecutionList
from .execution_preview import ExecutionPreview
from .stack_pane import StackPane
from .views import ViewStack

if TYPE_CHECKING:
    from ..backend.operations.console.services import ConsoleServices

WIDE = 120


class ExecutionViews(StackPane):
    """The list with its preview, and the executions that are opened from it."""

    DEFAULT_CSS = """
    ExecutionViews { layout: horizontal; height: 1fr; width: 1fr; }
    ExecutionViews > ViewStack { width: 3fr; }
    """

    def __init__(self, services: "ConsoleServices") -> None:
        self._list = ExecutionList(services)
        super().__init__(services, self._list)
        self._preview = ExecutionPreview(services)
        self._wide = False

    def compose(self) -> ComposeResult:
        """The views, and the preview beside the list."""
        yield self._stack
        yield self._preview

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self._wide = event.size.width >= WIDE
        self._arrange()

    @on(ViewStack.Changed)
    def _arrange(self) -> None:
        there = self._wide and self._stack.front is self._list
        self._preview.set_class(there, "-there")
        if there:
            self._preview.show(self.execution_id)

    @on(PagedTable.Moved, "#list-table")
    def _moved(self, event: PagedTable.Moved) -> None:
        event.stop()
        self._preview.show(event.row.key if event.row else None)

    @property
    def list(self) -> ExecutionList:
        """The list."""
        return self._list

    @property
    def execution_id(self) -> str | None:
        """The execution that an action concerns: the one that is open, else the one under the cursor."""
        if self._stack.front.of_many:
            return None
        for view in reversed(self._stack.views):
            if isinstance(view, ExecutionDetailView):
                return view.execution_id
        execution = self._list.execution
        return execution.execution_id if execution else None

    @property
    def execution(self) -> ExecutionSummary | None:
        """The same with what is known of it."""
        if self._stack.front.of_many:
            return None
        for view in reversed(self._stack.views):
            if isinstance(view, ExecutionDetailView):
                return view.looked.detail.execution if view.looked else None
        return self._list.execution

    def remember(self) -> dict[str, object]:
        """Filter, order and columns."""
        return {
            "columns": list(self._list.columns.chosen),
            "filter": self._list.filter,
            "order_by": self._list.order_by,
            "descending": self._list.descending,
        }

    def recall(self, remembered: dict[str, object]) -> None:
        """Take up filter, order and columns; `execution` opens one."""
        self._list.columns.recall(remembered.get("columns"))
        order_by, descending = remembered.get("order_by"), remembered.get("descending")
        if isinstance(order_by, str) and order_by in ("started", "id", "status", "user"):
            self._list.order_by = order_by
            self._list.descending = bool(descending)
        text, execution = remembered.get("filter"), remembered.get("execution")
        if isinstance(text, str):
            self._list.recall(text)
        if isinstance(execution, str):
            self.open_alone(execution)

    def open_alone(self, execution_id: str) -> None:
        """Show everything about one, over the list."""
        self._stack.to_first()
        self.open_execution(execution_id)

    def open_execution(self, execution_id: str) -> None:
        """Show everything about one."""
        self._stack.push(ExecutionDetailView(self.services, execution_id))

    @on(PagedTable.Opened, "#list-table")
    def _opened(self, event: PagedTable.Opened) -> None:
        event.stop()
        self.open_execution(event.row.key)

    @on(ExecutionDetailView.Deeper)
    def _deeper(self, event: ExecutionDetailView.Deeper) -> None:
        event.stop()
        self._stack.push(event.document)
