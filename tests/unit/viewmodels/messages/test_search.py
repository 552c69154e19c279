"""Text search through the buffer."""

from swf_console.viewmodels.messages.buffer import MessageBuffer
from swf_console.viewmodels.messages.search import search_row


def test_search_row_does_not_wrap_around() -> None:
    tail = MessageBuffer(None)
    tail.take([({}, f"body {n}") for n in range(1000)] + [({}, "Needle")] + [({}, "more")] * 600)
    assert search_row(tail, "needle", len(tail), forward=False) == 1000
    assert search_row(tail, "needle", 1000, forward=False) is None
    assert search_row(tail, "NEEDLE", 3, forward=True) == 1000
    assert search_row(tail, "needle", 1000, forward=True) is None
