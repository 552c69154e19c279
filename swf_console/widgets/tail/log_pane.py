"""The end of a growing log: bounded, followed until the user scrolls back."""

from collections import deque
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.strip import Strip

from ...backend.core.sanitize import brief
from ..bindings import bindings_of
from ..key_labels import with_keys
from ..semantic_colors import Part, SemanticColor
from ..symbols import symbol
from ..table.columns import fit
from .line_view import LineView

MAX_LINES = 5_000
MAX_LENGTH = 2_000
LEVELS: tuple[tuple[str, SemanticColor], ...] = (
    ("CRITICAL", "bad"),
    ("ERROR", "bad"),
    ("Traceback", "bad"),
    ("WARN", "watch"),
    ("DEBUG", "off"),
)


class LogPane(LineView):
    """A title and the last lines."""

    scope: ClassVar[str] = "log"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("log")

    def __init__(self, *, identity: str | None = None) -> None:
        super().__init__(identity=identity)
        self.head_height = 1
        self._lines: deque[str] = deque(maxlen=MAX_LINES)
        self._dropped = 0
        self._title = ""
        self._note = ""
        self._empty = ""
        self.following = True

    @property
    def lines(self) -> list[str]:
        """The lines in the buffer, oldest first."""
        return list(self._lines)

    def set_title(self, title: str, word: str = "", empty: str = "") -> None:
        """Set the title, a note on the right, and the text of an empty log."""
        if (title, word, empty) != (self._title, self._note, self._empty):
            self._title, self._note, self._empty = title, word, empty
            self.refresh()

    def clear(self) -> None:
        """Start with another log."""
        self._lines.clear()
        self._dropped = 0
        self.following = True
        self.resized_body()
        self.scroll_to(y=0, animate=False)
        self.refresh()

    def push(self, lines: Sequence[str]) -> None:
        """Add lines; the oldest beyond MAX_LINES are dropped and counted."""
        if not lines:
            return
        dropped = max(0, len(self._lines) + len(lines) - MAX_LINES)
        self._lines.extend(brief(line.expandtabs(8), MAX_LENGTH) for line in lines)
        self._dropped += dropped
        self.resized_body()
        if self.following:
            self._to_end()
            # new lines can only be scrolled to after the layout
            self.call_after_refresh(self._to_end)
        elif dropped:
            self.scroll_to(y=max(0, self.top - dropped), animate=False, immediate=True)
        self.refresh()

    def on_resize(self) -> None:
        """Keep the end visible while following."""
        self._to_end()

    def _to_end(self) -> None:
        if self.following:
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)

    def body_height(self) -> int:
        """The number of lines; one for the text of an empty log."""
        return max(1, len(self._lines))

    def head_line(self, n: int, width: int) -> Strip:  # noqa: ARG002 (there is one)
        """The title, whether it follows, and the number of dropped lines."""
        rule = symbol("rule")
        state = "FOLLOW" if self.following else with_keys("SCROLLED, {log.follow}: follow")
        dropped = f"{self._dropped:,} older lines dropped, " if self._dropped else ""
        right = f" {dropped}{state}{f' {self._note}' if self._note else ''} {rule * 2}"
        left = fit(f"{rule * 2} {self._title} ", max(0, min(len(self._title) + 4, width - len(right))))
        middle = rule * max(0, width - len(left) - len(right))
        return self.strip(((left + middle + right, "unknown"),), width)

    def body_line(self, n: int, width: int) -> Strip:
        """A line, coloured by the level in it."""
        if not self._lines:
            return self.strip(((f" {self._empty}", "unknown"),), width)
        return self.strip((_colored(self._lines[n]),), width)

    def action_step(self, by: int) -> None:
        """Scroll, and stop following."""
        self._stop_following()
        super().action_step(by)

    def action_page(self, by: int) -> None:
        """Scroll, and stop following."""
        self._stop_following()
        super().action_page(by)

    def action_edge(self, last: bool) -> None:
        """Scroll to the first line, or to the last and follow."""
        self.following = last
        super().action_edge(last)
        self.refresh()

    def action_follow(self) -> None:
        """Go to the end and follow."""
        self.action_edge(True)

    def on_mouse_scroll_up(self) -> None:
        """Stop following."""
        self._stop_following()

    def _stop_following(self) -> None:
        if self.following:
            self.following = False
            self.refresh()


def _colored(line: str) -> Part:
    head = line[:60]
    return f" {line}", next((color for word, color in LEVELS if word in head), "plain")
