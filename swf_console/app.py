"""The console: which screens, which theme, what works everywhere."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.content import Content
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from . import __version__
from .actions import EVERYWHERE, Action, Tier
from .backend.operations.console.services import ConsoleServices
from .screens.alerts import Alert, Alerts, line_of
from .screens.catalogue import PANES, Listed, overlay, panes
from .screens.clipboard import copy_sequence, title_sequence
from .screens.commanding import Commands
from .screens.dialogs import Choice, ConfirmMany, Question, TypeName
from .screens.host import Call, Then
from .screens.pane import Pane
from .screens.recording import Done, keep_alert, performed, result_line
from .screens.standing import Writes, standing
from .screens.themes import ALL
from .screens.watching import PipeWatch
from .widgets.key_line import KeyLine
from .widgets.line import Line
from .widgets.rule import Rule
from .widgets.screen_bar import ScreenBar, Tab
from .widgets.status_bar import StatusBar
from .widgets.symbols import sign, use_symbols

INTERRUPTED = 130
STYLES = Path(__file__).parent / "styles"
COPIES = {"c": "cell", "r": "row", "j": "json", "l": "command"}
COPY_WORDS = {"c": "cell", "r": "row", "j": "JSON", "l": "command line"}


class ConsoleApp(Commands):
    """The frame around the screens, and their host."""

    CSS_PATH: ClassVar[list[str]] = sorted(str(path) for path in STYLES.glob("*.tcss"))  # type: ignore[assignment]
    ENABLE_COMMAND_PALETTE = False
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = set()
    TITLE = "swf-console"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(action.keys), action.name, action.title, id=f"everywhere.{action.name}")
        for action in EVERYWHERE
        if action.keys
    ]

    def __init__(self, services: ConsoleServices, environ: Mapping[str, str] | None = None) -> None:
        use_symbols(services.preferences.symbols)
        super().__init__()
        self.services = services
        self.environ = os.environ if environ is None else environ
        self.alerts = Alerts()
        self.writes = Writes(services)
        self._watch = PipeWatch()
        self._open = self._wanted = ""
        self._focused: dict[str, Widget | None] = {}
        self._title = ""
        for theme in ALL.values():
            self.register_theme(theme)

    def compose(self) -> ComposeResult:
        yield StatusBar()
        yield ScreenBar([Tab(pane.name, pane.key, pane.title, pane.short) for pane in panes()])
        yield Rule()
        yield ContentSwitcher(id="panes")
        yield Rule()
        yield Line(id="alert-line")
        yield Line(id="action-line")
        yield KeyLine(id="keys-line")

    def on_mount(self) -> None:
        """Paint the shell, then open the pipes."""
        self._obey_signals()
        self.theme = self.services.preferences.theme
        self.set_keymap(dict(self.services.preferences.keys))
        self.action_line(Content.styled(f" {sign('done')} swf-console {__version__}", "dim"))
        self._tick()
        self.set_interval(1.0, self._tick)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.app_resume_signal.subscribe(self, self._resumed)
        self.start_services()
        if not self._wanted:
            self.open_screen(self._remembered())
        if self.services.namespace is None:
            self.ask_for_namespace()

    def _remembered(self) -> str:
        """The screen of the last time, or the first one."""
        names = [pane.name for pane in panes()]
        screen = self.services.memory.recall(self.services.namespace, "screen")
        return screen if screen in names else names[0]

    def _obey_signals(self) -> None:
        """SIGTERM and SIGHUP leave in order, so that the terminal is as it was."""
        if not self.is_headless:
            for number in (signal.SIGTERM, signal.SIGHUP):
                asyncio.get_running_loop().add_signal_handler(number, self.exit, INTERRUPTED)

    def _resumed(self, _app: App[Any]) -> None:
        """Back from Ctrl-Z the terminal is empty: everything is painted again."""
        for screen in self.screen_stack:
            for widget in (screen, *screen.query("*")):
                widget.refresh()

    @work(thread=True)
    def start_services(self) -> None:
        """Load what talks to the backends, and begin to."""
        self.services.start()

    # what the panes ask of their host

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

    def ask(self, question: str, on_yes: Callable[[], None]) -> None:
        """Ask y/N on the bottom line."""
        self.push_screen(Question(question), lambda yes: on_yes() if yes else self.say("not done"))

    def confirm_many(self, title: str, names: Sequence[str], on_yes: Callable[[], None]) -> None:
        """Ask in a dialog that lists what is concerned."""
        self.push_screen(ConfirmMany(title, names), lambda yes: on_yes() if yes else self.say("not done"))

    def type_name(self, title: str, name: str, on_yes: Callable[[], None]) -> None:
        """Ask for a name to be typed."""
        self.push_screen(TypeName(title, name), lambda yes: on_yes() if yes else self.say("not done"))

    def record(self, action: Action, command: str, call: Call, then: Then | None = None) -> None:
        """Run `call` in a worker thread, show and journal it."""
        if action.tier is not Tier.READ and self.refusal:
            self.say(f"{action.title}: refused, {self.refusal}", bad=True)
            return
        self.say(f"{command or action.title} {sign('arrow')} under way")
        self.run_worker(lambda: self._perform(action, command, call, then), thread=True, group="actions")

    def _perform(self, action: Action, command: str, call: Call, then: Then | None) -> None:
        done = performed(self.services, action, command, call)
        self.call_from_thread(self._performed, done, then)

    def _performed(self, done: Done, then: Then | None) -> None:
        self.action_line(done.line())
        if done.error is None and then is not None:
            then(done.answer)

    def copy(self, text: str, what: str = "") -> None:
        """Copy by OSC 52, and say how."""
        sequence, how = copy_sequence(text, self.environ)
        if sequence:
            self.write_to_terminal(sequence)
        words = f"copied {what or f'{len(text):,} characters'} ({how})" if sequence else f"not copied: {how}"
        self.say(words, bad=not sequence)

    def open_screen(self, name: str, **where: object) -> None:
        """Show a screen; it is made when it is first opened."""
        listed = next((pane for pane in PANES if pane.name == name and pane.there), None)
        if listed is None:
            self.say(f"there is no screen {name}", bad=True)
            return
        self._wanted = name
        pane = self.pane_of(name)
        if pane is None:
            self.run_worker(self._make(listed, where), group="opening")
        else:
            self._show(listed, pane, where)

    async def _make(self, listed: Listed, where: Mapping[str, object]) -> None:
        """Make a screen, and show it once it has all its parts."""
        made = await asyncio.to_thread(listed.load)
        pane = self.pane_of(listed.name)
        if pane is None:
            pane = made(self.services)
            await self.query_one(ContentSwitcher).add_content(pane, id=f"pane-{listed.name}")
            remembered = self.services.memory.recall(self.services.namespace, listed.name)
            where = {**_plain(remembered), **where}
        if self._wanted == listed.name:
            self._show(listed, pane, where)

    def alert(
        self, text: str, *, screen: str = "", where: dict[str, object] | None = None, bad: bool = True
    ) -> None:
        """Something needs a human, or is to be watched: it stands there until it is acknowledged."""
        self.add_alert(Alert(text, bad, screen, where or {}))

    # the frame's own

    def add_alert(self, alert: Alert) -> None:
        """Show and journal it."""
        if self.alerts.add(alert):
            self.run_worker(lambda: keep_alert(self.services, alert), thread=True, group="journal")
            self.show_alerts()

    def show_alerts(self) -> None:
        """Row 2 and the alert line."""
        bad, watch = self.alerts.counts
        self.query_one(ScreenBar).show(self._open, bad, watch)
        self.query_one("#alert-line", Line).show(*line_of(self.alerts.newest))

    def pane_of(self, name: str) -> Pane | None:
        """That screen, where it has been opened."""
        return next(iter(self.query(f"#pane-{name}").results(Pane)), None)

    @property
    def pane(self) -> Pane | None:
        """The screen that is open."""
        return self.pane_of(self._open) if self._open else None

    @on(ScreenBar.Chosen)
    def clicked(self, event: ScreenBar.Chosen) -> None:
        """A click on row 2."""
        self.open_screen(event.name)

    def _show(self, listed: Listed, pane: Pane, where: Mapping[str, object]) -> None:
        before = self.pane
        if before is not None and before is not pane:
            self.remember()
            self._focused[before.screen_name] = self.focused
            before.closed()
        again, self._open = before is pane, listed.name
        self.query_one(ContentSwitcher).current = pane.id
        if where:
            pane.recall(dict(where))
        if not again:
            pane.opened()
            self.call_after_refresh(self._focus, pane)
        self.call_after_refresh(self.do_pending)
        self.show_alerts()
        self.query_one(KeyLine).show(listed.name, self.refusal)

    def _focus(self, pane: Pane) -> None:
        """The keys go to the screen that is open: to what had them there before, or to the first that can."""
        if self.pane is not pane or (self.focused and pane in self.focused.ancestors_with_self):
            return
        before = self._focused.get(pane.screen_name)
        candidates = [before] if before is not None and before.is_attached else []
        found = next((each for each in [*candidates, *pane.query("*")] if _can_take_keys(each)), None)
        if found is not None:
            found.focus(scroll_visible=False)

    def remember(self) -> None:
        """Keep where we are for the next time."""
        pane, memory, namespace = self.pane, self.services.memory, self.services.namespace
        if pane is not None:
            memory.keep(namespace, pane.screen_name, pane.remember())
            memory.keep(namespace, "screen", pane.screen_name)

    def _tick(self) -> None:
        if self.is_headless and not self.is_running:
            return
        self.query_one(StatusBar).show(standing(self.services, self.writes))
        self.query_one(KeyLine).show(self._open, self.refusal)
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

    def action_copy(self) -> None:
        """Ask what of the thing under the cursor is to be copied, where there is a choice."""
        pane = self.pane
        texts = {key: pane.copy_text(what) for key, what in COPIES.items()} if pane else {}
        known = {key: text for key, text in texts.items() if text}
        if not known:
            self.say("there is nothing to copy here")
        elif len(known) == 1:
            self._copy(next(iter(known)), known)
        else:
            words = {key: COPY_WORDS[key] for key in known}
            self.push_screen(Choice("copy", words), lambda key: self._copy(key, known))

    def _copy(self, key: str | None, texts: Mapping[str, str]) -> None:
        if key is not None:
            self.copy(texts[key], COPY_WORDS[key])

    def refresh_frame(self) -> None:
        """Say anew what is said all around."""
        self._tick()

    def would_end(self) -> tuple[str, ...]:
        """The executions that run in this process."""
        runs = self.services.runs_here
        return tuple(run.execution_id for run in runs.live()) if runs is not None else ()

    def open_overlay(self, name: str) -> None:
        """Show a dialog of its own module."""
        found = overlay(name)
        if found is None:
            self.say(f"there is no {name} here: swf-console --help names what else there is", bad=True)
        else:
            self.push_screen(found.load()(self.services))


def _can_take_keys(widget: Widget) -> bool:
    shown = all(each.display for each in widget.ancestors_with_self if isinstance(each, Widget))
    return shown and widget.focusable


def _plain(remembered: Any) -> dict[str, object]:
    return remembered if isinstance(remembered, dict) else {}
