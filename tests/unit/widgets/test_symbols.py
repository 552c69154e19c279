"""Sparklines."""

from swf_console.widgets.symbols import sparkline


def test_sparkline_values_scale_to_highest() -> None:
    assert sparkline([0, 0], 5) == "▁▁"
    assert sparkline([1, 0, 100, 50], 3) == "▁█▄"
