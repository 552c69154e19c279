"""Rows as a table shows them, and the part of a long list that is held at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..semantic_colors import SemanticColor


@dataclass(frozen=True, slots=True)
class Cell:
    """Harmless text of one line, and what its colour means."""

    text: str
    color: SemanticColor = "plain"


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `key` is its identity, `cursor` its place in the list's order, `value` what it stands for."""

    key: str
    cursor: str
    cells: tuple[Cell, ...]
    value: object = field(default=None, compare=False)

    def contains(self, text: str) -> bool:
        """Whether lower-case `text` is in one of its cells."""
        return any(text in cell.text.lower() for cell in self.cells)


@dataclass(frozen=True, slots=True)
class RowPage:
    """Rows in the order in which they were asked for, and whether others follow."""

    rows: tuple[Row, ...]
    more: bool


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows there are; where it is not exact there are at least so many."""

    number: int
    exact: bool = True

    def __str__(self) -> str:
        return f"{self.number:,}" if self.exact else f"{self.number:,}+"


class PageSource(Protocol):
    """An ordered list that is read in pages. Its methods block and are called in threads."""

    def page(self, after: str | None, limit: int, *, backwards: bool = False) -> RowPage:
        """The rows after a cursor; backwards those before it, the nearest first. None is outside the list."""

    def count(self) -> Count:
        """How many rows the whole list has, as far as that is cheap to say."""


class ListSource:
    """Rows that are all there: a short list as a table's source."""

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
        """How many there are."""
        return Count(len(self._rows))


@dataclass
class RowWindow:
    """Consecutive rows of a list. `before` counts those in front of them, as far as it is known.

    `sure` says that nothing can have come in front of them since they were counted.
    """

    rows: list[Row] = field(default_factory=list)
    at_first: bool = False
    at_last: bool = False
    before: int | None = None
    sure: bool = True

    def index(self, key: str | None) -> int | None:
        """Where the row of that identity is."""
        return next((n for n, row in enumerate(self.rows) if row.key == key), None)

    def append(self, page: RowPage) -> None:
        """Add the rows that follow."""
        known = {row.key for row in self.rows}
        self.rows += [row for row in page.rows if row.key not in known]
        self.at_last = not page.more

    def prepend(self, page: RowPage) -> int:
        """Add the rows in front, nearest first; returns how many they were."""
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
        """Let go of the rows outside; returns how many went in front."""
        begin = max(0, begin)
        if end < len(self.rows):
            del self.rows[end:]
            self.at_last = False
        if begin:
            del self.rows[:begin]
            self.at_first = False
            self.before = None if self.before is None else self.before + begin
        return begin
