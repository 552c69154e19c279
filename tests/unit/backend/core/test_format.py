"""Ages, instants, counts and values as text."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from swf_console.backend.core import format as text
from swf_console.backend.core.times import seconds_since

HOUR = 3600.0
NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, UTC)


@pytest.mark.parametrize(
    ("function", "seconds", "shown"),
    [
        (text.age, None, "-"),
        (text.age, -3.0, "0s"),
        (text.age, 299.9, "299s"),
        (text.age, 300.0, "5m"),
        (text.age, 2 * HOUR + 600, "2h10m"),
        (text.age, 76 * HOUR, "3d4h"),
        (text.short_age, 59.4, "59s"),
        (text.short_age, 61.0, "1m"),
        (text.short_age, 2 * HOUR, "2h"),
        (text.short_age, 76 * HOUR, "3d"),
        (text.short_duration, None, "-"),
        (text.short_duration, 1.254, "1.25s"),
        (text.short_duration, 12.54, "12.5s"),
        (text.short_duration, 90.0, "90s"),
        (text.duration_text, None, "-"),
        (text.duration_text, 0.254, "0.25 s"),
        (text.duration_text, 1.25, "1.2 s"),
        (text.duration_text, 59.0, "59 s"),
        (text.duration_text, 250.0, "4 min 10 s"),
        (text.duration_text, 2 * HOUR + 600, "2 h 10 min"),
        (text.duration_text, 76 * HOUR, "3 d 4 h"),
    ],
)
def test_durations_as_text(function: Callable[[float | None], str], seconds: float, shown: str) -> None:
    assert function(seconds) == shown


def test_since_future_is_zero() -> None:
    assert text.since(NOON + timedelta(seconds=5), NOON) == "0s"
    assert text.since(NOON - timedelta(seconds=5), NOON) == "5s"
    assert text.since(None) == "-"
    assert seconds_since(NOON, NOON + timedelta(minutes=1)) == 60.0


def test_clock_other_day_shows_date_other_year_shows_year() -> None:
    today = datetime.now(UTC).replace(hour=1, minute=2, second=3, microsecond=4567)
    assert text.clock(today) == "01:02:03"
    assert text.clock(today, milliseconds=True) == "01:02:03.004"
    other = today.replace(month=1 if today.month > 6 else 12)
    assert text.clock(other) == f"{other:%m-%d} 01:02:03"
    assert text.clock(datetime(2019, 3, 4, 5, 6, 7, tzinfo=UTC)) == "19-03-04 05:06"
    assert text.clock(None) == "-"


def test_instant_and_iso_in_utc() -> None:
    east = NOON.astimezone(timezone(timedelta(hours=3)))
    assert text.instant(east) == "2026-01-31 12:00:00"
    assert text.instant(east, milliseconds=True) == "2026-01-31 12:00:00.123"
    assert text.instant(None) == "-"
    assert text.iso(east) == "2026-01-31T12:00:00.123456Z"


@pytest.mark.parametrize(("count", "shown"), [(0, "0"), (10_000, "10,000"), (10_001, "10,000+")])
def test_capped_count_shows_cap(count: int, shown: str) -> None:
    assert text.capped(count, 10_001) == shown


def test_number_and_plural() -> None:
    assert [text.number(value) for value in (0.0, 3.0, 0.12345, 12.345, 1234.5)] == [
        "0",
        "3",
        "0.123",
        "12.3",
        "1,234",
    ]
    assert (text.plural(1, "agent"), text.plural(1200, "agent")) == ("1 agent", "1,200 agents")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        ("ä b", "ä b"),
        (0.1, "0.1"),
        (True, "true"),
        ({"a": [1, "ü"]}, '{"a": [1, "ü"]}'),
        (NOON, f'"{NOON}"'),
    ],
)
def test_as_text_value_of_json(value: Any, shown: str) -> None:
    assert text.as_text(value) == shown
