"""What the lines of a table say: where in the list they are, and how old they are."""

import time
from dataclasses import dataclass

from .paging import Pager
from .rows import Count, Row, RowWindow


@dataclass(frozen=True, slots=True)
class TableLine:
    """What decides how a line looks: equal lines are not painted again."""

    kind: str
    text: str = ""
    row: Row | None = None
    marked: bool = False


def position(window: RowWindow, total: Count | None, top: int, high: int) -> str:
    """Which rows of how many are on screen; `~` where rows may have come in front of them since."""
    if not window.rows or total is None:
        return ""
    last = min(top + high, len(window.rows))
    if window.before is None:
        left = len(window.rows) - last
        if window.at_last:
            return f"the last of {total}" if not left else f"the last but {left:,} of {total}"
        return f"somewhere of {total}"
    about = "" if window.sure else "~"
    number = max(total.number, window.before + len(window.rows))
    exact = total.exact or window.at_last
    return f"{about}{window.before + top + 1:,}-{window.before + last:,} of {Count(number, exact)}"


def trouble_of(pager: Pager) -> str:
    """How old the rows are, why, and when they are read again; nothing where all is well."""
    if pager.trouble:
        proved = pager.proved
        age = f"STALE {time.monotonic() - proved:.0f} s" if proved is not None else "NO DATA"
        wait = max(0.0, pager.retry_at - time.monotonic())
        return f"{age}, next try in {wait:.0f} s: {pager.trouble}"
    return f"STALE: no answer for {pager.overdue:.0f} s" if pager.overdue else ""
