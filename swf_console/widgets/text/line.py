"""One line of text, repainted only when it changes."""

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

NOTHING = Content("")


class Line(Widget, can_focus=False):
    """`left`, and `right` at the right edge. Text that does not fit is cut, never wrapped."""

    DEFAULT_CSS = "Line { height: 1; width: 1fr; }"

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self._left, self._right = NOTHING, NOTHING

    def show(self, left: Content, right: Content = NOTHING) -> None:
        """Show this text."""
        if not (left.is_same(self._left) and right.is_same(self._right)):
            self._left, self._right = left, right
            self.refresh()

    @property
    def text(self) -> str:
        """What is shown."""
        return f"{self._left.plain} {self._right.plain}".strip()

    def render(self) -> RenderResult:
        return side_by_side(self._left, self._right, self.size.width)


def side_by_side(left: Content, right: Content, width: int) -> Content:
    """Two texts on one line of `width` cells; the left one is cut first."""
    available = width - right.cell_length
    if right.cell_length == 0:
        return left.truncate(width, ellipsis=True)
    if available <= 0:
        return right.truncate(width, ellipsis=True)
    return Content.assemble(left.truncate(available - 1, ellipsis=True, pad=True), " ", right)
