"""A list that fits into memory, with columns, cursor and marks; only changed lines are repainted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip

from ..bindings import bindings_of
from ..strips import make_strip
from ..symbols import symbol
from ..tail.line_view import LineView
from .columns import GAP, Column, fit, fitted
from .rows import Cell


@dataclass(frozen=True, slots=True)
class Item:
    """A row; `key` is its identity, `value` what it shows. The cursor skips headings."""

    key: str
    cells: tuple[Cell, ...]
    value: object = field(default=None, compare=False)
    heading: bool = False


class ShortList(LineView):
    """Rows under column titles."""

    scope: ClassVar[str] = "list"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("list")

    class Moved(Message):
        """The cursor is on another row, or on none."""

        def __init__(self, sender: "ShortList", item: Item | None) -> None:
            super().__init__()
            self.list, self.item = sender, item

        @property
        def control(self) -> "ShortList":
            return self.list

    class Chosen(Moved):
        """Enter, or a double click."""

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        identity: str | None = None,
        empty: str = "",
        markable: bool = False,
    ) -> None:
        super().__init__(identity=identity)
        self._all = tuple(columns)
        self._shown = tuple(range(len(self._all)))
        self._items: list[Item] = []
        self._cursor = 0
        self._empty = empty
        self._markable = markable
        self.marked: set[str] = set()
        self.head_height = 1 if any(column.title for column in columns) else 0

    @property
    def columns(self) -> list[Column]:
        """The visible columns."""
        return [self._all[n] for n in self._shown]

    def choose_columns(self, keys: Sequence[str]) -> None:
        """Show these columns only, in this order."""
        known = [column.key for column in self._all]
        self._shown = tuple(known.index(key) for key in keys)
        self.refresh()

    @property
    def items(self) -> list[Item]:
        """All rows."""
        return self._items

    @property
    def current(self) -> Item | None:
        """The row under the cursor."""
        return self._items[self._cursor] if self._cursor < len(self._items) else None

    @property
    def chosen(self) -> list[Item]:
        """The marked rows, else the one under the cursor."""
        marked = [item for item in self._items if item.key in self.marked]
        return marked or ([self.current] if self.current else [])

    def set_empty_text(self, text: str) -> None:
        """Set the text of an empty list: why it is empty, and what to do."""
        if text != self._empty:
            self._empty = text
            self.refresh()

    def show(self, items: Sequence[Item]) -> None:
        """Show these rows; the cursor stays on its row if that still exists."""
        before, key = self._items, self.current.key if self.current else None
        self._items = list(items)
        self.marked &= {item.key for item in items}
        found = next((n for n, item in enumerate(items) if item.key == key), None)
        # a removed row hands the cursor to the row that takes its place
        was, self._cursor = self._cursor, self._nearest_row(self._cursor if found is None else found)
        self.resized_body()
        for n in range(max(len(before), len(items))):
            if n >= len(before) or n >= len(items) or before[n] != items[n]:
                self.repaint(n)
        for n in (was, self._cursor):
            if was != self._cursor:
                self.repaint(n)
        if not items or not before:
            self.refresh()
        if found is None:
            self.post_message(self.Moved(self, self.current))

    def go_to(self, key: str) -> bool:
        """Put the cursor on a row; returns False if the list does not have it."""
        found = next((n for n, item in enumerate(self._items) if item.key == key), None)
        if found is not None:
            self.move_to(found)
        return found is not None

    def move_to(self, n: int) -> None:
        """Put the cursor on the row with that index."""
        was, self._cursor = self._cursor, self._nearest_row(n, forwards=n >= self._cursor)
        if was == self._cursor:
            return
        self.repaint(was)
        self.repaint(self._cursor)
        self.show_line(self._cursor)
        self.post_message(self.Moved(self, self.current))

    def unmark(self) -> None:
        """Remove all marks."""
        if self.marked:
            self.marked.clear()
            self.refresh()

    def _nearest_row(self, n: int, *, forwards: bool = True) -> int:
        """The index nearest to `n` that is not a heading."""
        last = max(0, len(self._items) - 1)
        n = max(0, min(n, last))
        ahead = range(n, last + 1) if forwards else range(n, -1, -1)
        behind = range(n, -1, -1) if forwards else range(n, last + 1)
        indexes = (*ahead, *behind)
        return next((k for k in indexes if self._items and not self._items[k].heading), n)

    def body_height(self) -> int:
        """One line for each row; one for the text of an empty list."""
        return max(1, len(self._items))

    def head_line(self, n: int, width: int) -> Strip:  # noqa: ARG002 (there is one)
        style = self.get_component_rich_style("line--head", partial=True)
        parts = [
            (fit(column.title, size, right=column.right), "plain")
            for column, size in zip(self.columns, self._widths(width), strict=False)
        ]
        base = self.rich_style + style
        gap = " " * (GAP + 1)
        return make_strip([Segment(gap[1:] + " ".join(text for text, _ in parts), base)], width, base)

    def body_line(self, n: int, width: int) -> Strip:
        if not self._items:
            return self.strip(((f" {self._empty}", "unknown"),), width)
        item = self._items[n]
        style = self._style_of(n, item)
        under_cursor = symbol("cursor") if n == self._cursor and self.has_focus else " "
        mark = symbol("mark") if item.key in self.marked else under_cursor
        if item.heading:
            head = self.get_component_rich_style("line--head", partial=True)
            return self.strip(((f" {item.cells[0].text}", "plain"),), width, head)
        parts: list[tuple[str, str]] = [(mark, "watch" if item.key in self.marked else "busy")]
        cells = [item.cells[n] for n in self._shown if n < len(item.cells)]
        for column, size, cell in zip(self.columns, self._widths(width), cells, strict=False):
            # dim text would not be readable on the cursor's background
            color = "plain" if cell.color == "off" and n == self._cursor else cell.color
            parts.append((fit(cell.text, size, right=column.right, tail=column.tail), color))
            parts.append((" " * GAP, "plain"))
        return self.strip(parts, width, style)  # type: ignore[arg-type]

    def _style_of(self, n: int, item: Item) -> Style:
        if n == self._cursor:
            return self.get_component_rich_style("line--cursor")
        if item.key in self.marked:
            return self.get_component_rich_style("line--mark", partial=True)
        return Style.null()

    def _widths(self, width: int) -> list[int]:
        return fitted(self.columns, max(1, width - 1))

    def action_step(self, by: int) -> None:
        """Move the cursor."""
        self.move_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by a page."""
        self.move_to(self._cursor + by * max(1, self.visible_height - 1))

    def action_edge(self, last: bool) -> None:
        """Move the cursor to the first or to the last row."""
        self.move_to(len(self._items) - 1 if last else 0)

    def action_mark(self) -> None:
        """Mark or unmark the row and move to the next."""
        if not self._markable or self.current is None:
            return
        self.marked ^= {self.current.key}
        self.repaint(self._cursor)
        self.move_to(self._cursor + 1)

    def action_choose(self) -> None:
        if self.current is not None:
            self.post_message(self.Chosen(self, self.current))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor; a double click opens."""
        n = event.y - self.head_height + self.top
        if event.y < self.head_height or n >= len(self._items):
            return
        self.move_to(n)
        if event.chain > 1:
            self.action_choose()

    def on_resize(self) -> None:
        """Keep the cursor visible."""
        self.show_line(self._cursor)

    def on_focus(self) -> None:
        """Repaint the cursor, which is brighter with the focus."""
        self.repaint(self._cursor)

    def on_blur(self) -> None:
        self.repaint(self._cursor)
