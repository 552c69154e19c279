"""The live tail: it reads only visible rows and repaints only what has changed."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, get_args

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from ..bindings import bindings_of
from ..semantic_colors import Part, SemanticColor
from ..strips import StripWidget, make_strip
from ..symbols import symbol
from .cursor import TailCursor, TailSource
from .row import MessageRow, parts_of

WHEEL = 3


class MessageTail(StripWidget, can_focus=True):
    """The rows of a source. It follows the newest row until the user moves."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tail--{color}" for color in get_args(SemanticColor)} | {
        "tail--cursor",
        "tail--match",
    }
    scope: ClassVar[str] = "tail"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("tail")
    DEFAULT_CSS = """
    MessageTail {
        height: 1fr;
        width: 1fr;
        & > .tail--ok { color: $text-success; }
        & > .tail--busy { color: $text-accent; }
        & > .tail--watch { color: $text-warning; }
        & > .tail--bad { color: $text-error; }
        & > .tail--off { text-style: dim; }
        & > .tail--unknown { color: $text-muted; }
        & > .tail--cursor { background: $surface-lighten-2; }
        &:focus > .tail--cursor { background: $primary-muted; }
        & > .tail--match { text-style: reverse; }
    }
    """

    class Moved(Message):
        """The cursor is on another row."""

    class Opened(Message):
        """Enter on the row under the cursor."""

    class OlderRowsRequested(Message):
        """The user wants older rows than the source has."""

    class RowsDropped(Message):
        """The user moved by `by` rows, but the visible rows have left the source: load `row` again."""

        def __init__(self, row: MessageRow, by: int) -> None:
            super().__init__()
            self.row, self.by = row, by

    def __init__(self, source: TailSource) -> None:
        super().__init__(id="message-tail")
        self.source = source
        self.stale = self.compact = False
        self.searched = ""
        self.empty: tuple[str, ...] = ()
        self._at = TailCursor(source)
        self._version = -1

    # for the screen that shows it

    @property
    def following(self) -> bool:
        """Whether it follows the newest row."""
        return self._at.following

    @property
    def cursor(self) -> MessageRow | None:
        """The row under the cursor."""
        return self._at.row

    @property
    def unseen(self) -> int:
        """The number of rows that arrived since it stopped following."""
        return self._at.unseen

    @property
    def has_blank_lines(self) -> bool:
        """Whether there are fewer rows than lines."""
        return len(self._at.rows) < self.size.height

    def update(self) -> None:
        """Read the visible rows, if the source has changed."""
        if self._version == self.source.version and self._at.rows:
            return
        self._version = self.source.version
        if self._at.update(self.size.height):
            self.refresh()

    def follow(self) -> None:
        """Go to the newest row and follow."""
        self._at.follow(self.size.height)
        self._moved()

    def pause(self) -> None:
        """Stop following."""
        if self.following:
            self._at.stay()
            self.post_message(self.Moved())

    def go_to(self, position: int) -> None:
        """Put the cursor on that row, in the middle of the screen if it is not visible yet."""
        if len(self.source):
            self._at.go_to(position, self.size.height)
            self._moved()

    def resume_at(self, position: int, by: int) -> None:
        """Continue a move after the row under the cursor was loaded again, at `position`."""
        self._at.resume_at(position, self.size.height)
        self.refresh()
        self._move(by)

    def reload(self) -> None:
        """Read and repaint everything."""
        self._at.reload(self.size.height)
        self.refresh()

    def explain(self, lines: Sequence[str]) -> None:
        """Set the text of an empty tail; only changed lines are repainted."""
        before, self.empty = self.empty, tuple(lines)
        if self._at.rows or before == self.empty:
            return
        if len(before) != len(self.empty):
            self.refresh()
            return
        top = self._empty_top
        changed = [n for n, line in enumerate(lines) if line != before[n]]
        self.refresh(*(Region(0, top + n, self.size.width, 1) for n in changed))

    # moving

    def action_step(self, by: int) -> None:
        """Move the cursor."""
        self._move(by)

    def action_page(self, by: int) -> None:
        """Move by a page."""
        self._move(by * max(1, self.size.height - 1))

    def action_first(self) -> None:
        """Go to the oldest row."""
        self.go_to(0)
        self.post_message(self.OlderRowsRequested())

    def action_last(self) -> None:
        """Go to the newest row and follow."""
        self.follow()

    def action_choose(self) -> None:
        if self.cursor is not None:
            self.post_message(self.Opened())

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Move the cursor."""
        event.stop()
        self._move(-WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Move the cursor."""
        event.stop()
        self._move(WHEEL)

    def on_click(self, event: events.Click) -> None:
        """Move the cursor; a double click opens the row."""
        event.stop()
        if 0 <= event.y < len(self._at.rows):
            self.go_to(self._at.first + event.y)
            if event.chain > 1:
                self.action_choose()

    def on_resize(self) -> None:
        """Read for the new height."""
        self._at.update(self.size.height)

    def _move(self, by: int) -> None:
        at, row = self._at, self.cursor
        if at.lost and row is not None:
            self.post_message(self.RowsDropped(row, by))
            return
        if not len(self.source):
            return
        after = at.position() + by
        if after >= len(self.source) and not at.following:
            self.follow()
            return
        if after < 0:
            self.post_message(self.OlderRowsRequested())
        first, y = at.first, at.y
        at.move(by, self.size.height)
        if at.first == first:
            width = self.size.width
            self.refresh(Region(0, y, width, 1), Region(0, at.y, width, 1))
            self.post_message(self.Moved())
        else:
            self._moved()

    def _moved(self) -> None:
        self.refresh()
        self.post_message(self.Moved())

    # painting

    def render_line(self, y: int) -> Strip:
        width, rows = self.size.width, self._at.rows
        if not rows:
            return self._empty_line(y, width)
        if y >= len(rows):
            return make_strip((), width, self.base_style)
        at_cursor = y == self._at.y and not (self.following and not self.has_focus)
        base = self.base_style
        if at_cursor:
            base += self.get_component_rich_style("tail--cursor", partial=True)
        mark = symbol("cursor") if at_cursor else " "
        parts: list[Part] = [(mark, "busy"), *parts_of(rows[y], width - 2, compact=self.compact)]
        segments = [
            Segment(text, base + self._color_style(color))
            for text, color in with_matches(parts, self.searched)
        ]
        bar = Segment(self._bar(y), self.base_style + self._color_style("off"))
        return make_strip([*make_strip(segments, width - 1, base), bar], width, base)

    def _color_style(self, color: str) -> Style:
        style = self.get_component_rich_style(f"tail--{color}", partial=True)
        return style + Style(dim=True) if self.stale else style

    def _bar(self, y: int) -> str:
        """The character of the scroll bar in a line."""
        height, length = self.size.height, self._at.length
        if length <= height:
            return " "
        thumb = max(1, height * height // length)
        top = round(self._at.first / max(1, length - height) * (height - thumb))
        return symbol("thumb") if top <= y < top + thumb else " "

    @property
    def _empty_top(self) -> int:
        return max(0, (self.size.height - len(self.empty)) // 3)

    def _empty_line(self, y: int, width: int) -> Strip:
        first = self._empty_top
        text = self.empty[y - first] if 0 <= y - first < len(self.empty) else ""
        style = self.base_style + self._color_style("plain" if y == first else "unknown")
        return make_strip([Segment(f"  {text}", style)], width, self.base_style)


def with_matches(parts: Sequence[Part], searched: str) -> Iterator[tuple[str, str]]:
    """The parts, with every match of the search text in the style `match`."""
    wanted = searched.lower()
    for text, color in parts:
        at, lower = 0, text.lower()
        while wanted and len(lower) == len(text) and (hit := lower.find(wanted, at)) >= 0:
            yield text[at:hit], color
            yield text[hit : hit + len(wanted)], "match"
            at = hit + len(wanted)
        yield text[at:], color
