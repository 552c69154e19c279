"""Painted lines: made in one step, and gone once nothing shows them any more."""

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

_divide = Strip.divide


class StripWidget(Widget):
    """A widget that paints line by line, over a style that is asked for once for all of them."""

    _base_style: Style | None = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a region. The style depends on every ancestor: it takes as long as a line does."""
        self._base_style = None
        self._base_style = self.base_style
        return super().render_lines(crop)

    @property
    def base_style(self) -> Style:
        """The style under everything."""
        return self._base_style or self.rich_style


def make_strip(segments: Iterable[Segment], width: int, style: Style) -> Strip:
    """A line of exactly `width` cells: what is too long is cut, what is missing is filled in `style`."""
    return Strip(Segment.adjust_line_length(list(segments), width, style), width)


def avoid_strip_cycles() -> None:
    """Have Textual's strips keep no reference to themselves, from now on.

    One that is painted whole is put into its own cache: a cycle that only the collector ends. There are
    hundreds a second, each with twenty objects.
    """
    Strip.divide = _divided  # type: ignore[method-assign, assignment]


def _divided(strip: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
    places = [cut for cut in cuts if cut <= strip.cell_length]
    return [strip] if places == [strip.cell_length] else _divide(strip, places)
