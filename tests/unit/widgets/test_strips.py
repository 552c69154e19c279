"""Strips have a fixed width and no reference cycles."""

import gc
import weakref
from collections.abc import Iterator

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from swf_console.widgets.strips import avoid_strip_cycles, make_strip


@pytest.fixture
def disabled_collector() -> Iterator[None]:
    divide = Strip.divide
    gc.disable()
    yield
    gc.enable()
    Strip.divide = divide  # type: ignore[method-assign]


@pytest.mark.parametrize("text", ["", "short", "just ten c", "much longer than that", "漢字漢字漢字"])
def test_make_strip_any_text_has_given_width(text: str) -> None:
    line = make_strip([Segment(text)], 10, Style.null())
    assert line.cell_length == sum(segment.cell_length for segment in line) == 10


def test_divide_whole_strip_leaves_no_reference_cycle(disabled_collector: None) -> None:
    class Watched(Strip):
        __slots__ = ("__weakref__",)

    avoid_strip_cycles()
    line = Watched([Segment("whole")], 5)
    assert list(line.divide([5])) == [line]
    gone = weakref.ref(line)
    del line
    assert gone() is None


def test_divide_several_cuts_returns_parts(disabled_collector: None) -> None:
    avoid_strip_cycles()
    parts = make_strip([Segment("left and right")], 14, Style.null()).divide([4, 14, 20])
    assert [part.text for part in parts] == ["left", " and right"]
