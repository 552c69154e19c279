"""Strips: painted lines of Textual widgets."""

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
        """Paint a region. The base style depends on all ancestors: it takes as long as painting a line."""
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

    Textual 8.2: `Strip.divide` puts a strip that is painted whole into its own cache, a cycle that only the
    garbage collector frees. A live tail makes hundreds of strips per second, each with twenty objects.
    """
    Strip.divide = _divided  # type: ignore[method-assign, assignment]


def _divided(strip: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
    inside = [cut for cut in cuts if cut <= strip.cell_length]
    return [strip] if inside == [strip.cell_length] else _divide(strip, inside)
