"""A horizontal line with or without text."""

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from ..symbols import symbol


class Rule(Widget, can_focus=False):
    """`── title ──────── words ──`"""

    DEFAULT_CSS = "Rule { height: 1; width: 1fr; color: $foreground 35%; }"

    def __init__(self, title: str = "", id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self._title, self._right = Content(title), Content("")

    def show(self, title: Content, right: Content = Content("")) -> None:  # noqa: B008 (it cannot change)
        """Show this text."""
        if not (title.is_same(self._title) and right.is_same(self._right)):
            self._title, self._right = title, right
            self.refresh()

    @property
    def text(self) -> str:
        """What is shown."""
        return f"{self._title.plain} {self._right.plain}".strip()

    def render(self) -> RenderResult:
        line, width = symbol("rule"), self.size.width
        if not self._title.plain and not self._right.plain:
            return Content(line * width)
        left = Content.assemble(line * 2, " ", self._title, " ") if self._title.plain else Content(line)
        right = Content.assemble(" ", self._right, " ", line * 2) if self._right.plain else Content(line)
        left = left.truncate(max(0, width - right.cell_length), ellipsis=True)
        return Content.assemble(left, line * max(0, width - left.cell_length - right.cell_length), right)
