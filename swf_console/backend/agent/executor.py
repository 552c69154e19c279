"""Calls on other threads: timed and one after the other, or on a thread pool."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

RETRY_SECONDS = 2.0

log = logging.getLogger(__name__)


class TimerQueue:
    """Timed calls on one thread; none is started after close(). A call that raises is repeated."""

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call after `seconds`, or as soon as the calls before it have returned."""
        due = time.monotonic() + max(0.0, seconds)
        with self._changed:
            if self._closed:
                return
            heapq.heappush(self._calls, (due, next(self._numbers), call))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="timers", daemon=True)
                self._thread.start()
            if self._calls[0][0] == due:
                self._changed.notify()

    def close(self, timeout: float) -> None:
        """Start no more calls; wait for the current one, up to `timeout` seconds."""
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
                log.exception("timed call failed, retrying in %g s", RETRY_SECONDS)
                self.after(RETRY_SECONDS, call)

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._closed:
                wait = self._calls[0][0] - time.monotonic() if self._calls else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._calls)[2]
                self._changed.wait(wait)
        return None


POLL_SECONDS = 0.1


class BoundedExecutor:
    """A thread pool with room for twice as many calls as threads."""

    def __init__(self, threads: int, closing: threading.Event) -> None:
        self._closing = closing
        # one call per thread waits, so that no thread idles; more would only hold messages of this agent
        self._room = threading.Semaphore(2 * threads)
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="background")
        self._busy = 0
        self._idle = threading.Condition()

    def submit(self, call: Callable[[], None]) -> bool:
        """Start `call`, after waiting for room; false if the agent stops meanwhile."""
        while not self._room.acquire(timeout=POLL_SECONDS):
            if self._closing.is_set():
                return False
        with self._idle:
            self._busy += 1
        self._executor.submit(call).add_done_callback(self._ended)
        return True

    def close(self, timeout: float) -> bool:
        """Start no more calls; true if all started calls end within `timeout` seconds."""
        # not wait=True: a call that hangs must not keep the agent from ending
        self._executor.shutdown(wait=False, cancel_futures=True)
        with self._idle:
            return self._idle.wait_for(lambda: self._busy == 0, timeout)

    def _ended(self, _future: Future[None]) -> None:
        """A call ended or was cancelled."""
        self._room.release()
        with self._idle:
            self._busy -= 1
            self._idle.notify_all()
