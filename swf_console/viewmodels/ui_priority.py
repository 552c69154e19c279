"""Threads that fill buffers yield to the painting thread: they share one interpreter lock."""

import threading
import time
from collections.abc import Callable

MAX_WAIT_SECONDS = 0.03
# after waiting, a thread runs without waiting for this share of the time that it waited
FREE_SHARE = 1 / 3

Clock = Callable[[], float]


class UiPriority:
    """Whether the painting thread is busy; idle until it reports otherwise."""

    def __init__(self) -> None:
        self._idle = threading.Event()
        self._idle.set()

    def busy(self) -> None:
        """The painting thread starts to work."""
        self._idle.clear()

    def idle(self) -> None:
        """The painting thread waits for events."""
        self._idle.set()

    def yielder(self, now: Clock = time.monotonic) -> Callable[[], None]:
        """The function that another thread calls between two pieces of work; one for each thread.

        It waits while the painting thread is busy, 30 ms at most, and never for more than three quarters of
        the time: constant painting must not stop the receipt of messages.
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
