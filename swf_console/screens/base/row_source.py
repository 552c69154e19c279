"""The lists of operations as sources of a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ...viewmodels.pages import ListPage
from ...widgets.table.columns import Column
from ...widgets.table.rows import Cell, Count, Row, RowPage

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListColumn(Column, Generic[T]):
    """A column, and what it shows of a row."""

    cell: Callable[[T], Cell]


def cells_of(columns: Sequence[ListColumn[T]]) -> Callable[[T], tuple[Cell, ...]]:
    """What makes the cells of a row, in the order of the columns."""
    return lambda row: tuple(column.cell(row) for column in columns)


class Listed(Protocol[T]):
    """A list that operations read in pages."""

    def page(self, after: str | None, limit: int, *, backwards: bool = False) -> ListPage[T]:
        """Some rows; blocks."""

    def count(self) -> tuple[int, bool]:
        """How many there are, and whether that is exact; blocks."""


class Rows(Generic[T]):
    """Rows of a list, made into cells in the thread that reads them."""

    def __init__(
        self, listed: Listed[T], key: Callable[[T], str], cells: Callable[[T], tuple[Cell, ...]]
    ) -> None:
        self._listed, self._key, self._cells = listed, key, cells

    def page(self, after: str | None, limit: int, *, backwards: bool = False) -> RowPage:
        """The rows after a cursor; backwards those before it, the nearest first."""
        found = self._listed.page(after, limit, backwards=backwards)
        rows = (
            Row(self._key(one), cursor, self._cells(one), one)
            for one, cursor in zip(found.items, found.cursors, strict=True)
        )
        return RowPage(tuple(rows), found.more)

    def count(self) -> Count:
        """How many there are, as far as that is cheap to say."""
        return Count(*self._listed.count())
