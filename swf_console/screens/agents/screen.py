"""The Agents screen: states from supervisord and heartbeats, and the log of the agent under the cursor."""

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Static

from ...actions.registry import action_of
from ...backend.core.format import plural
from ...backend.services.agents.control import find_orphans
from ...viewmodels.agents.control import change
from ...viewmodels.agents.monitor import AgentMonitor
from ...widgets.key_labels import with_keys
from ...widgets.table.columns import Column
from ...widgets.table.short_list import Item, ShortList
from ...widgets.text.notice import Notice
from ...widgets.worker import BlockingCall
from ..base.agents_summary import agents_summary
from ..base.host import host_of
from ..base.outages import database_notice
from ..base.polling import cause_of
from ..base.prompt import Prompt
from ..base.screen import ListScreen
from .log import AgentLog
from .rows import COLUMNS, agent_item, notices

if TYPE_CHECKING:
    from ...backend.services.agents.snapshot import AgentsSnapshot, AgentStatus
    from ...viewmodels.context import ConsoleContext


NO_AGENTS = "No agents. Press {launch} to run a workflow, or create a home: swf-console init DIR"


class AgentsScreen(ListScreen["AgentsSnapshot"]):
    """The list of agents and a log, side by side where there is room."""

    screen_name: ClassVar[str] = "agents"
    columns: ClassVar[Sequence[Column]] = COLUMNS
    DEFAULT_CSS = """
    AgentsScreen {
        & > #agents-parts { layout: vertical; height: 1fr; }
        & #agents-list { height: 1fr; min-height: 4; }
        & #agents-log { height: 1fr; }
        & > #agents-summary { height: 1; padding: 0 1; }
        &.-wide > #agents-parts { layout: horizontal; }
        &.-wide #agents-list { width: 3fr; height: 100%; }
        &.-wide #agents-log { width: 2fr; height: 100%; }
        &.-no-log #agents-log { display: none; }
    }
    """

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__(context)
        self._snapshot: AgentsSnapshot | None = None
        self._recalled = ""
        self._monitor: AgentMonitor | None = None
        self._orphans = BlockingCall(self, "orphans")

    def compose(self) -> ComposeResult:
        """The list above or beside the log."""
        yield Static(id="agents-summary", markup=False)
        yield Prompt()
        yield Notice(identity="agents-notice")
        with Container(id="agents-parts"):
            yield ShortList(COLUMNS, identity="agents-list", empty="Loading ...", markable=True)
            yield AgentLog(self.context)

    @property
    def listing(self) -> ShortList:
        """The agents."""
        return self.query_one("#agents-list", ShortList)

    @property
    def _current(self) -> "AgentStatus | None":
        item = self.listing.current
        return _line(item) if item else None

    @property
    def log_pane(self) -> AgentLog:
        """The log of the agent under the cursor."""
        return self.query_one(AgentLog)

    def opened(self) -> None:
        """Start polling, and following the log."""
        super().opened()
        self.log_pane.open(self._current)

    def closed(self) -> None:
        """Stop both."""
        super().closed()
        self.log_pane.close()

    def _read(self) -> "AgentsSnapshot":
        if self._monitor is None:
            # in the thread that reads: it loads the libraries of supervisor and database
            self._monitor = AgentMonitor(self.context)
        return self._monitor.snapshot()

    def _show(self, snapshot: "AgentsSnapshot") -> None:
        self._snapshot = snapshot
        items = [agent_item(line, snapshot) for line in snapshot.lines]
        self.listing.set_empty_text(with_keys(NO_AGENTS))
        self.listing.show(items)
        if self._recalled and self.listing.go_to(self._recalled):
            self._recalled = ""
        self.log_pane.update_status(self._current)
        self.query_one("#agents-summary", Static).update(agents_summary(snapshot))
        outage = database_notice(self.context, snapshot.database_trouble)
        self.query_one(Notice).say(*notices(snapshot, outage))

    @on(ShortList.Moved, "#agents-list")
    def _moved(self, event: ShortList.Moved) -> None:
        self.log_pane.follow(_line(event.item) if event.item else None)

    @on(ShortList.Chosen, "#agents-list")
    def _chosen(self) -> None:
        self.remove_class("-no-log")
        self.log_pane.focus()

    def action_back(self) -> None:
        """Unmark all agents and return from the log to the list."""
        self.listing.unmark()
        self.listing.focus()

    def action_logs(self) -> None:
        """Show or hide the log."""
        self.toggle_class("-no-log")

    def action_start(self) -> None:
        """Start the marked agents, or the one under the cursor."""
        self._change("start", self._names(lambda line: not line.view.is_up))

    def action_stop(self) -> None:
        """Stop the marked agents, or the one under the cursor."""
        self._change("stop", self._names(lambda line: line.view.state != "STOPPED"))

    def action_restart(self) -> None:
        """Restart the marked agents, or the one under the cursor."""
        self._change("restart", self._names(lambda _: True))

    def action_start_needed(self) -> None:
        """Start the agents that the configured workflow needs and that are not running."""
        snapshot = self._snapshot
        if snapshot is None or not snapshot.missing:
            host_of(self).say("all agents that the configured workflow needs are running")
            return
        self._change("start", list(snapshot.missing), many=True)

    def action_end_orphans(self) -> None:
        """Find processes that outlived their supervisord, and end them once the user confirms."""
        host = host_of(self)
        if not host.writable:
            host.say(host.refusal, bad=True)
            return
        self._orphans.start(
            lambda: self._find_orphans(end=False),
            self._confirm_orphans,
            lambda error: host.say(cause_of(error), bad=True),
        )

    def _confirm_orphans(self, names: Sequence[str]) -> None:
        host = host_of(self)
        if not names:
            host.say("no orphans: no agent process has outlived its supervisord")
            return
        action, command = action_of("end_orphans", "agents"), "swf-console agents orphans --end"

        def end() -> str:
            return f"ended {', '.join(self._find_orphans(end=True)) or 'nothing'}"

        host.confirm_many(
            f"End {plural(len(names), 'orphan')}?",
            names,
            lambda: host.record(action, command, end, lambda _: self._changed()),
        )

    def _find_orphans(self, *, end: bool) -> Sequence[str]:
        """Runs in a worker thread."""
        found = find_orphans(self.context.settings, end=end, supervisor=self.context.supervisor)
        return [f"{one.process} (PID {one.pid})" for one in found]

    def _names(self, fits: "Callable[[AgentStatus], bool]") -> Sequence[str]:
        chosen = [_line(item) for item in self.listing.chosen]
        under = [line for line in chosen if line.view.program]
        if chosen and not under:
            host_of(self).say(f"{chosen[0].view.name} is not running under this supervisord", bad=True)
        elif under and not (fitting := [line.key for line in under if fits(line)]):
            host_of(self).say(f"{under[0].key} is already {under[0].view.state}", bad=True)
        else:
            return fitting if under else []
        return []

    def _change(self, verb: str, names: Sequence[str], *, many: bool = False) -> None:
        if not names:
            return
        host = host_of(self)
        if not host.writable:
            host.say(host.refusal, bad=True)
            return
        action = action_of(verb, "agents")
        command = shlex.join(["swf-console", "agents", verb, *names])

        def go() -> None:
            host.record(action, command, lambda: self._do(verb, names), lambda _: self._changed())

        if len(names) > 1 or many:
            host.confirm_many(f"{verb.capitalize()} {plural(len(names), 'agent')}?", names, go)
        else:
            host.ask(f"{verb.capitalize()} {names[0]}?", go)

    def _do(self, verb: str, names: Sequence[str]) -> str:
        """Runs in a worker thread."""
        return change(self.context, verb, names)

    def _changed(self) -> None:
        self.listing.unmark()
        self.poll.now()

    def copy_text(self, what: str) -> str | None:
        """The row, its name, or the command line that shows its log."""
        item = self.listing.current
        if item is None:
            return None
        if what == "command":
            return shlex.join(["swf-console", "agents", "logs", item.key, "--follow"])
        return item.key if what == "cell" else "  ".join(cell.text for cell in item.cells)

    def remember(self) -> dict[str, object]:
        """The agent under the cursor, whether the log is shown, the columns."""
        current = self.listing.current
        agent = current.key if current else ""
        return {**super().remember(), "agent": agent, "log": not self.has_class("-no-log")}

    def recall(self, remembered: dict[str, object]) -> None:
        """Go to that agent as soon as it is listed."""
        super().recall(remembered)
        self._recalled = str(remembered.get("agent") or "")
        self.set_class(remembered.get("log") is False, "-no-log")
        if self.is_mounted and self._recalled and self.listing.go_to(self._recalled):
            self._recalled = ""


def _line(item: Item) -> "AgentStatus":
    return cast("AgentStatus", item.value)
