"""A timeline of states, each as wide as it lasted, with a mark."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import RenderResult
from textual.content import Content
from textual.widget import Widget

from .semantic_colors import STYLES, SemanticColor
from .symbols import symbol
from .table.columns import fit


@dataclass(frozen=True, slots=True)
class Span:
    """A state and its duration."""

    label: str
    seconds: float
    color: SemanticColor = "plain"


class Timeline(Widget, can_focus=False):
    """Three lines: bars, names, mark."""

    DEFAULT_CSS = "Timeline { height: 3; width: 1fr; padding: 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self._spans: tuple[Span, ...] = ()
        self._at: float | None = None
        self._words = ""

    def show(self, spans: Sequence[Span], at: float | None = None, words: str = "") -> None:
        """Show these states, with a mark and `words` at `at` seconds."""
        content = (tuple(spans), at, words)
        if content != (self._spans, self._at, self._words):
            self._spans, self._at, self._words = content
            self.refresh()

    def render(self) -> RenderResult:
        """The three lines."""
        return Content("\n").join(timeline_lines(self._spans, self.size.width, self._at, self._words))


def widths_of(spans: Sequence[Span], width: int) -> list[int]:
    """The cells of each span: in proportion to its duration, at least one if they fit, `width` in all."""
    least = 1 if len(spans) <= width else 0
    total = sum(span.seconds for span in spans)
    free = width - least * len(spans)
    shares = [free * span.seconds / total if total else free / max(1, len(spans)) for span in spans]
    widths = [least + int(share) for share in shares]
    by_rest = sorted(range(len(spans)), key=lambda n: shares[n] - int(shares[n]), reverse=True)
    for n in by_rest[: width - sum(widths)]:
        widths[n] += 1
    return widths


def timeline_lines(
    spans: Sequence[Span], width: int, at: float | None = None, words: str = ""
) -> list[Content]:
    """The lines of a timeline, `width` cells wide."""
    if not spans or width < 1:
        return [Content("no states recorded")]
    widths = widths_of(spans, width)
    fills, names = [], []
    for span, cells in zip(spans, widths, strict=True):
        fills.append((_fill(span.color) * cells, STYLES[span.color]))
        names.append((fit(span.label, cells - 1) + " " if cells > 3 else " " * cells, STYLES["unknown"]))
    lines = [Content.assemble(*fills), Content.assemble(*names)]
    if at is not None:
        lines.append(_mark(spans, widths, at, words, width))
    return lines


def _mark(spans: Sequence[Span], widths: Sequence[int], at: float, words: str, width: int) -> Content:
    cell, started = 0, 0.0
    for span, cells in zip(spans, widths, strict=True):
        if at < started + span.seconds:
            cell += int(cells * (at - started) / span.seconds)
            break
        started += span.seconds
        cell += cells
    cell = max(0, min(cell, width - 1))
    text = f" {words}"
    if cell + 1 + len(text) <= width:
        return Content.assemble(" " * cell, (symbol("here"), "bold"), text)
    text = f"{words} "[-cell:] if cell else ""
    return Content.assemble(" " * (cell - len(text)), text, (symbol("here"), "bold"))


def _fill(color: SemanticColor) -> str:
    return symbol(f"fill {color}" if color in ("ok", "busy", "off") else "fill")
