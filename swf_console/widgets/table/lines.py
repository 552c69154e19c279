"""The lines of a table as data: rows, position in the list, age of the rows."""

import time
from collections.abc import Container, Sequence
from dataclasses import dataclass
from textwrap import wrap

from ..key_labels import with_keys
from .paging import Pager
from .rows import Count, Row, RowWindow

ADVICE = "· {update}: retry now, {doctor}: check all backends"
MAX_LINES = 6
WRAP_LEAST = 20


@dataclass(frozen=True, slots=True)
class TableLine:
    """Everything that decides how a line looks: equal lines are not repainted."""

    kind: str
    text: str = ""
    row: Row | None = None
    marked: bool = False


def row_lines(rows: Sequence[Row], cursor: int, marked: Container[str], *, stale: bool) -> list[TableLine]:
    """A line for each row; the row with index `cursor` has the cursor."""
    age = "stale " if stale else ""
    return [
        TableLine(f"{age}{'cursor' if n == cursor else 'row'}", row=row, marked=row.key in marked)
        for n, row in enumerate(rows)
    ]


def last_read(pager: Pager) -> str:
    """When the empty list was last read."""
    return (
        "" if pager.answered_at is None else f"0 rows, read {time.monotonic() - pager.answered_at:.0f} s ago"
    )


def position(window: RowWindow, total: Count | None, top: int, high: int) -> str:
    """Which rows of how many are visible; `~` if rows may have been added in front of them."""
    if not window.rows or total is None:
        return ""
    last = min(top + high, len(window.rows))
    if window.before is None:
        left = len(window.rows) - last
        if window.at_last:
            return f"last of {total}" if not left else f"{left:,} rows before the last of {total}"
        return f"position unknown, {total} rows"
    about = "" if window.sure else "~"
    number = max(total.number, window.before + len(window.rows))
    exact = total.exact or window.at_last
    return f"{about}{window.before + top + 1:,}-{window.before + last:,} of {Count(number, exact)}"


def trouble_of(pager: Pager) -> str:
    """The age of the rows, the next try and the error; empty if the rows are up to date."""
    if pager.trouble:
        answered_at = pager.answered_at
        age = f"STALE {time.monotonic() - answered_at:.0f} s" if answered_at is not None else "NOT READ YET"
        wait = max(0.0, pager.retry_at - time.monotonic())
        return f"{age} · next try in {wait:.0f} s · {pager.trouble}"
    if pager.overdue:
        age = "STALE · no" if pager.loaded else "No"
        return f"{age} answer yet ({pager.overdue:.0f} s), still waiting"
    return ""


def trouble_lines(pager: Pager, width: int) -> list[str]:
    """The same, wrapped, with the keys that help."""
    trouble = trouble_of(pager)
    return wrap(f"{trouble} {with_keys(ADVICE)}", max(WRAP_LEAST, width - 3))[:MAX_LINES] if trouble else []
