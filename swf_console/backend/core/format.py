"""Ages, instants, counts and values as text. Instants are in UTC."""

import json
from datetime import UTC, datetime
from typing import Any

from .times import seconds_since

MINUTE, HOUR = 60, 3600


def age(seconds: float | None) -> str:
    """An age in its largest units, for screens: 299s, 5m, 2h10m, 3d4h; `-` for None."""
    if seconds is None:
        return "-"
    whole = int(max(0.0, seconds))
    if whole < 5 * MINUTE:
        return f"{whole}s"
    minutes = whole // 60
    if minutes < 60:
        return f"{minutes}m"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours < 48 else f"{hours // 24}d{hours % 24}h"


def since(moment: datetime | None, now: datetime | None = None) -> str:
    """The age of an instant; `-` for None."""
    return "-" if moment is None else age(seconds_since(moment, now))


def short_age(seconds: float) -> str:
    """An age in one rounded unit, for narrow columns: 1m, 3d."""
    for size, unit in ((86400, "d"), (HOUR, "h"), (MINUTE, "m")):
        if seconds >= size:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.0f}s"


def short_duration(seconds: float | None) -> str:
    """A duration for screens: 1.25s, 12.5s, 5m."""
    if seconds is None:
        return "-"
    seconds = max(0.0, seconds)
    return f"{seconds:.2f}s" if seconds < 10 else f"{seconds:.1f}s" if seconds < MINUTE else age(seconds)


def process_of(owner: str | None) -> str:
    """`process 123 on HOST` for the id of a lease owner, `HOST:PID:RANDOM`; other ids are unchanged."""
    host, _, rest = (owner or "").partition(":")
    pid = rest.partition(":")[0]
    return f"process {pid} on {host}" if host and pid.isdecimal() else owner or "an unknown process"


def duration_text(seconds: float | None) -> str:
    """A duration in its two largest units, for commands: 1.2 s, 4 min 10 s, 3 d 4 h."""
    if seconds is None:
        return "-"
    seconds = max(0.0, seconds)
    if seconds < 10:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def clock(moment: datetime | None, *, milliseconds: bool = False) -> str:
    """The time of day, with the date for another day, without seconds for another year: 14 characters."""
    if moment is None:
        return "-"
    at = moment.astimezone(UTC)
    text = f"{at:%H:%M:%S}"
    if milliseconds:
        return f"{text}.{at.microsecond // 1000:03d}"
    now = datetime.now(UTC)
    if at.date() == now.date():
        return text
    return f"{at:%m-%d} {text}" if at.year == now.year else f"{at:%y-%m-%d %H:%M}"


def instant(moment: datetime | None, *, milliseconds: bool = False) -> str:
    """Date and time: 2026-01-31 12:00:00."""
    if moment is None:
        return "-"
    text = moment.astimezone(UTC).isoformat(" ", "milliseconds" if milliseconds else "seconds")
    return text.partition("+")[0]


def iso(moment: datetime) -> str:
    """Date and time in documents and responses: ISO 8601 with a Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def number(value: float) -> str:
    """A number with at most three significant digits below 100, else whole."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3g}"


def size(count: float) -> str:
    """Bytes in a larger unit."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} TB"


def plural(count: int, word: str) -> str:
    """`1 agent`, `2 agents`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def capped(count: int, cap: int) -> str:
    """A count that stopped at `cap`: 10,000+."""
    return f"{cap - 1:,}+" if count >= cap else f"{count:,}"


def as_text(value: Any) -> str:
    """A value of a JSON document as text; `-` for None."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.10g}"
    return json.dumps(value, default=str, ensure_ascii=False)


def with_advice(text: str, advice: str) -> str:
    """What is wrong, then the advice."""
    return f"{text.rstrip('.')}. {advice}" if text and advice else text
