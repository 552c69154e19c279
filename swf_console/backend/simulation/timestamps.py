"""The time as messages say it, written in the moment when an STF is due."""

import time
from datetime import UTC, datetime

NANOSECONDS = 1_000_000_000


class Timestamps:
    """Writes the time in ISO 8601, UTC, with microseconds; what a second has in common is written once."""

    def __init__(self) -> None:
        self._second = -1
        self._text = ""

    def now(self) -> str:
        """Say the time: `2026-01-31T12:00:00.000000+00:00`."""
        second, nanoseconds = divmod(time.time_ns(), NANOSECONDS)
        if second != self._second:
            self._second, self._text = second, datetime.fromtimestamp(second, UTC).isoformat()[:19]
        return f"{self._text}.{nanoseconds // 1000:06d}+00:00"
