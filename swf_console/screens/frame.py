"""The frame around the screens: rows 1 and 2, the bottom lines, the title, and what is said there."""

import os
from collections.abc import Mapping

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import ContentSwitcher

from ..actions import action_of, keys_of
from ..backend.operations.console.services import ConsoleServices
from ..widgets.key_line import KeyLine
from ..widgets.keys import spoken
from ..widgets.line import Line
from ..widgets.places import places_above
from ..widgets.rule import Rule
from ..widgets.screen_bar import ScreenBar, Tab
from ..widgets.status_bar import StatusBar
from .alerts import Alert, Alerts, line_of
from .catalogue import Listed, panes
from .clipboard import title_sequence
from .key_order import KeysInTurn
from .recording import keep_alert, result_line
from .standing import Writes, standing
from .watching import PipeWatch


class Frame(KeysInTurn):
    """What is always on screen. `shown` is the name of the screen that is open."""

    def __init__(self, services: ConsoleServices, environ: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.services = services
        self.environ = os.environ if environ is None else environ
        self.alerts = Alerts()
        self.writes = Writes(services)
        self.shown = ""
        self._watch = PipeWatch()
        self._title = ""

    def compose(self) -> ComposeResult:
        yield StatusBar()
        yield ScreenBar([Tab(pane.name, _key_of(pane), pane.title, pane.short) for pane in panes()])
        yield Rule()
        yield ContentSwitcher(id="panes")
        yield Rule()
        yield Line(id="alert-line")
        yield Line(id="action-line")
        yield KeyLine(id="keys-line")

    @property
    def writable(self) -> bool:
        """Whether actions that change something are allowed now."""
        return not self.writes.refusal

    @property
    def refusal(self) -> str:
        """Why they are not."""
        return self.writes.refusal

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show one line on the action line."""
        self.action_line(result_line(text, bad=bad))

    def action_line(self, content: Content) -> None:
        """The action line says this from now on."""
        self.query_one("#action-line", Line).show(content)

    def alert(
        self, text: str, *, screen: str = "", where: dict[str, object] | None = None, bad: bool = True
    ) -> None:
        """Something needs a human, or is to be watched: it stands there until it is acknowledged."""
        self.add_alert(Alert(text, bad, screen, where or {}))

    def add_alert(self, alert: Alert) -> None:
        """Show and journal it."""
        if self.alerts.add(alert):
            self.run_worker(lambda: keep_alert(self.services, alert), thread=True, group="journal")
            self.show_alerts()

    def show_alerts(self) -> None:
        """Row 2 and the alert line."""
        bad, watch = self.alerts.counts
        self.query_one(ScreenBar).show(self.shown, bad, watch)
        self.query_one("#alert-line", Line).show(*line_of(self.alerts.newest))

    def show_keys(self) -> None:
        """The keys that work where the focus is."""
        places = places_above(self.screen_stack[0].focused) or (self.shown,)
        self.query_one(KeyLine).show(places, self.refusal)

    def refresh_frame(self) -> None:
        """Say anew what is said all around."""
        if self.is_headless and not self.is_running:
            return
        self.query_one(StatusBar).show(standing(self.services, self.writes))
        self.show_keys()
        for change in self._watch.look(self.services.pipes()):
            if isinstance(change, Alert):
                self.add_alert(change)
            else:
                self.alerts.settle(change)
        self._tell()
        self.show_alerts()
        self._show_title()

    def _tell(self) -> None:
        """What was found on screens that nobody looks at."""
        for one in self.services.findings.take() if self.services.findings else ():
            if one.over:
                self.alerts.settle(one.key)
            elif one.alert:
                self.add_alert(Alert(one.text, one.bad, one.screen, one.where, one.key))
            else:
                self.say(one.text)

    def _show_title(self) -> None:
        bad, watch = self.alerts.counts
        verdict = f"{bad} need you" if bad else (f"{watch} to watch" if watch else "ok")
        title = f"swf-console {self.services.namespace or ''} {verdict}".replace("  ", " ")
        if title != self._title:
            self._title = title
            self.write_to_terminal(title_sequence(title, self.environ))

    def write_to_terminal(self, sequence: str) -> None:
        """Send a sequence that paints nothing."""
        if sequence and self._driver is not None and not self.is_headless:
            self._driver.write(sequence)


def _key_of(pane: Listed) -> str:
    """The key that opens it, as the key map has it."""
    return spoken(keys_of(action_of(f"open('{pane.name}')"))[0])
