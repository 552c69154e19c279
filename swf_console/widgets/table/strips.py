"""The lines of a table as strips: fitted columns, colours of cells, cursor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ..strips import make_strip
from ..symbols import symbol
from .columns import GAP, Column, fit, fitted
from .lines import TableLine
from .rows import Row

GUTTER = 2
STYLE_OF = {"head": "head", "foot": "foot", "trouble": "stale"}


@dataclass
class TableStrips:
    """Makes strips of `width` cells. `style` returns a style by name: a colour, head, foot, stale, cursor."""

    columns: tuple[Column, ...]
    style: Callable[[str], Style]
    width: int = 0
    _widths: list[int] = field(default_factory=list)
    _chosen: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._chosen = list(range(len(self.columns)))

    def choose(self, keys: Sequence[str]) -> None:
        """Show these columns only, in this order."""
        indexes = {column.key: index for index, column in enumerate(self.columns)}
        self._chosen = [indexes[key] for key in keys]
        self.fit(self.width)

    def fit(self, width: int) -> None:
        """Fit the columns into that width."""
        self.width, self._widths = width, fitted([self.columns[n] for n in self._chosen], width - GUTTER)

    def strip(self, line: TableLine, base: Style, sorted_by: tuple[str, bool] | None) -> Strip:
        """A line, over the base style of the widget."""
        if line.row is not None:
            return self._row(line, line.row, base)
        base += self.style(STYLE_OF.get(line.kind, "plain"))
        if line.kind == "head":
            return make_strip([Segment(self._titles(sorted_by), base)], self.width, base)
        return make_strip([Segment(fit(f"  {line.text}", self.width), base)], self.width, base)

    def _titles(self, sorted_by: tuple[str, bool] | None) -> str:
        titles = []
        for index, width in zip(self._chosen, self._widths, strict=False):
            column, arrow = self.columns[index], ""
            if sorted_by and sorted_by[0] == column.key:
                arrow = symbol("descending" if sorted_by[1] else "ascending")
            titles.append(fit(column.title + arrow, width, right=column.right))
        return " " * GUTTER + (" " * GAP).join(titles)

    def _row(self, line: TableLine, row: Row, base: Style) -> Strip:
        under_cursor = line.kind.endswith("cursor")
        if under_cursor:
            base += self.style("cursor")
        if line.kind.startswith("stale"):
            base += Style(dim=True)
        segments = [
            Segment((symbol("cursor") if under_cursor else " ") + ("*" if line.marked else " "), base)
        ]
        for index, width in zip(self._chosen, self._widths, strict=False):
            column, cell = self.columns[index], row.cells[index]
            text = fit(cell.text, width, right=column.right, tail=column.tail) + " " * GAP
            # dim text would not be readable on the cursor's background
            bare = cell.color == "plain" or (under_cursor and cell.color == "off")
            segments.append(Segment(text, base if bare else base + self.style(cell.color)))
        return make_strip(Segment.simplify(segments), self.width, base)
