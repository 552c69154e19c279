"""Text search in the rows of a tail, slice by slice."""

import threading
from collections.abc import Iterator

from .buffer import MessageBuffer

SLICE = 250
BETWEEN_SLICES = 0.001


def search_row(tail: MessageBuffer, text: str, start: int, *, forward: bool) -> int | None:
    """The position of the next row after `start` that contains `text`, ignoring case; blocks.

    The search ends at the last or the first row and does not wrap around.
    """
    wanted = text.lower()
    pause = threading.Event()
    for first, last in _slices(start, len(tail), forward=forward):
        rows = list(enumerate(tail.window(first, last - first), first))
        for position, row in rows if forward else reversed(rows):
            shown = (row.body, row.msg_type, row.sender, row.run_id, row.execution_id)
            if any(wanted in field.lower() for field in shown if field):
                return position
        pause.wait(BETWEEN_SLICES)
    return None


def _slices(start: int, length: int, *, forward: bool) -> Iterator[tuple[int, int]]:
    if forward:
        for first in range(start + 1, length, SLICE):
            yield first, min(first + SLICE, length)
    else:
        for last in range(min(start, length), 0, -SLICE):
            yield max(0, last - SLICE), last
