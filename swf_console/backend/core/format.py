"""Ages, counts and instants as the screens say them: short, in UTC."""

from datetime import UTC, datetime


def age(seconds: float | None) -> str:
    """An age in its largest units: 6s, 4m10, 2h10m, 3d4h; `-` where there is none."""
    if seconds is None:
        return "-"
    whole = int(max(0.0, seconds))
    if whole < 300:
        return f"{whole}s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours < 48 else f"{hours // 24}d{hours % 24}h"


def since(moment: datetime | None, now: datetime | None = None) -> str:
    """How long ago that was."""
    return "-" if moment is None else age(((now or datetime.now(UTC)) - moment).total_seconds())


def clock(moment: datetime | None) -> str:
    """The time of day in UTC, with the date where it was another day."""
    if moment is None:
        return "-"
    at = moment.astimezone(UTC)
    return f"{at:%H:%M:%S}" if at.date() == datetime.now(UTC).date() else f"{at:%m-%d %H:%M:%S}"


def number(value: float) -> str:
    """A figure with as many digits as it deserves."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3g}"


def plural(count: int, word: str) -> str:
    """`1 agent`, `2 agents`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
