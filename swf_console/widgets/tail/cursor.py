"""The cursor of a tail: it follows the newest row until the user moves, then stays on its row."""

from collections.abc import Sequence
from typing import Protocol

from .row import MessageRow


class TailSource(Protocol):
    """Rows with a number and a position; positions count from the oldest row that can be read.

    `passed` counts all rows that ever arrived, `version` changes whenever a read would return something else.
    """

    version: int
    passed: int

    def __len__(self) -> int: ...
    def window(self, first: int, count: int) -> Sequence[MessageRow]: ...
    def number(self, position: int) -> int | None: ...
    def position(self, number: int) -> int: ...
    def hold(self) -> None: ...
    def release(self) -> None: ...


class TailCursor:
    """The visible rows and the one under the cursor. `height` is always the number of lines.

    `first` is the position of the first visible row, `length` the number of rows when it was read.
    """

    def __init__(self, source: TailSource) -> None:
        self.source = source
        self.following = True
        self.rows: Sequence[MessageRow] = ()
        self.first = self.y = self.length = 0
        self._number: int | None = None
        self._passed = 0

    @property
    def row(self) -> MessageRow | None:
        """The row under the cursor."""
        return self.rows[self.y] if 0 <= self.y < len(self.rows) else None

    @property
    def unseen(self) -> int:
        """The number of rows that arrived since it stopped following."""
        return 0 if self.following else self.source.passed - self._passed

    @property
    def lost(self) -> bool:
        """Whether the visible rows have left the source: they stay on screen until the user moves."""
        if self.following or not self.rows:
            return False
        oldest = self.source.number(0)
        return oldest is None or oldest > self.rows[0].number

    def update(self, height: int) -> bool:
        """Read the visible rows; returns whether they have changed."""
        before = [row.number for row in self.rows]
        if not self.lost:
            self._capture(height)
        return before != [row.number for row in self.rows]

    def reload(self, height: int) -> None:
        """Read the visible rows again."""
        self.rows = ()
        self._capture(height)

    def follow(self, height: int) -> None:
        """Go to the newest row and follow."""
        self.following = True
        self.source.release()
        self._capture(height)

    def stay(self) -> None:
        """Stop following; the source keeps the rows that would leave it."""
        if not self.following:
            return
        self.following = False
        self.source.hold()
        self._passed = self.source.passed
        if self.rows:
            self._number, self.y = self.rows[-1].number, len(self.rows) - 1
        elif len(self.source):
            self._number = self.source.number(len(self.source) - 1)

    def go_to(self, position: int, height: int) -> None:
        """Put the cursor on that row, in the middle of the screen if it is not visible yet."""
        length = len(self.source)
        self.stay()
        position = max(0, min(position, length - 1))
        on_screen = self.first <= position < self.first + len(self.rows)
        self.y = position - self.first if on_screen and self._fits else height // 2
        self._number = self.source.number(position)
        self.reload(height)

    def resume_at(self, position: int, height: int) -> None:
        """Continue after the rows were loaded again: the row under the cursor is at `position`."""
        self._number = self.source.number(position)
        self.reload(height)

    def move(self, by: int, height: int) -> None:
        """Move the cursor by rows, and the view if the cursor would leave it."""
        self.stay()
        before = self.position()
        after = max(0, min(before + by, len(self.source) - 1))
        self._number = self.source.number(after)
        self.y = max(0, min(self.y + after - before, height - 1))
        self._capture(height)

    def position(self) -> int:
        """The position of the cursor."""
        last = max(0, len(self.source) - 1)
        if self.following or self._number is None:
            return last
        return min(self.source.position(self._number), last)

    @property
    def _fits(self) -> bool:
        """Whether the visible rows still are where they were read."""
        return bool(self.rows) and self.source.number(self.first) == self.rows[0].number

    def _capture(self, height: int) -> None:
        """Read the visible rows."""
        self.length = len(self.source)
        lowest = max(0, self.length - height)
        self.first = lowest if self.following else max(0, min(self.position() - self.y, lowest))
        self.rows = self.source.window(self.first, height)
        last = len(self.rows) - 1
        if self.following:
            self.y, self._number = last, self.rows[-1].number if self.rows else None
        else:
            self.y = max(0, min(self.position() - self.first, last))
