"""The console application: its parts, its theme, start and end."""

import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType
from textual import events, on, work
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.command import Provider
from textual.content import Content

from . import __version__
from .actions.registry import use_keys
from .screens.dialogs.confirm import Questions
from .screens.shell.action_runner import ActionRunner, journal_crash
from .screens.shell.alarms import AlarmBar
from .screens.shell.clipboard import Clipboard
from .screens.shell.commands import Commands, NamespaceSwitch, WriteLock
from .screens.shell.frame import Frame
from .screens.shell.key_queue import KeyHandled, KeyQueue
from .screens.shell.navigation import Navigation
from .screens.shell.status import WriteAccess
from .screens.shell.themes import THEMES
from .terminal.loss import TerminalLoss
from .viewmodels.context import ConsoleContext
from .viewmodels.terminal import symbols_of, theme_of
from .widgets.bars.screens import ScreenBar
from .widgets.bindings import global_bindings
from .widgets.key_labels import with_keys
from .widgets.symbols import symbol, use_symbols

INTERRUPTED = 130
STYLES = Path(__file__).parent / "styles"


class ConsoleApp(App[int]):
    """The application. It wires the parts and forwards Textual's events to them.

    `terminal_loss` ends it when its terminal is gone; from then on no key is handled and nothing is started.
    """

    CSS_PATH: ClassVar[list[str]] = sorted(str(path) for path in STYLES.glob("*.tcss"))  # type: ignore[assignment]
    ENABLE_COMMAND_PALETTE = False
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = set()
    TITLE = "swf-console"
    BINDINGS: ClassVar[list[BindingType]] = global_bindings()

    def __init__(self, context: ConsoleContext, environ: Mapping[str, str] | None = None) -> None:
        use_keys(context.preferences.keys)
        # with NO_COLOR: the terminal's own colours, which Textual then removes; bold, dim and reverse remain
        super().__init__(ansi_color=True if "NO_COLOR" in os.environ else None)
        self.context = context
        self.environ = os.environ if environ is None else environ
        self.failure = ""
        self.terminal_loss = TerminalLoss(self)
        use_symbols(symbols_of(context.preferences, self.environ))
        for theme in THEMES.values():
            self.register_theme(theme)
        self._start_with_theme("16-colour" if self.no_color else theme_of(context.preferences, self.environ))
        self.write_access = WriteAccess(context)
        self.key_queue = KeyQueue(self._deliver_key, lambda: self.focused or self.screen, self.call_later)
        self.frame = Frame(
            context,
            self.write_access,
            self.environ,
            lambda: self.screen_stack[0].focused,
            self.write_to_terminal,
        )
        self.alarms = AlarmBar(context, self.frame, self)
        self.navigation = Navigation(context, self.frame, self.key_queue, self)
        self.runner = ActionRunner(context, self.write_access, self.frame, self)
        self.namespaces = NamespaceSwitch(context, self, self.navigation, self.frame.say, self.refresh_frame)
        self._set_host_members()
        self._set_actions()

    def _set_host_members(self) -> None:
        """Set the members of `screens.base.host.Host`, each from the part that does it."""
        questions = Questions(self, self.frame.say)
        self.say = self.frame.say
        self.ask, self.confirm_many = questions.ask, questions.confirm_many
        self.record = self.runner.record
        self.hold_keys, self.release_keys = self.key_queue.hold, self.key_queue.release
        self.copy = Clipboard(self.environ, self.write_to_terminal, self.frame.say).copy
        self.open_screen = self.navigation.open_screen
        self.switch_namespace = self.namespaces.switch
        self.raise_alarm = self.alarms.raise_alarm

    def _set_actions(self) -> None:
        """Set the `action_` methods that Textual calls for global actions, each from its part."""
        commands = self._commands = Commands(
            self.context, self, self.navigation, self.alarms, self.runner, self.copy, self.say
        )
        lock = WriteLock(self.context, self.write_access, self.confirm_many, self.say, self.refresh_frame)
        self.action_open = self.navigation.open_screen
        self.action_palette = commands.palette
        self.action_help = commands.help
        self.action_namespace = self.namespaces.choose
        self.action_doctor = partial(self.navigation.open_overlay, "doctor")
        self.action_launch = partial(self.navigation.open_overlay, "launch")
        self.action_copy = commands.copy
        self.action_alert = commands.alert
        self.action_acknowledge = self.alarms.acknowledge
        self.action_update = commands.update
        self.action_lock = lock.toggle
        self.action_handover = commands.handover
        self.action_theme = commands.theme
        self.action_leave = commands.leave

    async def action_quit(self) -> None:
        """Ctrl-Q does the same as `q`."""
        self.action_leave()

    def action_suspend_process(self) -> None:
        """Ctrl-Z asks first if an execution would pause too."""
        self._commands.suspend(super().action_suspend_process)

    def action_help_quit(self) -> None:
        """Ctrl-C only shows how to quit."""
        self.say(with_keys("{leave} quits the console; {copy} copies"))

    @property
    def writable(self) -> bool:
        """Whether actions that change something are allowed now."""
        return not self.write_access.refusal

    @property
    def refusal(self) -> str:
        """Why actions that change something are not allowed."""
        return self.write_access.refusal

    def _start_with_theme(self, theme: str) -> None:
        """Do what setting `theme` does, without parsing the styles a second time."""
        self.set_reactive(ConsoleApp.theme, theme)
        self.stylesheet.set_variables(self.get_css_variables())
        self.set_class(self.current_theme.dark, "-dark-mode", update=False)
        self.set_class(not self.current_theme.dark, "-light-mode", update=False)
        self._refresh_truecolor_filter(self.ansi_theme)

    def compose(self) -> ComposeResult:
        yield from self.frame.compose()

    def on_mount(self) -> None:
        """Paint the shell first, then connect to the backends."""
        self._handle_signals()
        self.set_keymap(dict(self.context.preferences.keys))
        self.frame.action_line(Content.styled(f" {symbol('done')} swf-console {__version__}", "dim"))
        self.refresh_frame()
        self.set_interval(1.0, self.refresh_frame)
        self.watch(self.screen_stack[0], "focused", self.frame.show_keys, init=False)
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        self.app_resume_signal.subscribe(self, self._resumed)
        self.connect()
        self.navigation.open_first()
        if self.context.namespace is None:
            self.namespaces.ask_for_first()

    def _handle_signals(self) -> None:
        """SIGTERM and SIGHUP end the application in order, so that the terminal is restored.

        Not by asyncio's handlers: they run in the loop, which may be waiting for a stalled terminal.
        """
        if not self.is_headless:
            self.terminal_loss.watch()
            signal.signal(signal.SIGTERM, lambda *_: self.terminal_loss.end())
            signal.signal(signal.SIGHUP, lambda *_: self.terminal_loss.report())

    def refuse_actions(self) -> None:
        """Called by `terminal_loss` first: handle no key and start nothing any more."""
        # set before anything else: keys in the queues are dropped from now on
        self.context.ending = True

    def request_exit(self) -> None:
        """Called by `terminal_loss`: end the application from another thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self.exit, INTERRUPTED)

    def close_executions(self) -> None:
        """Called by `terminal_loss` if the application does not end: stop the executions of this process."""
        runs = self.context.local_executions_if_any
        if runs is not None:
            runs.close()

    def kill(self) -> None:
        """Called by `terminal_loss` at last: end the process; its watchdog closes what was left."""
        os._exit(INTERRUPTED)

    async def on_event(self, event: events.Event) -> None:
        """Keys and pasted text go through the key queue, other events are handled immediately."""
        if isinstance(event, events.Key | events.Paste | events.MouseEvent) and self.context.ending:
            return
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self.key_queue.put(event)
        else:
            await super().on_event(event)

    async def _deliver_key(self, event: events.Event) -> None:
        """Called by the key queue, when all keys before are handled."""
        if not self.context.ending:
            await super().on_event(event)

    async def on_key_handled(self, followed: KeyHandled) -> None:
        """Pass on to the key queue that a key has been handled."""
        await self.key_queue.handled(followed)

    @on(ScreenBar.TabClicked)
    def clicked(self, event: ScreenBar.TabClicked) -> None:
        """Open the screen whose tab was clicked."""
        self.navigation.open_screen(event.name)

    def refresh_frame(self) -> None:
        """Update status bar, alarms and window title."""
        if self.is_headless and not self.is_running:
            return
        self.frame.refresh()
        self.alarms.update()
        self.frame.show_title()

    def write_to_terminal(self, sequence: str) -> None:
        """Write an escape sequence that changes nothing on screen."""
        if sequence and self._driver is not None and not self.is_headless:
            self._driver.write(sequence)

    def exit(self, *arguments: Any, **more: Any) -> None:
        """Store the state of the open screen, then end."""
        self.navigation.remember()
        super().exit(*arguments, **more)

    def _resumed(self, _app: App[Any]) -> None:
        """Repaint everything: after Ctrl-Z the terminal is empty."""
        for screen in self.screen_stack:
            for widget in (screen, *screen.query("*")):
                widget.refresh()

    def _handle_exception(self, error: Exception) -> None:
        """Write the traceback of a broken handler to log and journal; `failure` is printed after the end."""
        self.failure = self.failure or journal_crash(self.context, error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Leave out Textual's own report: it would print a traceback with the values of all variables."""
        self.bell()
        self._close_messages_no_wait()

    def panic(self, *_renderables: RenderableType) -> None:
        """Leave out Textual's own report for errors with a representation of their own, too."""
        self._fatal_error()

    @work(thread=True)
    def connect(self) -> None:
        """Load the libraries of the backends and connect."""
        self.context.start()
