"""Symbols."""

from swf_console.widgets.symbols import sparkline


def test_bars_are_as_high_as_their_values() -> None:
    assert sparkline([0, 0], 5) == "▁▁"
    assert sparkline([1, 0, 100, 50], 3) == "▁█▄"
