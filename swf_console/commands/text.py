"""Values as text on one line of a terminal: short, harmless, in UTC."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .output import harmless, show

LONGEST_LINE = 4000
LONGEST_VALUE = 400
MOST_LINES = 400


def brief(value: Any, longest: int = LONGEST_VALUE) -> str:
    """`value` as harmless text of at most `longest` characters; what was cut off is counted."""
    text = value if isinstance(value, str) else spelled(value)
    if len(text) <= longest:
        return harmless(text)
    return f"{harmless(text[:longest])}… ({len(text) - longest:,} more)"


def spelled(value: Any) -> str:
    """A value of a JSON document as text; None is `-`."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:.10g}"
    return json.dumps(value, default=str, ensure_ascii=False)


def instant(value: datetime | None, *, milliseconds: bool = False) -> str:
    """An instant in UTC."""
    if value is None:
        return "-"
    text = value.astimezone(UTC).isoformat(" ", "milliseconds" if milliseconds else "seconds")
    return text.partition("+")[0]


def lasted(begin: datetime, end: datetime | None) -> str:
    """How long something took."""
    return "-" if end is None else span(max(timedelta(0), end - begin))


def age(then: datetime | None, now: datetime | None = None) -> str:
    """How long ago that was."""
    return "never" if then is None else span(max(timedelta(0), (now or datetime.now(UTC)) - then))


def span(length: timedelta) -> str:
    """A length of time in its two largest units."""
    whole = length.total_seconds()
    if whole < 10:
        return f"{whole:.2f} s" if whole < 1 else f"{whole:.1f} s"
    if whole < 60:
        return f"{whole:.0f} s"
    minutes, rest = divmod(round(whole), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def seconds(value: float | None) -> str:
    """A length of time given in seconds."""
    return "-" if value is None else span(timedelta(seconds=value))


def capped(count: int, cap: int) -> str:
    """A count that was only counted up to `cap`."""
    return f"{cap - 1:,}+" if count >= cap else f"{count:,}"


def heading(text: str) -> None:
    """A heading, with an empty line before it."""
    show()
    show(text)


def lines(text: str, indent: str = "  ") -> None:
    """A text of many lines, harmless, and not without end."""
    found = text.splitlines()
    for line in found[:MOST_LINES]:
        show(indent + brief(line, LONGEST_LINE))
    if len(found) > MOST_LINES:
        show(f"{indent}… ({len(found) - MOST_LINES:,} more lines)")


def counted(counts: Mapping[str, int]) -> Iterable[tuple[str, str]]:
    """Names and counts, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(brief(name, 60), f"{number:,}") for name, number in ordered]
