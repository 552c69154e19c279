"""Columns of a table: those that fit are shown whole, the others are dropped from the right."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from ..symbols import symbol

GAP = 1


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `width` cells. With `least` it may shrink to that; columns that `grow` share the rest.

    Text that does not fit loses its end, or with `tail` its beginning.
    """

    key: str
    title: str
    width: int
    least: int | None = None
    grows: bool = False
    right: bool = False
    tail: bool = False


def fitted(columns: Sequence[Column], width: int) -> list[int]:
    """The widths of the columns that fit into `width` cells, from the left."""
    shown = list(columns)
    while len(shown) > 1 and _needed(shown, least=True) > width:
        shown.pop()
    widths = [column.least or column.width for column in shown]
    left = width - _needed(shown, least=True)
    for n, column in enumerate(shown):
        more = max(0, min(left, column.width - widths[n]))
        widths[n] += more
        left -= more
    growing = [n for n, column in enumerate(shown) if column.grows]
    for n, index in enumerate(growing):
        widths[index] += left * (n + 1) // len(growing) - left * n // len(growing)
    if len(shown) == 1:
        widths[0] = max(1, min(widths[0], width))
    return widths


def fit(text: str, width: int, *, right: bool = False, tail: bool = False) -> str:
    """Text of exactly `width` cells; a cut is marked."""
    length = cell_len(text)
    if length > width and tail and width > 1:
        while cell_len(text) > width - 1:
            text = text[1:]
        return fit(symbol("cut") + text, width)
    if length > width:
        return set_cell_size(text, width - 1) + symbol("cut") if width > 1 else symbol("cut")[:width]
    padding = " " * (width - length)
    return padding + text if right else text + padding


def _needed(columns: Sequence[Column], *, least: bool) -> int:
    widths = [(column.least or column.width) if least else column.width for column in columns]
    return sum(widths) + GAP * max(0, len(columns) - 1)
