"""Instants as a person writes them."""

from datetime import UTC, datetime

import pytest

from swf_console.backend.core.errors import UsageError
from swf_console.backend.core.times import parse_clock, parse_time

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10m", datetime(2026, 1, 31, 11, 50, tzinfo=UTC)),
        ("2 h", datetime(2026, 1, 31, 10, 0, tzinfo=UTC)),
        ("1.5d", datetime(2026, 1, 30, 0, 0, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T12:30", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
        ("2026-01-31T12:30:00+02:00", datetime(2026, 1, 31, 10, 30, tzinfo=UTC)),
        ("2026-01-31T12:30:00Z", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
    ],
)
def test_parse_time_time_or_age(text: str, meant: datetime) -> None:
    assert parse_time(text, "--since", NOW) == meant


@pytest.mark.parametrize("text", ["", "yesterday", "10", "-5m", "999999999w", "2026-13-01", "10x"])
def test_parse_time_invalid_names_flag(text: str) -> None:
    with pytest.raises(UsageError, match="--since"):
        parse_time(text, "--since", NOW)


def test_parse_time_none_is_none() -> None:
    assert parse_time(None, "--since") is None


def test_parse_clock_time_of_day_is_the_latest() -> None:
    now = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
    assert parse_clock("11:30", "the time", now) == datetime(2026, 1, 31, 11, 30, tzinfo=UTC)
    assert parse_clock("9:05:30", "the time", now) == datetime(2026, 1, 31, 9, 5, 30, tzinfo=UTC)
    assert parse_clock("12:30", "the time", now) == datetime(2026, 1, 30, 12, 30, tzinfo=UTC)
    assert parse_clock("10m", "the time", now) == datetime(2026, 1, 31, 11, 50, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "25:00", "noon"])
def test_parse_clock_invalid_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_clock(text, "the time")
