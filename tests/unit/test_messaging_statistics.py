"""Figures of publishing stay small and near the truth."""

import random

import pytest

from swf_console.backend.messaging.statistics import BUCKETS, Histogram, Tally


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_a_percentile_is_right_within_six_percent(share: float) -> None:
    values = sorted(random.Random(4).lognormvariate(-5, 2) for _ in range(10_000))
    histogram = Histogram()
    for value in values:
        histogram.add(value)

    told = histogram.percentile(share)

    assert told == pytest.approx(values[int(share * len(values))], rel=0.06)


def test_nothing_counted_has_no_percentile() -> None:
    assert Histogram().percentile(0.5) is None


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e-9, 1e9])
def test_a_duration_out_of_range_is_counted_at_the_edge(seconds: float) -> None:
    histogram = Histogram()
    histogram.add(seconds)

    assert histogram.percentile(0.5) is not None
    assert len(histogram._counts) == BUCKETS + 1


def test_undelivered_is_what_was_published_and_is_not_written_down_as_delivered() -> None:
    tally = Tally()
    tally.published, tally.delivered = 5, 3

    assert tally.snapshot().undelivered == 2
