"""Calls at a time to come, one after the other on a thread of their own."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

RETRY_SECONDS = 2.0

log = logging.getLogger(__name__)


class Schedule:
    """Holds any number of calls; none is begun once it is closed. One that raises is called again."""

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call in so many seconds, or as soon as the calls before it have returned."""
        due = time.monotonic() + max(0.0, seconds)
        with self._changed:
            if self._closed:
                return
            heapq.heappush(self._calls, (due, next(self._numbers), call))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)
                self._thread.start()
            if self._calls[0][0] == due:
                self._changed.notify()

    def close(self, timeout: float) -> None:
        """Begin nothing more; the call at hand is waited for up to `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _run(self) -> None:
        while (call := self._next()) is not None:
            try:
                call()
            except Exception:
                log.exception("what was due has failed, and is tried again")
                self.after(RETRY_SECONDS, call)

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._closed:
                wait = self._calls[0][0] - time.monotonic() if self._calls else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._calls)[2]
                self._changed.wait(wait)
        return None
