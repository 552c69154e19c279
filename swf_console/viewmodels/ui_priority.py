"""Threads that fill buffers yield to the one that paints: they share one interpreter."""

import threading
import time
from collections.abc import Callable

MAX_WAIT_SECONDS = 0.03
# of the time that a thread has waited, the part in which it then need not wait
FREE_SHARE = 1 / 3

Clock = Callable[[], float]


class UiPriority:
    """Says whether the thread that paints is at work; where it does not say so, it is not."""

    def __init__(self) -> None:
        self._idle = threading.Event()
        self._idle.set()

    def busy(self) -> None:
        """It has something to do."""
        self._idle.clear()

    def idle(self) -> None:
        """It waits for something to do."""
        self._idle.set()

    def yielder(self, now: Clock = time.monotonic) -> Callable[[], None]:
        """What another thread calls between two pieces of its work; each thread has one of its own.

        It waits while the one that paints is busy, 30 ms at most, and never for more than three quarters of
        the time: a terminal that asks for too much keeps no message out.
        """
        idle, free_until = self._idle, float("-inf")

        def wait() -> None:
            nonlocal free_until
            if idle.is_set():
                return
            started = now()
            if started < free_until:
                return
            idle.wait(MAX_WAIT_SECONDS)
            ended = now()
            free_until = ended + FREE_SHARE * (ended - started)

        return wait
