"""A small chart of a curve, drawn with characters."""

import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

BLOCKS = " ▁▂▃▄▅▆▇█"
PLAIN = "  ..::##@"
WIDTH = 60
HEIGHT = 8


def chart(
    points: Sequence[tuple[float, float]], unit: str, width: int = WIDTH, height: int = HEIGHT
) -> list[str]:
    """The curve of (x, y) points, at even steps of x, as lines: y upwards from 0, x in `unit`."""
    first, last = points[0][0], points[-1][0]
    columns = sampled(points, width)
    top = max(columns)
    if top <= 0:
        return []
    label = f"{top:,.0f}"
    lines = []
    for row in range(height, 0, -1):
        margin = label if row == height else "0" if row == 1 else ""
        drawn = "".join(cell(value / top * height, row) for value in columns)
        lines.append(f"{margin:>{len(label)}} |{drawn}".rstrip())
    ends = f"{first:,.0f} {unit}", f"{last:,.0f} {unit}"
    lines.append(f"{'':>{len(label)}} +{'-' * len(columns)}")
    lines.append(f"{'':>{len(label)}}  {ends[0]}{ends[1]:>{max(1, len(columns) - len(ends[0]))}}")
    return lines


def sampled(points: Sequence[tuple[float, float]], width: int) -> list[float]:
    """The greatest y of each of `width` equal parts of the points."""
    count = min(width, len(points))
    edges = [len(points) * n // count for n in range(count + 1)]
    return [max(y for _, y in points[low:high]) for low, high in pairwise(edges)]


def cell(height: float, row: int) -> str:
    """The character in `row` (1 is the lowest) of a column that is `height` rows high."""
    signs = BLOCKS if "utf" in (sys.stdout.encoding or "").lower() else PLAIN
    filled = min(1.0, max(0.0, height - (row - 1)))
    return signs[0] if filled <= 0 else signs[max(1, round(filled * (len(signs) - 1)))]


DELAY_SECONDS = 1.0


class ProgressBar:
    """Called with (done, total or None); shows nothing in the first second."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __call__(self, done: float, total: float | None) -> None:
        """Draw `done` of `total` STFs."""
        if self._bar is None:
            if time.monotonic() - self._started < DELAY_SECONDS:
                return
            self._open()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            TextColumn("STFs"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar.start()
        self._task = self._bar.add_task("STFs", total=None)

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
