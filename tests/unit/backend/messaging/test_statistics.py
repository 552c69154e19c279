"""Figures of publishing."""

from swf_console.backend.messaging.statistics import PublishCounters


def test_undelivered_is_what_was_published_and_is_not_written_down_as_delivered() -> None:
    tally = PublishCounters()
    tally.published, tally.delivered = 5, 3

    assert tally.snapshot().undelivered == 2
