"""Limits log lines that other programs cause: one sender cannot fill the disk."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

SECONDS = 60.0
SENDERS = 200


class LogLimit:
    """Admits one line a minute for each sender. Thread-safe, with bounded memory.

    A sender is a name that anyone may invent: beyond `senders` names all further ones share one line.
    """

    def __init__(
        self,
        seconds: float = SECONDS,
        senders: int = SENDERS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds, self._senders, self._clock = seconds, senders, clock
        self._lock = threading.Lock()
        self._lines: OrderedDict[str, tuple[float, int]] = OrderedDict()  # sender -> time, lines omitted

    def admit(self, sender: str) -> str | None:
        """None if the line is omitted; else its end, which counts the lines omitted before it."""
        now = self._clock()
        with self._lock:
            while self._lines and next(iter(self._lines.values()))[0] <= now - 10 * self._seconds:
                self._lines.popitem(last=False)
            if sender not in self._lines and len(self._lines) >= self._senders:
                sender = ""
            last, omitted = self._lines.get(sender, (now - self._seconds, 0))
            if now - last < self._seconds:
                self._lines[sender] = last, omitted + 1
                return None
            self._lines[sender] = now, 0
            self._lines.move_to_end(sender)
        return f"; {omitted} more of this sender in the last minute" if omitted else ""
