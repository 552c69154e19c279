"""The frame around the screens: status bar, screen bar, alarm line, action line, keys, window title."""

from collections.abc import Callable, Iterator, Mapping

from textual.content import Content
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from ...actions.registry import action_of, keys_of
from ...backend.services.alarms.alarm_list import Alarm, attention
from ...viewmodels.context import ConsoleContext
from ...widgets.bars.keys import KeyLine
from ...widgets.bars.screens import ScreenBar, Tab
from ...widgets.bars.status import StatusBar
from ...widgets.focus import scopes_above
from ...widgets.key_labels import key_label
from ...widgets.text.line import Line
from ...widgets.text.rule import Rule
from ..base.screen_registry import SCREENS, ScreenEntry
from .action_runner import result_line
from .alarms import alarm_line
from .clipboard import title_sequence
from .status import WriteAccess, status_of


class Frame:
    """Paints the frame. `shown` is the name of the open screen, `screens` holds those that have been opened.

    `focused` returns the widget of the screens that has the focus; `write` sends a sequence to the terminal.
    """

    def __init__(
        self,
        context: ConsoleContext,
        writes: WriteAccess,
        environ: Mapping[str, str],
        focused: Callable[[], Widget | None],
        write: Callable[[str], None],
    ) -> None:
        self._context, self._writes, self._environ = context, writes, environ
        self._focused, self._write = focused, write
        self._status = StatusBar()
        self._tabs = ScreenBar(
            [Tab(screen.name, _key_of(screen), screen.title, screen.short) for screen in SCREENS]
        )
        self.screens = ContentSwitcher(id="screens")
        self._alarm_line, self._action_line = Line(id="alarm-line"), Line(id="action-line")
        self._keys = KeyLine(id="keys-line")
        self._counts = (0, 0)
        self._title = ""
        self.shown = ""

    def compose(self) -> Iterator[Widget]:
        """The widgets from top to bottom."""
        yield from (self._status, self._tabs, Rule(), self.screens, Rule())
        yield from (self._alarm_line, self._action_line, self._keys)

    def refresh(self) -> None:
        """Update the status bar and the keys."""
        self._status.show(status_of(self._context, self._writes))
        self.show_keys()

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show one line on the action line."""
        self.action_line(result_line(text, bad=bad))

    def action_line(self, content: Content) -> None:
        """Show this on the action line."""
        self._action_line.show(content)

    def switch(self, screen: Widget, name: str) -> None:
        """Show an open screen."""
        self.shown = name
        self.screens.current = screen.id

    def show_tabs(self) -> None:
        """Update the screen bar."""
        self._tabs.show(self.shown, *self._counts)

    def show_alarms(self, newest: Alarm | None, counts: tuple[int, int]) -> None:
        """Show the number of alarms and the newest."""
        self._counts = counts
        self.show_tabs()
        self._alarm_line.show(*alarm_line(newest))

    def show_keys(self) -> None:
        """Show the keys that work where the focus is."""
        scopes = scopes_above(self._focused()) or (self.shown,)
        self._keys.show(scopes, self._writes.refusal)

    def show_title(self) -> None:
        """Set the window's title: the namespace, and the number of alarms."""
        title = f"swf-console {self._context.namespace or ''} {attention(*self._counts)}".replace("  ", " ")
        # terminals and multiplexers redraw their tabs for each sequence
        if title != self._title:
            self._title = title
            self._write(title_sequence(title, self._environ))


def _key_of(screen: ScreenEntry) -> str:
    """The key that opens the screen, after the key map."""
    return key_label(keys_of(action_of(f"open('{screen.name}')"))[0])
