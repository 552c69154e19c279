"""Instants as a user types them (ISO 8601, or an age such as 10m), and their age."""

import re
from datetime import UTC, datetime, timedelta

from .errors import UsageError

CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?")
AGE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([smhdw])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_time(text: str | None, field: str, now: datetime | None = None) -> datetime | None:
    """The instant (UTC) of `text`: `2026-01-31T12:00`, UTC if no zone is given, or `10m` ago.

    Raises UsageError, naming `field`.
    """
    if text is None:
        return None
    try:
        age = AGE.fullmatch(text.strip())
        if age:
            return (now or datetime.now(UTC)) - timedelta(**{UNITS[age[2]]: float(age[1])})
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{field}={text[:60]} is not a time",
            f"Use for example {field} 2026-01-31T12:00 or {field} 10m (ago)",
        ) from None


def parse_clock(text: str, field: str, now: datetime | None = None) -> datetime:
    """As `parse_time`; a time of day alone is the latest such time, in UTC. Raises UsageError."""
    present = now or datetime.now(UTC)
    words = text.strip()
    if CLOCK.fullmatch(words):
        hour = words if words.index(":") == 2 else f"0{words}"
        moment = parse_time(f"{present:%Y-%m-%d}T{hour}", field, present)
        if moment is not None:
            return moment if moment <= present else moment - timedelta(days=1)
    moment = parse_time(words, field, present)
    if moment is None or not words:
        raise UsageError(f"{field} is missing", "Use for example 12:30 or 10m (ago)")
    return moment


def seconds_since(moment: datetime, now: datetime | None = None) -> float:
    """The age in seconds; 0 if it lies in the future, as clocks of hosts differ."""
    return max(0.0, ((now or datetime.now(UTC)) - moment).total_seconds())
