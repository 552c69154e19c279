"""The Overview screen: the verdict on the testbed, running executions, recent changes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.widgets import Static

from ...widgets.key_labels import with_keys
from ...widgets.semantic_colors import STYLES
from ...widgets.table.short_list import Item, ShortList
from ...widgets.tail.line_view import Lines
from ...widgets.text.notice import Notice
from ..base.host import host_of
from ..base.outages import database_notice, outages, unknown_because
from ..base.screen import PolledScreen
from ..dialogs.stop_execution import ask_to_stop
from .rows import CHANGE_COLUMNS, RUNNING_COLUMNS, change_item, detail_lines, running_item, verdict_parts

if TYPE_CHECKING:
    from ...backend.services.alarms.verdict import Change
    from ...backend.services.executions.progress import ExecutionProgress
    from ...viewmodels.context import ConsoleContext
    from ...viewmodels.overview.monitor import OverviewMonitor
    from ...viewmodels.overview.snapshot import OverviewSnapshot


class OverviewScreen(PolledScreen["OverviewSnapshot"]):
    """Verdict, running executions, detail, recent changes."""

    screen_name: ClassVar[str] = "overview"
    help_text: ClassVar[str] = (
        "The first line is the verdict. Below it are the running executions; the one under the cursor is "
        "shown with its DAQ states and its pipeline: (-3) means that a stage is three messages behind the "
        "stage before. Enter opens the execution, {next_part} goes to the changes of the last ten minutes."
    )
    DEFAULT_CSS = """
    OverviewScreen {
        & > #overview-verdict { height: auto; max-height: 3; padding: 0 1; text-style: bold; }
        & > #overview-parts { height: 1fr; layout: vertical; }
        & #overview-now { height: auto; layout: vertical; }
        & #overview-running { height: auto; max-height: 7; }
        & #overview-detail { height: 5; }
        & #overview-changes { height: 1fr; border-top: solid $panel; }
        &.-wide > #overview-parts { layout: horizontal; }
        &.-wide #overview-now { width: 3fr; height: 100%; }
        &.-wide #overview-running { max-height: 20; }
        &.-wide #overview-changes { width: 2fr; height: 100%; border-top: none; border-left: solid $panel; }
    }
    """

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__(context)
        self._monitor: OverviewMonitor | None = None
        self.snapshot: OverviewSnapshot | None = None

    def compose(self) -> ComposeResult:
        """Verdict, running executions with detail, changes."""
        yield Static("Loading ...", id="overview-verdict", markup=False)
        yield Notice(identity="overview-notice")
        with Container(id="overview-parts"):
            with Container(id="overview-now"):
                yield ShortList(RUNNING_COLUMNS, identity="overview-running", empty="Loading ...")
                yield Lines(identity="overview-detail")
            yield ShortList(CHANGE_COLUMNS, identity="overview-changes", empty="Loading ...")

    @property
    def listing(self) -> ShortList:
        """The running executions."""
        return self.query_one("#overview-running", ShortList)

    @property
    def changes(self) -> ShortList:
        """The recent changes."""
        return self.query_one("#overview-changes", ShortList)

    @property
    def detail(self) -> Lines:
        """The detail of the execution under the cursor, the agents, the message rate."""
        return self.query_one("#overview-detail", Lines)

    @property
    def verdict(self) -> str:
        """The verdict."""
        return str(self.query_one("#overview-verdict", Static).render())

    def on_mount(self) -> None:
        """The detail never takes the focus."""
        self.detail.can_focus = False

    def _read(self) -> "OverviewSnapshot":
        # another process has read the first snapshot while this one loaded Textual
        prefetch = self.context.prefetch
        prefetched: OverviewSnapshot | None = prefetch.take() if self._monitor is None and prefetch else None
        if prefetched is not None:
            return prefetched
        if self._monitor is None:
            from ...viewmodels.overview.monitor import OverviewMonitor

            self._monitor = OverviewMonitor(self.context)
        return self._monitor.snapshot()

    def _show(self, snapshot: "OverviewSnapshot") -> None:
        if self.snapshot is None and (prefetch := self.context.prefetch) is not None:
            self.call_after_refresh(prefetch.shown)
        self.snapshot = snapshot
        ((text, color),) = verdict_parts(snapshot.verdict)
        self.query_one("#overview-verdict", Static).update(Content.styled(text, STYLES[color]))
        # the last rows stay, dimmed
        if not snapshot.database_trouble:
            self.listing.show([running_item(one) for one in snapshot.running])
        self.listing.stale = self.changes.stale = self.detail.stale = bool(snapshot.database_trouble)
        database = database_notice(self.context, snapshot.database_trouble)
        self.query_one(Notice).say(*outages(self.context, "broker"), database)
        unknown = f"Not known: {unknown_because(self.context, 'db')}" if snapshot.database_trouble else ""
        none = with_keys(
            "No execution is running. {launch} runs a workflow, {executions} lists past executions"
        )
        self.listing.set_empty_text(unknown or none)
        self.changes.set_empty_text(unknown or "No activity in the last ten minutes")
        self.changes.show([change_item(change, n) for n, change in enumerate(snapshot.changes)])
        self._show_detail()

    def _show_detail(self) -> None:
        if self.snapshot is None:
            return
        item = self.listing.current
        width = self.detail.size.width or self.size.width
        one = cast("ExecutionProgress", item.value) if item else None
        broker = unknown_because(self.context, "broker") if outages(self.context, "broker") else ""
        self.detail.show(detail_lines(self.snapshot, one, width, no_rate=broker))

    @property
    def stale_parts(self) -> Sequence[ShortList | Lines]:
        """Everything but the verdict."""
        return self.listing, self.changes, self.detail

    @on(ShortList.Moved, "#overview-running")
    def _moved(self) -> None:
        self._show_detail()

    @on(ShortList.Chosen)
    def _chosen(self, event: ShortList.Chosen) -> None:
        identity = self._execution_of(event.item)
        if identity:
            host_of(self).open_screen("executions", execution=identity)

    def _execution_of(self, item: Item | None) -> str:
        if item is None:
            return ""
        if item in self.listing.items:
            return item.key
        return cast("Change", item.value).execution_id

    def action_stop(self) -> None:
        """Stop the execution under the cursor."""
        item = self.listing.current
        execution = cast("ExecutionProgress", item.value).summary if item else None
        ask_to_stop(self, self.context, "overview", execution, self.poll.now)

    def copy_text(self, what: str) -> str | None:
        """The verdict, or the execution under the cursor."""
        item = self.listing.current
        if what == "command":
            return "swf-console status"
        return item.key if item and what == "cell" else self.verdict if what == "row" else None
