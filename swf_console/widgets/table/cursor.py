"""Where a table stands: the cursor and the first row on screen, kept by name whatever comes and goes."""

from .rows import Row, RowWindow


class TableCursor:
    """Cursor and view over a window of rows. `height` is always how many rows are on screen."""

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
        """The rows on screen."""
        return self.window.rows[self.top : self.top + height]

    def move_to(self, index: int, height: int) -> None:
        """Put the cursor on a row of the window, the nearest there is."""
        self.index = index
        self.settle(height)

    def scroll(self, lines: int, height: int) -> None:
        """Move the view, and the cursor only where it would be left behind."""
        self.top = max(0, min(self.top + lines, len(self.window.rows) - height))
        self.move_to(max(self.top, min(self.index, self.top + height - 1)), height)

    def settle(self, height: int) -> None:
        """Have the cursor on screen, and remember the rows by name."""
        rows = self.window.rows
        self.index = max(0, min(self.index, len(rows) - 1))
        self.top = max(self.index - height + 1, min(self.top, self.index))
        if self.window.at_last:
            self.top = min(self.top, max(0, len(rows) - height))
        self.key = rows[self.index].key if rows else None
        self._top_key = rows[self.top].key if rows else None
        self._at_beginning = self.top == 0 and self.window.at_first

    def take(self, window: RowWindow, jumped: str | None, height: int) -> None:
        """Take over what was read: the cursor stays on its row, unless it was sent somewhere.

        A view of the beginning of the list stays at its beginning.
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
            self.index = self._of(self.key, self.index)
            stays = self._at_beginning and window.at_first
            self.top = 0 if stays else self._of(self._top_key, self.top)
        self.settle(height)

    def _of(self, key: str | None, otherwise: int) -> int:
        found = self.window.index(key)
        return otherwise if found is None else found
