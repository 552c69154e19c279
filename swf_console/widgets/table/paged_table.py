"""A table over any number of rows: it holds the rows around the viewport and repaints changed lines only."""

from collections.abc import Sequence
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from ..bindings import bindings_of
from ..semantic_colors import STYLES
from ..strips import StripWidget, make_strip
from .columns import Column
from .cursor import TableCursor
from .lines import TableLine, last_read, position, row_lines, trouble_lines
from .paging import Pager, Viewport
from .rows import Count, PageSource, Row, RowWindow
from .strips import TableStrips

WHEEL = 3
# how often a live list is read again, and the age in the footer repainted
LIVE_SECONDS = 1.0


class PagedTable(StripWidget, can_focus=True):
    """The rows of a PageSource with cursor, marks, search and the age of the data. It knows no backend.

    A refresh keeps the cursor on its row.
    """

    scope: ClassVar[str] = "table"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("table")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "paged-table--head",
        "paged-table--cursor",
        "paged-table--foot",
        "paged-table--stale",
        *(f"paged-table--{color}" for color in STYLES),
    }
    DEFAULT_CSS = """
    PagedTable { height: 1fr; width: 1fr; }
    PagedTable > .paged-table--head { color: $text-muted; text-style: bold; }
    PagedTable > .paged-table--cursor { background: $surface-lighten-1; }
    PagedTable:focus > .paged-table--cursor { background: $primary-muted; text-style: bold; }
    PagedTable > .paged-table--foot { color: $text-muted; }
    PagedTable > .paged-table--stale { color: $text-warning; text-style: bold; }
    PagedTable > .paged-table--plain { color: $text; }
    PagedTable > .paged-table--ok { color: $text-success; }
    PagedTable > .paged-table--busy { color: $text-accent; }
    PagedTable > .paged-table--watch { color: $text-warning; }
    PagedTable > .paged-table--bad { color: $text-error; }
    PagedTable > .paged-table--off { text-style: dim; }
    PagedTable > .paged-table--unknown { color: $text-muted; }
    """

    class Moved(Message):
        """The cursor is on another row, or on none."""

        def __init__(self, table: "PagedTable", row: Row | None) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> "PagedTable":
            return self.table

    class Opened(Message):
        """Enter, or a double click, on a row."""

        def __init__(self, table: "PagedTable", row: Row) -> None:
            super().__init__()
            self.table, self.row = table, row

        @property
        def control(self) -> "PagedTable":
            return self.table

    def __init__(
        self,
        columns: tuple[Column, ...],
        source: PageSource | None = None,
        *,
        empty: str = "No rows.",
        id: str | None = None,  # noqa: A002 (Textual's name)
        live: bool = False,
    ) -> None:
        super().__init__(id=id)
        self.columns, self.empty, self.live = columns, empty, live
        self.sorted_by: tuple[str, bool] | None = None
        self.marked: dict[str, Row] = {}
        self._first_source = source
        self._pager = Pager(self, self._viewport, self._arrived, self._say)
        self._at = TableCursor()
        self._search_text = ""
        self._note = ""
        self._painted: list[TableLine] = []
        self._strips = TableStrips(columns, self._style)

    def on_mount(self) -> None:
        """Start reading."""
        self.set_interval(LIVE_SECONDS, self._tick)
        if self._first_source is not None:
            self.show(self._first_source)

    # for the screen that shows it

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self._at.row

    @property
    def loaded(self) -> bool:
        """Whether the source has answered since it was set."""
        return self._pager.loaded

    @property
    def stale(self) -> bool:
        """Whether the last read failed or is overdue."""
        return bool(self._pager.trouble or self._pager.overdue)

    @property
    def total(self) -> Count | None:
        """The number of rows, as last counted."""
        return self._pager.total

    @property
    def shown(self) -> list[Row]:
        """The visible rows."""
        return self._at.shown(self._visible_rows)

    def show(self, source: PageSource, *, sorted_by: tuple[str, bool] | None = None) -> None:
        """Show another list from its beginning; `sorted_by` is a column's key and whether it descends."""
        self.sorted_by = sorted_by
        self._note = ""
        self._pager.show(source)

    def replace(self, source: PageSource) -> None:
        """Show a newer version of the same list: the cursor stays on its row."""
        if self.loaded:
            self._pager.swap(source)
        else:
            self.show(source)

    def choose_columns(self, keys: Sequence[str]) -> None:
        """Show these columns only, in this order."""
        self._strips.choose(keys)
        self._painted = []
        self._paint()
        self.refresh()

    def refresh_rows(self) -> None:
        """Read again now."""
        self._pager.retry()

    def search(self, text: str) -> None:
        """Go to the next row that contains `text`."""
        self._search_text = text.lower()
        self.action_next_match(1)

    def unmark(self) -> None:
        """Remove all marks."""
        self.marked.clear()
        self._paint()

    # keys

    def action_move(self, step: int) -> None:
        """Move the cursor by rows."""
        self._go_to(self._at.index + step)

    def action_page(self, step: int) -> None:
        """Move cursor and view by a page."""
        rows = max(1, self._visible_rows - 1)
        before, there = self._at.key, self._at.index + step * rows
        self._at.scroll(step * rows, self._visible_rows)
        self._at.move_to(there, self._visible_rows)
        self._moved(before)

    def action_first(self) -> None:
        """Go to the first row of the list."""
        if self._at.window.at_first:
            self._go_to(0)
        else:
            self._pager.jump("first")

    def action_last(self) -> None:
        """Go to the last row of the list."""
        if self._at.window.at_last:
            self._go_to(len(self._at.window.rows) - 1)
        else:
            self._pager.jump("last")

    def action_open(self) -> None:
        """Open the row under the cursor."""
        if self.row is not None:
            self.post_message(self.Opened(self, self.row))

    def action_mark(self) -> None:
        """Mark or unmark the row and move to the next."""
        row = self.row
        if row is None:
            return
        if self.marked.pop(row.key, None) is None:
            self.marked[row.key] = row
        self._go_to(self._at.index + 1)

    def action_next_match(self, step: int) -> None:
        """Go to the next or the previous match in the window, else search further in the list."""
        if not self._search_text:
            self._say("no search text")
            return
        rows = self._at.window.rows
        indexes = range(self._at.index + 1, len(rows)) if step > 0 else range(self._at.index - 1, -1, -1)
        found = next((n for n in indexes if rows[n].contains(self._search_text)), None)
        if found is not None:
            self._go_to(found)
        elif self._at.window.at_last if step > 0 else self._at.window.at_first:
            self._say(f"no further match: {self._search_text}")
        else:
            self._pager.search(self._search_text, backwards=step < 0)

    def on_click(self, event: events.Click) -> None:
        """Move the cursor; a double click opens the row."""
        index = self._at.top + event.y - 1
        if 0 < event.y <= self._visible_rows and index < len(self._at.window.rows):
            self._go_to(index)
            if event.chain > 1:
                self.action_open()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-WHEEL)

    # window and cursor

    @property
    def _visible_rows(self) -> int:
        return max(1, self.size.height - 1 - self._footer_height(self._trouble()))

    def _trouble(self) -> list[str]:
        return trouble_lines(self._pager, self.size.width)

    def _footer_height(self, trouble: list[str]) -> int:
        return max(1, len(trouble)) if self.loaded else 1

    def _viewport(self) -> Viewport:
        return Viewport(self._at.top, self._visible_rows, self.row)

    def _scroll(self, lines: int) -> None:
        before = self._at.key
        self._at.scroll(lines, self._visible_rows)
        self._moved(before)

    def _go_to(self, index: int) -> None:
        before = self._at.key
        self._at.move_to(index, self._visible_rows)
        self._moved(before)

    def _moved(self, before: str | None) -> None:
        self._note = ""
        self._paint()
        if self._at.key != before:
            self.post_message(self.Moved(self, self.row))
        self._pager.go()

    def _arrived(self, window: RowWindow, jumped: str | None) -> None:
        before = self._at.key
        self._at.take(window, jumped, self._visible_rows)
        self._paint()
        if self._at.key != before:
            self.post_message(self.Moved(self, self.row))

    def _tick(self) -> None:
        if not self.region:
            return
        if self.live or self._pager.trouble or not self.loaded:
            self._pager.refresh()
        self._paint()

    def _say(self, note: str) -> None:
        self._note = note
        self._paint()

    # painting

    def on_resize(self) -> None:
        """Fit columns and viewport into the new size."""
        self._strips.fit(self.size.width)
        self._painted = []
        self._at.settle(self._visible_rows)
        self._paint()
        self.refresh()
        self._pager.go()

    def notify_style_update(self) -> None:
        """Repaint everything in the new style."""
        self._painted = []
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        lines = self._painted
        if y >= len(lines):
            return make_strip((), self.size.width, self.base_style)
        return self._strips.strip(lines[y], self.base_style, self.sorted_by)

    def _paint(self) -> None:
        """Repaint the lines that have changed."""
        width, height = self.size
        if not height:
            return
        trouble = self._trouble()
        rows_high = height - 1 - self._footer_height(trouble)
        self._at.settle(max(1, rows_high))
        lines = [TableLine("head", str(self.sorted_by)), *self._body(rows_high, trouble)]
        lines += self._footer(rows_high, trouble)
        before, self._painted = self._painted, lines
        if len(before) != len(lines):
            self.refresh()
            return
        regions = [Region(0, y, width, 1) for y in range(height) if before[y] != lines[y]]
        if regions:
            self.refresh(*regions)

    def _body(self, height: int, trouble: list[str]) -> list[TableLine]:
        shown = self._at.shown(max(1, height))
        if shown:
            lines = row_lines(shown, self._at.index - self._at.top, self.marked, stale=self.stale)
        elif trouble and not self.loaded:
            lines = [TableLine("blank"), *(TableLine("trouble", line) for line in trouble)]
        else:
            words = self.empty if self.loaded else "Reading…"
            lines = [TableLine("words", line) for line in ("", *words.splitlines())]
        return (lines + [TableLine("blank")] * height)[:height]

    def _footer(self, rows_high: int, trouble: list[str]) -> list[TableLine]:
        if trouble and self.loaded:
            return [TableLine("trouble", line) for line in trouble]
        where = position(self._at.window, self._pager.total, self._at.top, rows_high)
        words = [where if self._at.window.rows or not self.live else last_read(self._pager)]
        if self.marked:
            words.append(f"{len(self.marked)} marked")
        if self._note:
            words.append(self._note)
        return [TableLine("foot", " · ".join(word for word in words if word))]

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"paged-table--{name}", partial=True)
