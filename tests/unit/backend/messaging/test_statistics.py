"""Figures of publishing."""

from swf_console.backend.messaging.statistics import PublishCounters


def test_publish_counters_undelivered_is_published_minus_recorded_deliveries() -> None:
    tally = PublishCounters()
    tally.published, tally.delivered = 5, 3

    assert tally.snapshot().undelivered == 2
