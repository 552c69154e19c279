"""The console: its screens, its theme, how it begins and how it ends."""

import asyncio
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from rich.console import RenderableType
from textual import work
from textual.app import App
from textual.binding import BindingType
from textual.command import Provider
from textual.content import Content

from . import __version__
from .actions import use_keys
from .backend.operations.console.services import ConsoleServices
from .backend.operations.console.terminals import symbols_of, theme_of
from .screens.catalogue import panes
from .screens.commanding import Commands
from .screens.recording import keep_crash
from .screens.themes import ALL
from .widgets.bindings import bindings_everywhere
from .widgets.symbols import sign, use_symbols

INTERRUPTED = 130
STYLES = Path(__file__).parent / "styles"


class ConsoleApp(Commands):
    """The console as a whole."""

    CSS_PATH: ClassVar[list[str]] = sorted(str(path) for path in STYLES.glob("*.tcss"))  # type: ignore[assignment]
    ENABLE_COMMAND_PALETTE = False
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = set()
    TITLE = "swf-console"
    BINDINGS: ClassVar[list[BindingType]] = bindings_everywhere()

    def __init__(self, services: ConsoleServices, environ: Mapping[str, str] | None = None) -> None:
        use_keys(services.preferences.keys)
        super().__init__(services, environ)
        self.broken = ""
        use_symbols(symbols_of(services.preferences, self.environ))
        for theme in ALL.values():
            self.register_theme(theme)
        self._begin_with("16-colour" if self.no_color else theme_of(services.preferences, self.environ))

    def _begin_with(self, theme: str) -> None:
        """What setting `theme` does, before there are styles to be parsed again."""
        self.set_reactive(ConsoleApp.theme, theme)
        self.stylesheet.set_variables(self.get_css_variables())
        self.set_class(self.current_theme.dark, "-dark-mode", update=False)
        self.set_class(not self.current_theme.dark, "-light-mode", update=False)
        self._refresh_truecolor_filter(self.ansi_theme)

    def on_mount(self) -> None:
        """Paint the shell, then open the pipes."""
        self._obey_signals()
        self.set_keymap(dict(self.services.preferences.keys))
        self.action_line(Content.styled(f" {sign('done')} swf-console {__version__}", "dim"))
        self.refresh_frame()
        self.set_interval(1.0, self.refresh_frame)
        self.watch(self.screen_stack[0], "focused", self.show_keys, init=False)
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

    def exit(self, *arguments: Any, **more: Any) -> None:
        """End, and remember the screen that is open."""
        self.remember()
        super().exit(*arguments, **more)

    def _resumed(self, _app: App[Any]) -> None:
        """Back from Ctrl-Z the terminal is empty: everything is painted again."""
        for screen in self.screen_stack:
            for widget in (screen, *screen.query("*")):
                widget.refresh()

    def _handle_exception(self, error: Exception) -> None:
        """A handler broke: the trace goes into log and journal, a word of it behind the restored screen."""
        self.broken = self.broken or keep_crash(self.services, error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Textual would print a trace with the values of all variables here."""
        self.bell()
        self._close_messages_no_wait()

    def panic(self, *_renderables: RenderableType) -> None:
        """The same for errors that know how they would like to be printed."""
        self._fatal_error()

    @work(thread=True)
    def start_services(self) -> None:
        """Load what talks to the backends, and begin to."""
        self.services.start()
