"""Lists of viewmodels as sources of a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ...viewmodels.pages import ListPage
from ...widgets.table.columns import Column
from ...widgets.table.rows import Cell, Count, Row, RowPage

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListColumn(Column, Generic[T]):
    """A column with the function that makes its cell."""

    cell: Callable[[T], Cell]


def cells_of(columns: Sequence[ListColumn[T]]) -> Callable[[T], tuple[Cell, ...]]:
    """A function that makes the cells of a row, in the order of the columns."""
    return lambda row: tuple(column.cell(row) for column in columns)


class PagedList(Protocol[T]):
    """A list that is read in pages."""

    def page(self, after: str | None, limit: int, *, backwards: bool = False) -> ListPage[T]:
        """Read some rows; blocks."""

    def count(self) -> tuple[int, bool]:
        """How many rows there are, and whether that is exact; blocks."""


class RowSource(Generic[T]):
    """A list as the source of a table; the cells are made in the thread that reads."""

    def __init__(
        self, listed: PagedList[T], key: Callable[[T], str], cells: Callable[[T], tuple[Cell, ...]]
    ) -> None:
        self._listed, self._key, self._cells = listed, key, cells

    def page(self, after: str | None, limit: int, *, backwards: bool = False) -> RowPage:
        """The rows after a cursor; backwards those before it, nearest first."""
        found = self._listed.page(after, limit, backwards=backwards)
        # cells are made here, in the thread that reads: painting a page then only copies them
        rows = (
            Row(self._key(one), cursor, self._cells(one), one)
            for one, cursor in zip(found.items, found.cursors, strict=True)
        )
        return RowPage(tuple(rows), found.more)

    def count(self) -> Count:
        """How many rows there are, counted up to a limit."""
        return Count(*self._listed.count())
