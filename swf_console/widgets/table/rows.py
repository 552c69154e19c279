"""Rows of a table, their sources, and the window of rows in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..semantic_colors import SemanticColor


@dataclass(frozen=True, slots=True)
class Cell:
    """Sanitized text on one line, and its colour."""

    text: str
    color: SemanticColor = "plain"


@dataclass(frozen=True, slots=True)
class Row:
    """A row. `key` is its identity, `cursor` its position in the list's order, `value` what it shows."""

    key: str
    cursor: str
    cells: tuple[Cell, ...]
    value: object = field(default=None, compare=False)

    def contains(self, text: str) -> bool:
        """Whether a cell contains the lower-case `text`."""
        return any(text in cell.text.lower() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class RowPage:
    """Rows in the requested order, and whether more follow."""

    rows: tuple[Row, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Count:
    """The number of rows; a lower bound if it is not `exact`."""

    number: int
    exact: bool = True

    def __str__(self) -> str:
        return f"{self.number:,}" if self.exact else f"{self.number:,}+"


class PageSource(Protocol):
    """An ordered list that is read in pages. Its methods block and are called in threads."""

    def page(self, after: str | None, limit: int, *, backwards: bool = False) -> RowPage:
        """The rows after a cursor; backwards those before it, nearest first. None is outside the list."""

    def count(self) -> Count:
        """The number of rows in the list, counted up to a limit."""


class ListSource:
    """A short list that is completely in memory."""

    def __init__(self, rows: Sequence[tuple[str, tuple[Cell, ...], object]]) -> None:
        self._rows = [Row(key, str(n), cells, value) for n, (key, cells, value) in enumerate(rows)]

    def page(self, after: str | None, limit: int, *, backwards: bool = False) -> RowPage:
        """A slice of the list."""
        rows = self._rows
        if backwards:
            end = len(rows) if after is None else int(after)
            return RowPage(tuple(reversed(rows[max(0, end - limit) : end])), end > limit)
        begin = 0 if after is None else int(after) + 1
        return RowPage(tuple(rows[begin : begin + limit]), begin + limit < len(rows))

    def count(self) -> Count:
        """The number of rows."""
        return Count(len(self._rows))


@dataclass
class RowWindow:
    """Consecutive rows of a list. `before` is the number of rows in front of them, if known.

    `sure` says that no row can have been added in front of them since they were counted.
    """

    rows: list[Row] = field(default_factory=list)
    at_first: bool = False
    at_last: bool = False
    before: int | None = None
    sure: bool = True

    def index(self, key: str | None) -> int | None:
        """The index of the row with that key."""
        return next((n for n, row in enumerate(self.rows) if row.key == key), None)

    def append(self, page: RowPage) -> None:
        """Add the rows that follow."""
        known = {row.key for row in self.rows}
        self.rows += [row for row in page.rows if row.key not in known]
        self.at_last = not page.more

    def prepend(self, page: RowPage) -> int:
        """Add the rows in front, nearest first; returns their number."""
        known = {row.key for row in self.rows}
        new = [row for row in page.rows if row.key not in known]
        self.rows[:0] = reversed(new)
        self.at_first = not page.more
        if self.at_first:
            self.before, self.sure = 0, True
        elif self.before is not None:
            self.before = max(1, self.before - len(new))
        return len(new)

    def renew(self, kept: int, page: RowPage) -> "RowWindow":
        """The window with all but its first `kept` rows read again."""
        head = self.rows[:kept]
        known = {row.key for row in page.rows}
        rows = [*(row for row in head if row.key not in known), *page.rows]
        return RowWindow(rows, False, not page.more, self.before, False)

    def trim(self, begin: int, end: int) -> int:
        """Drop the rows outside; returns how many were dropped in front."""
        begin = max(0, begin)
        if end < len(self.rows):
            del self.rows[end:]
            self.at_last = False
        if begin:
            del self.rows[:begin]
            self.at_first = False
            self.before = None if self.before is None else self.before + begin
        return begin
