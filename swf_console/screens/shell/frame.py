"""The frame around the screens: rows 1 and 2, the bottom lines, the title, and what is said there."""

from collections.abc import Callable, Iterator, Mapping

from textual.content import Content
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from ...actions.registry import action_of, keys_of
from ...backend.services.alarms.notices import Alarm, attention
from ...viewmodels.context import ConsoleContext
from ...widgets.bars.keys import KeyLine
from ...widgets.bars.screens import ScreenBar, Tab
from ...widgets.bars.status import StatusBar
from ...widgets.focus import places_above
from ...widgets.key_labels import spoken
from ...widgets.text.line import Line
from ...widgets.text.rule import Rule
from ..base.screen_registry import PANES, Listed
from .action_runner import result_line
from .alarms import alarm_line
from .clipboard import title_sequence
from .status import Writes, standing


class Frame:
    """Paints what is always on screen. `shown` is the name of the screen that is open in `panes`.

    `focused` says what of the screens has the focus; `write` sends a sequence to the terminal.
    """

    def __init__(
        self,
        services: ConsoleContext,
        writes: Writes,
        environ: Mapping[str, str],
        focused: Callable[[], Widget | None],
        write: Callable[[str], None],
    ) -> None:
        self._services, self._writes, self._environ = services, writes, environ
        self._focused, self._write = focused, write
        self._status = StatusBar()
        self._tabs = ScreenBar([Tab(pane.name, _key_of(pane), pane.title, pane.short) for pane in PANES])
        self.panes = ContentSwitcher(id="panes")
        self._alarm_line, self._action_line = Line(id="alert-line"), Line(id="action-line")
        self._keys = KeyLine(id="keys-line")
        self._counts = (0, 0)
        self._title = ""
        self.shown = ""

    def compose(self) -> Iterator[Widget]:
        """Its widgets, from above."""
        yield from (self._status, self._tabs, Rule(), self.panes, Rule())
        yield from (self._alarm_line, self._action_line, self._keys)

    def refresh(self) -> None:
        """Say anew where we are, and what can be done."""
        self._status.show(standing(self._services, self._writes))
        self.show_keys()

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show one line on the action line."""
        self.action_line(result_line(text, bad=bad))

    def action_line(self, content: Content) -> None:
        """The action line says this from now on."""
        self._action_line.show(content)

    def switch(self, pane: Widget, name: str) -> None:
        """That screen is open now."""
        self.shown = name
        self.panes.current = pane.id

    def show_tabs(self) -> None:
        """Row 2."""
        self._tabs.show(self.shown, *self._counts)

    def show_alarms(self, newest: Alarm | None, counts: tuple[int, int]) -> None:
        """Row 2 and the alarm line: how many there are, and the newest."""
        self._counts = counts
        self.show_tabs()
        self._alarm_line.show(*alarm_line(newest))

    def show_keys(self) -> None:
        """The keys that work where the focus is."""
        places = places_above(self._focused()) or (self.shown,)
        self._keys.show(places, self._writes.refusal)

    def show_title(self) -> None:
        """The window's title: the namespace, and whether it needs a human."""
        title = f"swf-console {self._services.namespace or ''} {attention(*self._counts)}".replace("  ", " ")
        if title != self._title:
            self._title = title
            self._write(title_sequence(title, self._environ))


def _key_of(pane: Listed) -> str:
    """The key that opens it, as the key map has it."""
    return spoken(keys_of(action_of(f"open('{pane.name}')"))[0])
