"""The Executions screen: list, detail, compare, replay, and actions on executions."""

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult

from ...backend.core.sanitize import brief
from ...backend.database.records.workflows import ExecutionSummary
from ...widgets.key_labels import with_keys
from ...widgets.table.paged_table import PagedTable
from ...widgets.worker import BlockingCall
from ..base.host import host_of
from ..base.polling import cause_of
from ..base.screen import WIDE, StackedScreen
from ..base.views import ViewStack
from ..dialogs.stop_execution import ask_to_stop
from .actions import ExecutionActions
from .compare import CompareView
from .detail import ExecutionDetailView
from .list import ExecutionList
from .preview import ExecutionPreview
from .replay import ReplayView, replay_of

if TYPE_CHECKING:
    from ...viewmodels.context import ConsoleContext
    from ...viewmodels.executions.replay import Replay


class ExecutionsScreen(StackedScreen):
    """The list with its preview, and the views that are opened from it."""

    screen_name: ClassVar[str] = "executions"
    help_text: ClassVar[str] = (
        "{table.mark} marks a row; {executions.compare} compares two marked executions. {executions.find} "
        "searches, {table.next_match} and {table.previous_match} go to the next and the previous match. In "
        "an execution {execution.section_before} and {execution.section} switch between its sections, "
        "{execution.kind} shows the messages of one type, Enter opens a complete message or value."
    )
    DEFAULT_CSS = """
    ExecutionsScreen { layout: horizontal; height: 1fr; width: 1fr; }
    ExecutionsScreen > ViewStack { width: 3fr; }
    """

    def __init__(self, context: "ConsoleContext") -> None:
        self._list = ExecutionList(context)
        super().__init__(context, self._list)
        self._preview = ExecutionPreview(context)
        self._wide = False
        self._reading = BlockingCall(self, "executions")
        self._actions = ExecutionActions(self, context, self._reading, self.open_alone)

    def compose(self) -> ComposeResult:
        """The stack of views, and the preview beside it."""
        yield self._stack
        yield self._preview

    def on_resize(self, event: events.Resize) -> None:
        """Show the preview where there is room."""
        self._wide = event.size.width >= WIDE
        self._arrange()

    @on(ViewStack.Changed)
    def _arrange(self) -> None:
        shown = self._wide and self._stack.front is self._list
        self._preview.set_class(shown, "-shown")
        if shown:
            self._preview.show(self.execution_id)

    @on(PagedTable.Moved, "#list-table")
    def _moved(self, event: PagedTable.Moved) -> None:
        event.stop()
        self._preview.show(event.row.key if event.row else None)

    @on(PagedTable.Opened, "#list-table")
    def _opened(self, event: PagedTable.Opened) -> None:
        event.stop()
        self.open_execution(event.row.key)

    @on(ExecutionDetailView.DocumentRequested)
    def _open_document(self, event: ExecutionDetailView.DocumentRequested) -> None:
        event.stop()
        self._stack.push(event.document)

    @property
    def list(self) -> ExecutionList:
        """The list."""
        return self._list

    @property
    def execution_id(self) -> str | None:
        """The id of the subject of actions: the open execution, else the one under the cursor."""
        if self._stack.front.concerns_many:
            return None
        if (view := self._detail) is not None:
            return view.execution_id
        execution = self._list.execution
        return execution.execution_id if execution else None

    @property
    def execution(self) -> ExecutionSummary | None:
        """The record of the subject of actions, as far as it has been read."""
        if self._stack.front.concerns_many:
            return None
        if (view := self._detail) is not None:
            return view.recorded.detail.execution if view.recorded else None
        return self._list.execution

    @property
    def _detail(self) -> ExecutionDetailView | None:
        """The execution that is open, nearest to the front."""
        opened = (view for view in reversed(self._stack.views) if isinstance(view, ExecutionDetailView))
        return next(opened, None)

    def remember(self) -> dict[str, object]:
        """Filter, order and columns."""
        return self._list.remember()

    def recall(self, remembered: dict[str, object]) -> None:
        """Restore filter, order and columns; `execution` opens one."""
        self._list.recall(remembered)
        execution = remembered.get("execution")
        if isinstance(execution, str):
            self.open_alone(execution)

    def open_alone(self, execution_id: str) -> None:
        """Show one execution, with only the list behind it."""
        self._stack.pop_to_first()
        self.open_execution(execution_id)

    def open_execution(self, execution_id: str) -> None:
        """Show one execution."""
        self._stack.push(ExecutionDetailView(self.context, execution_id))

    def action_stop(self) -> None:
        """Stop the execution."""
        ask_to_stop(self, self.context, "executions", self.execution, self.refresh_now)

    def action_rerun(self) -> None:
        """Run it again."""
        self._actions.rerun(self.execution)

    def action_export(self) -> None:
        """Write it with all its records as JSON."""
        self._actions.export(self.execution_id)

    def action_back(self) -> None:
        """Go back one view; on the list, remove the marks, then the filter."""
        if not self._stack.front.back():
            self._stack.pop()

    def action_filter(self) -> None:
        """Prompt for a filter."""
        self._stack.pop_to_first()
        self._list.begin_filter()

    def action_find(self) -> None:
        """Prompt for a text to search in the list or in the open section."""
        if isinstance(self._stack.front, ExecutionDetailView):
            self._stack.front.begin_search()
        else:
            self._stack.pop_to_first()
            self._list.begin_search()

    def action_order(self) -> None:
        """Use the next order."""
        self._stack.pop_to_first()
        self._list.order()

    def action_columns(self) -> None:
        """Prompt for the columns."""
        self._stack.pop_to_first()
        self._list.begin_columns()

    def action_turn(self) -> None:
        """Reverse the order."""
        self._stack.pop_to_first()
        self._list.order(reverse=True)

    def action_compare(self) -> None:
        """Compare the two marked executions."""
        if self._stack.front.concerns_many:
            self.refresh_now()
            return
        marked = [*self._list.table.marked]
        # one mark and the cursor on another row are two executions as well
        if len(marked) == 1 and self.execution_id not in (None, marked[0]):
            marked.append(str(self.execution_id))
        if len(marked) != 2:
            keys = with_keys("mark two executions with {table.mark}, then press {executions.compare}")
            host_of(self).say(f"{keys} ({len(marked)} marked)")
            return
        self._stack.push(CompareView(self.context, *marked))

    def action_replay(self) -> None:
        """Replay the state changes."""
        execution_id = self.execution_id
        if execution_id is None:
            host_of(self).say("no execution to replay", bad=True)
            return

        def show(replay: "Replay") -> None:
            if not replay.events:
                host_of(self).say(f"{brief(execution_id, 100)} recorded no state changes to replay")
                return
            self._stack.push(ReplayView(execution_id, replay))

        self._reading.start(
            partial(replay_of, self.context, execution_id),
            show,
            lambda error: host_of(self).say(cause_of(error), bad=True),
        )
