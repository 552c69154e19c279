"""A scrolling view that paints line by line and interprets nothing of its content."""

import re
from collections.abc import Iterable, Sequence
from typing import ClassVar, get_args

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.binding import BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..bindings import bindings_of
from ..semantic_colors import Part, SemanticColor
from ..strips import StripWidget, make_strip

WORDS = re.compile(r"\S*\s*")
INDENT = 2
WRAP_LEAST = 10


class LineView(ScrollView, StripWidget, can_focus=True):
    """`head` lines stay on top, `body` lines scroll under them. `stale` dims everything.

    ScrollView is the first base: Textual takes the default style, and with it the scrolling, from there.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"line--{color}" for color in get_args(SemanticColor)} | {
        "line--head",
        "line--cursor",
        "line--mark",
    }
    scope: ClassVar[str] = "lines"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("lines")
    DEFAULT_CSS = """
    LineView {
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        & > .line--ok { color: $text-success; }
        & > .line--busy { color: $text-accent; }
        & > .line--watch { color: $text-warning; }
        & > .line--bad { color: $text-error; text-style: bold; }
        & > .line--off { text-style: dim; }
        & > .line--unknown { color: $text-muted; }
        & > .line--head { color: $text-muted; text-style: bold; }
        & > .line--cursor { background: $surface-lighten-2; }
        & > .line--mark { text-style: bold; }
        &:focus > .line--cursor { background: $primary-muted; color: $text; text-style: bold; }
    }
    """

    def __init__(self, *, identity: str | None = None) -> None:
        super().__init__(id=identity)
        self._stale = False
        self.head_height = 0

    @property
    def stale(self) -> bool:
        """Whether the content is out of date."""
        return self._stale

    @stale.setter
    def stale(self, value: bool) -> None:
        if value != self._stale:
            self._stale = value
            self.refresh()

    @property
    def visible_height(self) -> int:
        """The number of visible body lines."""
        return max(0, self.size.height - self.head_height)

    @property
    def top(self) -> int:
        """The first visible body line."""
        return self.scroll_offset.y

    def body_height(self) -> int:
        """The number of body lines."""
        return 0

    def head_line(self, n: int, width: int) -> Strip:  # noqa: ARG002 (a view without a head needs none)
        """A line of the head."""
        return Strip.blank(width)

    def body_line(self, n: int, width: int) -> Strip:  # noqa: ARG002 (a view without a body needs none)
        """A line of the body."""
        return Strip.blank(width)

    def resized_body(self) -> None:
        """Adjust to another number of body lines."""
        height = self.body_height() + self.head_height
        if self.virtual_size.height != height:
            self.virtual_size = Size(0, height)

    def watch_virtual_size(self, size: Size) -> None:
        """Update the scroll bars: Textual does that in a layout only if a widget changes its size."""
        self._scroll_update(size)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width or self.size.width
        if y < self.head_height:
            return self.head_line(y, width)
        n = y - self.head_height + self.top
        return self.body_line(n, width) if n < self.body_height() else self.strip((), width)

    def repaint(self, n: int) -> None:
        """Repaint one body line."""
        self.refresh_line(n + self.head_height)

    def show_line(self, n: int) -> None:
        """Scroll as little as needed to show a body line."""
        if n < self.top:
            self.scroll_to(y=n, animate=False, immediate=True)
        elif n >= self.top + self.visible_height > self.top:
            self.scroll_to(y=n - self.visible_height + 1, animate=False, immediate=True)

    def color_style(self, color: SemanticColor) -> Style:
        """The style of a semantic colour in the present theme."""
        style = self.get_component_rich_style(f"line--{color}", partial=True)
        return style + Style(dim=True) if self._stale else style

    def strip(self, parts: Iterable[Part], width: int, style: Style | None = None) -> Strip:
        """A strip of exactly `width` cells; `style` lies under the colours."""
        base = self.base_style + style if style else self.base_style
        segments = [Segment(text, base + self.color_style(color)) for text, color in parts]
        return make_strip(segments, width, base)

    def action_step(self, by: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=by, animate=False)

    def action_page(self, by: int) -> None:
        """Scroll by pages."""
        self.scroll_relative(y=by * max(1, self.visible_height - 1), animate=False)

    def action_edge(self, last: bool) -> None:
        """Scroll to the first or to the last line."""
        self.scroll_to(y=self.max_scroll_y if last else 0, animate=False)


class Lines(LineView):
    """Lines of coloured parts. With `wrap` long lines are wrapped."""

    def __init__(self, *, identity: str | None = None, wrap: bool = False) -> None:
        super().__init__(identity=identity)
        self._wrap = wrap
        self._given: list[Sequence[Part]] = []
        self._lines: list[Sequence[Part]] = []

    @property
    def text(self) -> str:
        """The text without its colours."""
        return "\n".join("".join(text for text, _ in line) for line in self._given)

    def show(self, lines: Sequence[Sequence[Part]]) -> None:
        """Show these lines; only changed lines are repainted."""
        self._given = list(lines)
        self._fold()

    def on_resize(self) -> None:
        """Wrap again."""
        self._fold()

    def _fold(self) -> None:
        before, lines = self._lines, self._given
        width = self.container_size.width - self.styles.scrollbar_size_vertical
        if self._wrap and width > WRAP_LEAST:
            lines = [piece for line in lines for piece in folded(line, width)]
        self._lines = list(lines)
        self.resized_body()
        for n in range(max(len(before), len(lines))):
            if n >= len(before) or n >= len(lines) or before[n] != lines[n]:
                self.repaint(n)

    def body_height(self) -> int:
        """The number of lines."""
        return len(self._lines)

    def body_line(self, n: int, width: int) -> Strip:
        """A line, cut where it does not fit."""
        return self.strip(self._lines[n], width)


def folded(line: Sequence[Part], width: int) -> list[list[Part]]:
    """A line wrapped between words to at most `width` cells; continuation lines are indented."""
    lines: list[list[Part]] = [[]]
    used = 0
    for text, color in line:
        for word in WORDS.findall(text):
            if used + cell_len(word.rstrip()) > width and used > INDENT:
                lines.append([(" " * INDENT, "plain")])
                used = INDENT
            lines[-1].append((word, color))
            used += cell_len(word)
    return lines
