"""DurationHistogram counted in little memory, and near the truth."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_console.backend.core.durations import DurationHistogram


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_histogram_percentile_accurate_to_nine_percent(share: float) -> None:
    values = sorted(random.Random(4).lognormvariate(-5, 2) for _ in range(10_000))
    durations = DurationHistogram()
    for value in values:
        durations.add(value)
    assert durations.percentile(share) == pytest.approx(values[math.ceil(share * len(values)) - 1], rel=0.091)


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=50))
def test_histogram_percentile_at_most_the_longest(values: list[float]) -> None:
    durations = DurationHistogram()
    for value in values:
        durations.add(value)
    assert durations.longest == max(values)
    assert (durations.percentile(0.99) or 0.0) <= max(values)


def test_histogram_empty_has_no_percentile() -> None:
    assert DurationHistogram().percentile(0.5) is None


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-9, 1e9])
def test_histogram_out_of_range_counts_in_edge_bucket(seconds: float) -> None:
    durations = DurationHistogram()
    durations.add(seconds)
    assert durations.count == 1
    assert durations.percentile(0.5) is not None


@pytest.mark.parametrize("seconds", [math.inf, math.nan])
def test_histogram_non_number_ignored(seconds: float) -> None:
    durations = DurationHistogram()
    durations.add(seconds)
    assert durations.count == 0
