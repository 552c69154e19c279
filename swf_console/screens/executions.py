"""The Executions screen: what ran and what runs; look deeper, stop, run again, compare, replay, export."""

from typing import TYPE_CHECKING, ClassVar

from ..widgets.harmless import brief
from .compare import CompareView
from .execution_actions import ExecutionActions
from .execution_detail import ExecutionDetailView
from .host import host_of
from .polling import cause_of
from .replay import ReplayView

if TYPE_CHECKING:
    from ..backend.operations.console.looked_at import Comparison, Looked
    from ..backend.operations.console.replaying import Replay


class ExecutionsPane(ExecutionActions):
    """The list, and what is opened from it."""

    screen_name: ClassVar[str] = "executions"
    help_text: ClassVar[str] = (
        "{table.mark} marks a row; two that are marked are compared with {executions.compare}. "
        "{table.next_match} and {table.previous_match} go to the next and the previous match of "
        "{executions.find}. In an execution {execution.section_before} and {execution.section} go from "
        "section to section, {execution.kind} shows the messages of one type, Enter opens a message or a "
        "value whole."
    )

    def action_back(self) -> None:
        """One view back; on the list the marks, then the filter go."""
        if not self._stack.front.back():
            self._stack.pop()

    def action_filter(self) -> None:
        """Type a filter."""
        self._stack.to_first()
        self._list.begin_filter()

    def action_find(self) -> None:
        """Type what to look for, in the list or in the section of an execution."""
        if isinstance(self._stack.front, ExecutionDetailView):
            self._stack.front.begin_search()
        else:
            self._stack.to_first()
            self._list.begin_search()

    def action_order(self) -> None:
        """List in the next order."""
        self._stack.to_first()
        self._list.order()

    def action_columns(self) -> None:
        """Type which columns are shown."""
        self._stack.to_first()
        self._list.begin_columns()

    def action_turn(self) -> None:
        """List the other way round."""
        self._stack.to_first()
        self._list.order(turn=True)

    def action_compare(self) -> None:
        """Compare the two that are marked."""
        if self._stack.front.of_many:
            self.refresh_now()
            return
        marked = list(self._list.table.marked)
        if len(marked) == 1 and self.execution_id not in (None, marked[0]):
            marked.append(str(self.execution_id))
        if len(marked) != 2:
            host_of(self).say(f"Mark two executions with space, then c: {len(marked)} marked")
            return
        first, second = marked

        def compare() -> "Comparison":
            from ..backend.operations.console.looked_at import compared

            return compared(self.services, first, second)

        self._stack.push(CompareView(first, second, compare))

    def action_replay(self) -> None:
        """Play its states once more."""
        execution_id = self.execution_id
        if execution_id is None:
            host_of(self).say("There is no execution here to replay")
            return

        def read() -> "Replay":
            from ..backend.operations.console.looked_at import look_at_execution
            from ..backend.operations.console.replaying import Replay, moments_of

            looked: Looked = look_at_execution(self.services, execution_id)
            return Replay(moments_of(looked.detail.events))

        def show(replay: "Replay") -> None:
            if not replay.moments:
                host_of(self).say(f"{brief(execution_id, 100)} left no state events to replay")
                return
            self._stack.push(ReplayView(execution_id, replay))

        self.asking.start(read, show, lambda error: host_of(self).say(cause_of(error), bad=True))
