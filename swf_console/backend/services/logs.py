"""Lines of log files: JSON objects of this package, or text of other programs."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .executions.queries import table


@dataclass(frozen=True, slots=True)
class LoggedLine:
    """One log line; `text` has several lines if there is an exception."""

    at: datetime
    level: str
    source: str
    text: str
    execution_id: object = None


def read_line(line: str | bytes, source: str) -> LoggedLine | None:
    """A line that this package wrote; None for other text."""
    try:
        fields: dict[str, Any] = table(json.loads(line))
        at = datetime.fromisoformat(str(fields.get("time"))).astimezone(UTC)
    except (ValueError, RecursionError, OverflowError):
        return None
    exception = fields.get("exception")
    text = str(fields.get("message", ""))
    whole = f"{text}\n{exception}" if isinstance(exception, str) else text
    return LoggedLine(at, str(fields.get("level", "")), source, whole, fields.get("execution_id"))


def readable_lines(line: str) -> list[str]:
    """Time, level and message, then the lines of an exception; other text is returned unchanged."""
    logged = read_line(line, "") if line.startswith("{") else None
    if logged is None:
        return [line]
    first, *more = logged.text.splitlines() or [""]
    at = logged.at.strftime("%H:%M:%S.%f")[:-3]
    return [f"{at} {logged.level:<8} {first}", *(f"    {each}" for each in more)]
