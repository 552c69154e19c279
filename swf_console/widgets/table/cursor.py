"""The cursor and the first visible row of a table, which stay on their rows when the list changes."""

from .rows import Row, RowWindow


class TableCursor:
    """Cursor and viewport in a window of rows. `height` is always the number of visible rows."""

    def __init__(self) -> None:
        self.window = RowWindow()
        self.index, self.top = 0, 0
        self.key: str | None = None
        self._top_key: str | None = None
        self._at_beginning = False

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self.window.rows[self.index] if self.index < len(self.window.rows) else None

    def shown(self, height: int) -> list[Row]:
        """The visible rows."""
        return self.window.rows[self.top : self.top + height]

    def move_to(self, index: int, height: int) -> None:
        """Put the cursor on a row of the window, or on the nearest one."""
        self.index = index
        self.settle(height)

    def scroll(self, lines: int, height: int) -> None:
        """Move the viewport, and the cursor only where it would leave the viewport."""
        self.top = max(0, min(self.top + lines, len(self.window.rows) - height))
        self.move_to(max(self.top, min(self.index, self.top + height - 1)), height)

    def settle(self, height: int) -> None:
        """Keep the cursor in the viewport, and remember both rows by their keys."""
        rows = self.window.rows
        self.index = max(0, min(self.index, len(rows) - 1))
        self.top = max(self.index - height + 1, min(self.top, self.index))
        if self.window.at_last:
            self.top = min(self.top, max(0, len(rows) - height))
        self.key = rows[self.index].key if rows else None
        self._top_key = rows[self.top].key if rows else None
        self._at_beginning = self.top == 0 and self.window.at_first

    def take(self, window: RowWindow, jumped: str | None, height: int) -> None:
        """Use a new window: the cursor stays on its row, unless it `jumped`.

        A viewport at the beginning of the list stays there.
        """
        self.window = window
        if jumped == "first":
            self.index = self.top = 0
        elif jumped == "last":
            self.index, self.top = len(window.rows) - 1, len(window.rows)
        elif jumped is not None:
            self.index = window.index(jumped) or 0
            self.top = max(0, self.index - height // 2)
        else:
            self.index = self._index_or(self.key, self.index)
            stays = self._at_beginning and window.at_first
            self.top = 0 if stays else self._index_or(self._top_key, self.top)
        self.settle(height)

    def _index_or(self, key: str | None, otherwise: int) -> int:
        found = self.window.index(key)
        return otherwise if found is None else found
