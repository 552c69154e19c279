"""Limits repaints on slow terminals, so that keys are not delayed by live output."""

import time
from collections.abc import Callable
from typing import IO

# a write that takes longer has blocked: scheduling alone delays one by a few milliseconds
BLOCKED_SECONDS = 0.03
# a single blocked write may be an accident; the terminal is slow if this share of the time was spent in one
BLOCKED_SHARE = 0.3
# the share of the measured rate for live repaints; the rest is for the answers to keys
OUTPUT_SHARE = 0.4
# how long a measured rate is used: after that the link may have become faster
SLOW_SECONDS = 10.0
# the longest pause between repaints, so that the slowest link shows changes too
MAX_PAUSE = 2.0

Clock = Callable[[], float]


class TerminalOutput:
    """A file that leads to a terminal; it measures how fast the terminal takes what is written.

    `rate` (characters per second) is known after two blocked writes that took much of the time between them:
    then all buffers on the way were full both times, and what was written in between is what the link took.
    """

    def __init__(self, file: IO[str], now: Clock = time.monotonic) -> None:
        self._file, self._now = file, now
        self.written = 0
        self.busy = False
        self.rate: float | None = None
        self.waited_at = self.full_at = float("-inf")
        self._written_then = 0

    def write(self, text: str) -> None:
        self.written += len(text)
        self._timed(lambda: self._file.write(text))

    def flush(self) -> None:
        self._timed(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def _timed(self, call: Callable[[], object]) -> None:
        started, self.busy = self._now(), True
        try:
            call()
        finally:
            self.busy = False
            if (ended := self._now()) - started > BLOCKED_SECONDS:
                self._measure(started, ended)

    def _measure(self, started: float, ended: float) -> None:
        since = ended - self.full_at
        if ended - started > BLOCKED_SHARE * since:
            self.rate = max(1.0, (self.written - self._written_then) / since)
            self.waited_at = ended
        self.full_at, self._written_then = ended, self.written


class RepaintLimiter:
    """Decides when live output is repainted; more than half of a slow terminal's rate stays free for keys."""

    def __init__(self, now: Clock = time.monotonic) -> None:
        self._now = now
        self._painted_at, self._written = float("-inf"), 0
        self.slow = False

    def due(self, output: TerminalOutput | None) -> bool:
        """Whether to repaint now; the caller repaints when this is true."""
        if output is None:
            return True
        if output.busy:
            return False
        now, rate = self._now(), output.rate
        self.slow = rate is not None and now - output.waited_at < SLOW_SECONDS
        if rate is not None and self.slow:
            takes = min(MAX_PAUSE, (output.written - self._written) / (OUTPUT_SHARE * rate))
            if now < self._painted_at + takes:
                return False
        self._painted_at, self._written = now, output.written
        return True
