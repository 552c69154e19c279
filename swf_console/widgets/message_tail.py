"""The live tail on screen: only what can be seen is read, and nothing is painted where nothing changed."""

from collections.abc import Sequence
from typing import ClassVar, Protocol, get_args

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from .bindings import bindings_of
from .message_row import Part, RowLike, parts_of
from .symbols import sign
from .tones import Tone

WHEEL = 3


class Source(Protocol):
    """Rows known by number and by position; a position counts from the oldest row that can be read."""

    version: int

    def __len__(self) -> int: ...
    def window(self, first: int, count: int) -> Sequence[RowLike]: ...
    def number(self, position: int) -> int | None: ...
    def position(self, number: int) -> int: ...
    def hold(self) -> None: ...
    def release(self) -> None: ...


class MessageTail(Widget, can_focus=True):
    """Rows of a source. It follows the newest until somebody moves; then it stays where it is read."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"tail--{tone}" for tone in get_args(Tone)} | {
        "tail--cursor",
        "tail--match",
    }
    place: ClassVar[str] = "tail"
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
        """The cursor stands on another row."""

    class Opened(Message):
        """Enter, on the row under the cursor."""

    class AtTheEnd(Message):
        """There is nothing older to move to: it has to be read first."""

    def __init__(self, source: Source) -> None:
        super().__init__(id="message-tail")
        self.source = source
        self.following = True
        self.stale = self.calm = False
        self.searched = ""
        self.empty: tuple[str, ...] = ()
        self._cursor: int | None = None
        self._cursor_y = 0
        self._newest_seen: int | None = None
        self._first = 0
        self._rows: Sequence[RowLike] = ()
        self._version = -1

    # what others ask

    @property
    def cursor(self) -> RowLike | None:
        """The row under the cursor."""
        at = self._cursor_y
        return self._rows[at] if 0 <= at < len(self._rows) else None

    @property
    def waiting(self) -> int:
        """How many rows have come since it stopped to follow."""
        if self.following:
            return 0
        if self._newest_seen is None:
            return len(self.source)
        return max(0, len(self.source) - 1 - self.source.position(self._newest_seen))

    @property
    def room_left(self) -> bool:
        """Whether there are fewer rows than lines."""
        return len(self._rows) < self.size.height

    def look(self) -> None:
        """Take up what has come; paints only where what can be seen has changed."""
        if self._version == self.source.version and self._rows:
            return
        self._version = self.source.version
        before = [row.number for row in self._rows]
        self._capture()
        if before != [row.number for row in self._rows]:
            self.refresh()

    def follow(self) -> None:
        """Go to the newest row and stay with it."""
        self.following = True
        self.source.release()
        self._capture()
        self.refresh()
        self.post_message(self.Moved())

    def pause(self) -> None:
        """Stay where it is."""
        if self.following:
            self._stay()
            self.post_message(self.Moved())

    def go_to(self, position: int) -> None:
        """Put the cursor on that row, about the middle of the screen where it is not there yet."""
        length = len(self.source)
        if not length:
            return
        self._stay()
        position = max(0, min(position, length - 1))
        if self._first <= position < self._first + len(self._rows):
            self._cursor_y = position - self._first
        else:
            self._cursor_y = self.size.height // 2
        self._cursor = self.source.number(position)
        self._capture()
        self.refresh()
        self.post_message(self.Moved())

    def show_anew(self) -> None:
        """Everything may have changed: read and paint."""
        self._capture()
        self.refresh()

    def explain(self, lines: Sequence[str]) -> None:
        """What is said where there is no row."""
        if tuple(lines) != self.empty:
            self.empty = tuple(lines)
            if not self._rows:
                self.refresh()

    # moving

    def action_step(self, by: int) -> None:
        """Move the cursor."""
        self._move(by)

    def action_leaf(self, by: int) -> None:
        """Move by a screen."""
        self._move(by * max(1, self.size.height - 1))

    def action_first(self) -> None:
        """To the oldest row there is."""
        self.go_to(0)
        self.post_message(self.AtTheEnd())

    def action_last(self) -> None:
        """To the newest row, and follow."""
        self.follow()

    def action_choose(self) -> None:
        """Enter."""
        if self.cursor is not None:
            self.post_message(self.Opened())

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel."""
        event.stop()
        self._move(-WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel."""
        event.stop()
        self._move(WHEEL)

    def on_click(self, event: events.Click) -> None:
        """The cursor goes where it was clicked; twice opens."""
        event.stop()
        if 0 <= event.y < len(self._rows):
            self.go_to(self._first + event.y)
            if event.chain > 1:
                self.action_choose()

    def on_resize(self) -> None:
        """Another height shows other rows."""
        self._capture()

    def _move(self, by: int) -> None:
        length = len(self.source)
        if not length:
            return
        before = self._place()
        after = before + by
        if after >= length and not self.following:
            self.follow()
            return
        if after < 0:
            self.post_message(self.AtTheEnd())
        self._stay()
        after = max(0, min(after, length - 1))
        first = self._first
        self._cursor = self.source.number(after)
        self._cursor_y = max(0, min(self._cursor_y + after - before, self.size.height - 1))
        old_y = before - first
        self._capture()
        if self._first == first and 0 <= old_y < self.size.height:
            width = self.size.width
            self.refresh(Region(0, old_y, width, 1), Region(0, self._cursor_y, width, 1))
        else:
            self.refresh()
        self.post_message(self.Moved())

    def _place(self) -> int:
        """The cursor's position."""
        if self.following or self._cursor is None:
            return max(0, len(self.source) - 1)
        return min(self.source.position(self._cursor), max(0, len(self.source) - 1))

    def _stay(self) -> None:
        """Stop to follow; what would leave the ring is held meanwhile."""
        if self.following:
            self.following = False
            self.source.hold()
            length = len(self.source)
            self._newest_seen = self._rows[-1].number if self._rows else None
            if self._rows:
                self._cursor = self._rows[-1].number
                self._cursor_y = len(self._rows) - 1
            elif length:
                self._cursor = self.source.number(length - 1)

    def _capture(self) -> None:
        """Read the rows that are seen."""
        height, length = self.size.height, len(self.source)
        lowest = max(0, length - height)
        if self.following:
            self._first = lowest
        else:
            self._first = max(0, min(self._place() - self._cursor_y, lowest))
        self._rows = self.source.window(self._first, height)
        if self.following:
            self._cursor_y = len(self._rows) - 1
            self._cursor = self._rows[-1].number if self._rows else None
        else:
            self._cursor_y = max(0, min(self._place() - self._first, len(self._rows) - 1))

    # painting

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if not self._rows:
            return self._empty_line(y, width)
        if y >= len(self._rows):
            return Strip([Segment(" " * width, self.rich_style)], width)
        row = self._rows[y]
        at_cursor = y == self._cursor_y and not (self.following and not self.has_focus)
        base = self.rich_style
        if at_cursor:
            base += self.get_component_rich_style("tail--cursor", partial=True)
        mark = sign("cursor") if at_cursor else " "
        parts: list[Part] = [(mark, "busy"), *parts_of(row, width - 2, calm=self.calm)]
        segments = [Segment(text, base + self._tone(tone)) for text, tone in self._matched(parts)]
        line = Strip(segments).adjust_cell_length(width - 1, base)
        return Strip([*line, Segment(self._bar(y), self.rich_style + self._tone("off"))], width)

    def _tone(self, tone: str) -> Style:
        style = self.get_component_rich_style(f"tail--{tone}", partial=True)
        return style + Style(dim=True) if self.stale else style

    def _matched(self, parts: Sequence[Part]) -> Sequence[tuple[str, str]]:
        """The parts, with what is searched for standing out."""
        wanted = self.searched.lower()
        if not wanted:
            return parts
        found: list[tuple[str, str]] = []
        for text, tone in parts:
            at, lower = 0, text.lower()
            while (hit := lower.find(wanted, at)) >= 0 and len(lower) == len(text):
                found += [(text[at:hit], tone), (text[hit : hit + len(wanted)], "match")]
                at = hit + len(wanted)
            found.append((text[at:], tone))
        return found

    def _bar(self, y: int) -> str:
        """The scroll bar's part of a line."""
        height, length = self.size.height, len(self.source)
        if length <= height:
            return " "
        thumb = max(1, height * height // length)
        top = round(self._first / max(1, length - height) * (height - thumb))
        return sign("thumb") if top <= y < top + thumb else " "

    def _empty_line(self, y: int, width: int) -> Strip:
        first = max(0, (self.size.height - len(self.empty)) // 3)
        text = self.empty[y - first] if 0 <= y - first < len(self.empty) else ""
        style = self.rich_style + self._tone("plain" if y == first else "unknown")
        return Strip([Segment(f"  {text}", style)]).adjust_cell_length(width, self.rich_style)
