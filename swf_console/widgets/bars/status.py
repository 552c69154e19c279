"""The status bar: namespace, write access, connections, clock."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from ...backend.core.sanitize import brief
from ..semantic_colors import STYLES, SemanticColor
from ..symbols import symbol
from ..text.line import side_by_side


class ConnectionSign(NamedTuple):
    """A connection as it is shown: its colour, and the age of its last sign of life or what is wrong."""

    name: str
    color: SemanticColor
    text: str = ""


class StatusBarContent(NamedTuple):
    """The content of the status bar."""

    namespace: str | None = None
    owner: str = ""
    writes: str = "RW"
    connections: tuple[ConnectionSign, ...] = ()


class StatusBar(Widget, can_focus=False):
    """The first row. It is repainted only when its content changes: at most once a second, for the clock."""

    DEFAULT_CSS = "StatusBar { height: 1; width: 1fr; }"

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(id="status-bar")
        self._now, self._status, self._clock = now, StatusBarContent(), ""

    def show(self, status: StatusBarContent) -> None:
        """Show this content and the time; repaints only if one of them has changed."""
        clock = self._now().strftime("%H:%M:%SZ")
        if (status, clock) != (self._status, self._clock):
            self._status, self._clock = status, clock
            self.refresh()

    @property
    def text(self) -> str:
        """What is shown."""
        return self._content(self.size.width or 80).plain

    def render(self) -> RenderResult:
        return self._content(self.size.width)

    def _content(self, width: int) -> Content:
        """What fits: the product's name is dropped first, then connections from the right."""
        count = len(self._status.connections)
        rights = [
            self._right(count, clock=True),
            *(self._right(n, clock=False) for n in range(count, -1, -1)),
        ]
        lefts = [self._left(owner=True), self._left(owner=False), self._namespace_and_access(owner=False)]
        choices = [(left, rights[0]) for left in lefts] + [(lefts[-1], right) for right in rights[1:]]
        for left, right in choices:
            if left.cell_length + right.cell_length + 1 <= width:
                break
        return side_by_side(left, right, width)

    def _left(self, *, owner: bool) -> Content:
        return Content.assemble(
            (" swf-console", "bold $primary"), "  ", self._namespace_and_access(owner=owner)
        )

    def _namespace_and_access(self, *, owner: bool) -> Content:
        status = self._status
        name = brief(status.namespace, 40) if status.namespace else "no namespace"
        owner_text = f" ({brief(status.owner, 30)})" if owner and status.owner else ""
        writes = ("RW", STYLES["ok"]) if status.writes == "RW" else (status.writes, STYLES["watch"])
        return Content.assemble((name, "bold"), owner_text, "  ", writes, " ")

    def _right(self, count: int, *, clock: bool) -> Content:
        parts: list[Content] = []
        for connection in self._status.connections[:count]:
            words = f"{symbol(connection.color)} {connection.text}".rstrip()
            parts.append(Content.assemble(connection.name, " ", (words, STYLES[connection.color])))
        if clock:
            parts.append(Content.styled(self._clock, "bold"))
        return Content.assemble(Content("  ").join(parts), " ") if parts else Content("")
