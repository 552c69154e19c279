"""Instants as a person writes them: ISO 8601, or an age such as 10m."""

import re
from datetime import UTC, datetime, timedelta

from ..errors import UsageError

AGE = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)\s*([smhdw])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_moment(text: str | None, field: str, now: datetime | None = None) -> datetime | None:
    """The instant (UTC) that `text` names: `2026-01-31T12:00`, UTC where no zone is given, or `10m` ago.

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
            f"{field}={text[:60]} is no time",
            f"Give one such as {field} 2026-01-31T12:00 or {field} 10m (ago)",
        ) from None
