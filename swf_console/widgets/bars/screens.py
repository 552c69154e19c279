"""The screen bar: the screens with their keys, the number of unacknowledged alarms, and the key of help."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from textual.app import RenderResult
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widget import Widget

from ..semantic_colors import STYLES
from ..symbols import symbol
from ..text.line import side_by_side

SHORTEST = 2  # letters of a name: less says nothing


class Tab(NamedTuple):
    """The tab of one screen."""

    name: str
    key: str
    title: str
    short: str


class ScreenBar(Widget, can_focus=False):
    """The second row of the frame. A click on a tab posts TabClicked."""

    DEFAULT_CSS = """
    ScreenBar {
        height: 1;
        width: 1fr;
        link-style: none;
        link-color: $foreground;
        link-background: transparent;
        link-style-hover: underline;
        link-color-hover: $foreground;
        link-background-hover: transparent;
    }
    """

    class TabClicked(Message):
        """A tab was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, tabs: Sequence[Tab]) -> None:
        super().__init__(id="screen-bar")
        self._tabs, self._active, self._alarms = tuple(tabs), "", (0, 0)

    def show(self, active: str, bad: int, watch: int) -> None:
        """Show which screen is open, and the number of alarms and warnings."""
        if (active, (bad, watch)) != (self._active, self._alarms):
            self._active, self._alarms = active, (bad, watch)
            self.refresh()

    @property
    def text(self) -> str:
        """What is shown."""
        return self._content(self.size.width or 80).plain

    def render(self) -> RenderResult:
        return self._content(self.size.width)

    def action_choose(self, name: str) -> None:
        """A tab was clicked."""
        self.post_message(self.TabClicked(name))

    def _content(self, width: int) -> Content:
        """The widest form that fits: names shorten one by one, then only the open screen keeps its name."""
        right = self._right()
        left = Content("")
        for names, between in self._forms():
            left = self._left(names, between)
            if left.cell_length + right.cell_length + 1 <= width:
                break
        return side_by_side(left, right, width)

    def _forms(self) -> Iterator[tuple[list[str], str]]:
        """Names of the tabs, the widest first: titles, short titles, their first letters, none."""
        names = [tab.title for tab in self._tabs]
        yield list(names), "  "
        yield list(names), " "
        while titles := [n for n, tab in enumerate(self._tabs) if names[n] != tab.short]:
            longest = max(titles, key=lambda n: len(names[n]))
            names[longest] = self._tabs[longest].short
            yield list(names), " "
        others = [n for n, tab in enumerate(self._tabs) if tab.name != self._active]
        while len(names[longest := max(reversed(others), key=lambda n: len(names[n]))]) > SHORTEST:
            names[longest] = names[longest][:-1]
            yield list(names), " "
        yield [""] * len(names), " "

    def _left(self, titles: Sequence[str], between: str) -> Content:
        parts = [Content("")]
        for tab, words in zip(self._tabs, titles, strict=True):
            active = tab.name == self._active
            title = (words or tab.short).upper() if active else words
            text = f" {title}" if title else ""
            part = Content.assemble((tab.key, "bold $text-accent"), (text, "bold $primary" if active else ""))
            parts.append(part.stylize(_click(tab.name)))
        return Content(between).join(parts)

    def _right(self) -> Content:
        bad, watch = self._alarms
        return Content.assemble(
            (f"{symbol('bad')}{bad} ", STYLES["bad"] if bad else "dim"),
            (f"{symbol('watch')}{watch} ", STYLES["watch"] if watch else "dim"),
            ("?", "bold $text-accent"),
            " ",
        )


def _click(name: str) -> Style:
    return Style.from_meta({"@click": f"choose({name!r})"})
