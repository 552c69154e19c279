"""Strips: painted lines, as Textual keeps them."""

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

_divide = Strip.divide


class StripWidget(Widget):
    """A widget that paints line by line, and computes the style under the lines once for all of them."""

    _base_style: Style | None = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Paint a region. The base style depends on all ancestors: to compute it takes as long as a line."""
        self._base_style = None
        self._base_style = self.base_style
        return super().render_lines(crop)

    @property
    def base_style(self) -> Style:
        """The style under all lines."""
        return self._base_style or self.rich_style


def make_strip(segments: Iterable[Segment], width: int, style: Style) -> Strip:
    """A strip of exactly `width` cells: longer text is cut, shorter text is padded in `style`."""
    return Strip(Segment.adjust_line_length(list(segments), width, style), width)


def avoid_strip_cycles() -> None:
    """Keep Textual's strips from referring to themselves.

    A strip that is painted whole is put into its own cache, a cycle that only the garbage collector ends.
    There are hundreds a second, each with twenty objects.
    """
    Strip.divide = _divided  # type: ignore[method-assign, assignment]


def _divided(strip: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
    places = [cut for cut in cuts if cut <= strip.cell_length]
    return [strip] if places == [strip.cell_length] else _divide(strip, places)
