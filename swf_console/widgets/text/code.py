"""Highlighted text of any length; only visible lines are painted."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.strip import Strip

from ..bindings import bindings_of
from ..tail.line_view import LineView


class CodeLines(LineView, inherit_bindings=False):
    """Lines of Content without wrapping; `<` and `>` scroll sideways.

    The arrow keys to the sides are left to the widgets around it.
    """

    scope: ClassVar[str] = "code"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of("lines"), *bindings_of("code")]
    DEFAULT_CSS = "CodeLines { overflow-x: auto; scrollbar-size-horizontal: 1; }"

    def __init__(self, *, identity: str | None = None) -> None:
        super().__init__(identity=identity)
        self._lines: list[Content] = []
        self._width = 0

    @property
    def text(self) -> str:
        """The text without its colours."""
        return "\n".join(line.plain for line in self._lines)

    def show(self, lines: Sequence[Content]) -> None:
        """Show these lines."""
        self._lines = list(lines)
        self._width = max((line.cell_length for line in lines), default=0) + 1
        self.resized_body()
        self.refresh()

    def action_sideways(self, step: int) -> None:
        """Scroll sideways by half a screen."""
        self.scroll_relative(x=step * max(1, self.size.width // 2), animate=False)

    def resized_body(self) -> None:
        """As high and as wide as the text."""
        self.virtual_size = Size(self._width, self.body_height())

    def body_height(self) -> int:
        """The number of lines."""
        return len(self._lines)

    def body_line(self, n: int, width: int) -> Strip:
        """The visible part of a line."""
        base = self.rich_style
        segments = [Segment(" ", base), *self._lines[n].render_segments(self.visual_style)]
        left = self.scroll_offset.x
        return Strip(segments).adjust_cell_length(left + width, base).crop(left, left + width)
