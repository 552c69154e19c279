"""The Executions screen: what ran and what runs; look deeper, stop, run again, compare, replay, export."""

import shlex
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult

from ..actions import action_of
from ..backend.operations.console.lists import ExecutionSummary
from ..widgets.background import Background
from ..widgets.harmless import brief
from ..widgets.paged_table import PagedTable
from .compare import CompareView
from .execution_detail import ExecutionDetailView
from .execution_list import ExecutionList
from .execution_preview import ExecutionPreview
from .host import host_of
from .pane import Pane
from .polling import cause_of
from .replay import ReplayView
from .views import ViewStack

if TYPE_CHECKING:
    from ..backend.operations.console.looked_at import Comparison, Looked
    from ..backend.operations.console.replaying import Replay
    from ..backend.operations.console.services import ConsoleServices
    from ..backend.operations.rerunning import Rerun

SCREEN = "executions"
WIDE = 120


class ExecutionsPane(Pane):
    """The list, and what is opened from it."""

    screen_name: ClassVar[str] = SCREEN
    help_text: ClassVar[str] = (
        "Space marks a row; two that are marked are compared with c. n and N go to the next and the previous "
        "match of F. In an execution left and right go from section to section, t shows the messages of one "
        "type, Enter opens a message or a value whole."
    )
    DEFAULT_CSS = """
    ExecutionsPane { layout: horizontal; height: 1fr; width: 1fr; }
    ExecutionsPane > ViewStack { width: 3fr; }
    """

    def __init__(self, services: "ConsoleServices") -> None:
        super().__init__(services)
        self._list = ExecutionList(services)
        self._stack = ViewStack(self._list)
        self._preview = ExecutionPreview(services)
        self._wide = False
        self._asking = Background(self, "executions")

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
    def stack(self) -> ViewStack:
        """The views, one over the other."""
        return self._stack

    @property
    def execution_id(self) -> str | None:
        """The execution that an action concerns: the one that is open, else the one under the cursor."""
        for view in reversed(self._stack.views):
            if isinstance(view, ExecutionDetailView):
                return view.execution_id
        execution = self._list.execution
        return execution.execution_id if execution else None

    @property
    def execution(self) -> ExecutionSummary | None:
        """The same with what is known of it."""
        for view in reversed(self._stack.views):
            if isinstance(view, ExecutionDetailView):
                return view.looked.detail.execution if view.looked else None
        return self._list.execution

    def opened(self) -> None:
        """Begin to read."""
        self._stack.opened()

    def closed(self) -> None:
        """Read no more."""
        self._stack.closed()

    def refresh_now(self) -> None:
        """Read again at once."""
        self._stack.front.refresh_now()

    def copy_text(self, what: str) -> str | None:
        """What the view in front has."""
        return self._stack.front.copy_text(what)

    def remember(self) -> dict[str, object]:
        """The filter and the order."""
        return {
            "filter": self._list.filter,
            "order_by": self._list.order_by,
            "descending": self._list.descending,
        }

    def recall(self, remembered: dict[str, object]) -> None:
        """Take up filter and order; `execution` opens one."""
        order_by, descending = remembered.get("order_by"), remembered.get("descending")
        if isinstance(order_by, str) and order_by in ("started", "id", "status", "user"):
            self._list.order_by = order_by
            self._list.descending = bool(descending)
        text, execution = remembered.get("filter"), remembered.get("execution")
        if isinstance(text, str):
            self._list.recall(text)
        if isinstance(execution, str):
            self._stack.to_first()
            self.open_execution(execution)

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

    def action_turn(self) -> None:
        """List the other way round."""
        self._stack.to_first()
        self._list.order(turn=True)

    def action_stop(self) -> None:
        """Stop the execution; in another's namespace a dialog asks, else a line."""
        host, execution = host_of(self), self.execution
        if not self._may("stop"):
            return
        if execution is None:
            host.say("There is no execution here to stop")
            return
        execution_id = execution.execution_id
        if execution.status != "running":
            host.say(f"{brief(execution_id, 100)} does not run: it is {brief(execution.status, 20)}")
            return

        def stop() -> str:
            from ..backend.operations.stopping import stop_execution

            stopped = stop_execution(self.services.settings, self.services.database(), execution_id)
            return f"{stopped.status} after {stopped.seconds:.1f} s"

        def go() -> None:
            command = f"executions stop {shlex.quote(execution_id)}"
            host.record(action_of("stop", SCREEN), command, stop, lambda _: self.refresh_now())

        if execution.namespace == self.services.namespace:
            host.ask(f"Stop {brief(execution_id, 100)}?", go)
        else:
            whose = brief(execution.namespace or "-", 60)
            title = f"Stop an execution in namespace {whose}, which is not this one"
            host.confirm_many(title, [brief(execution_id, 200)], go)

    def _may(self, name: str) -> bool:
        """Whether something may be changed; says so where not, before anything is asked."""
        host = host_of(self)
        if not host.writable:
            host.say(f"{action_of(name, SCREEN).title}: refused, {host.refusal}", bad=True)
        return host.writable

    def action_rerun(self) -> None:
        """Run it again with the same parameters, in this namespace; say first what will not be the same."""
        host, execution = host_of(self), self.execution
        if not self._may("rerun"):
            return
        if execution is None:
            host.say("There is no execution here to run again")
            return
        execution_id = execution.execution_id
        namespace = self.services.namespace or execution.namespace

        def read() -> "Rerun":
            from ..backend.operations.rerunning import rerun_of

            database = self.services.database()
            return rerun_of(self.services.settings, database, execution_id, namespace=namespace)

        def ask(rerun: "Rerun") -> None:
            where = f"in {brief(namespace or '-', 60)}"
            not_same = "".join(f" Not the same: {brief(warning, 100)}." for warning in rerun.warnings[:2])
            host.ask(f"Run {brief(execution_id, 60)} again {where}?{not_same}", lambda: begin(rerun))

        def begin(rerun: "Rerun") -> None:
            command = shlex.join(["executions", "rerun", execution_id, "--namespace", str(namespace)])
            action = action_of("rerun", SCREEN)
            host.record(action, command, lambda: self.services.runs.start(rerun.request), self._begun)

        self._asking.start(read, ask, lambda error: host.say(cause_of(error), bad=True))

    def _begun(self, execution_id: object) -> None:
        if isinstance(execution_id, str):
            self._stack.to_first()
            self.open_execution(execution_id)

    def action_compare(self) -> None:
        """Compare the two that are marked."""
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

    def action_export(self) -> None:
        """Write the execution and all that belongs to it as JSON."""
        host, execution_id = host_of(self), self.execution_id
        if execution_id is None:
            host.say("There is no execution here to export")
            return

        def export() -> str:
            from ..backend.operations.console.exports import export_execution

            return export_execution(self.services, execution_id)

        command = f"export {shlex.quote(execution_id)} --output {shlex.quote(f'{execution_id}.json')}"
        host.record(action_of("export", SCREEN), command, export)

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

        self._asking.start(read, show, lambda error: host_of(self).say(cause_of(error), bad=True))
