"""Background work on a bounded number of threads; who brings more than they can take waits."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

LOOK_SECONDS = 0.1


class Pool:
    """`threads` threads, and as many calls again that wait for one."""

    def __init__(self, threads: int, closing: threading.Event) -> None:
        self._closing = closing
        self._room = threading.Semaphore(2 * threads)
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="background")
        self._busy = 0
        self._idle = threading.Condition()

    def submit(self, call: Callable[[], None]) -> bool:
        """Have `call` done, after waiting for room; False where the agent ends meanwhile."""
        while not self._room.acquire(timeout=LOOK_SECONDS):
            if self._closing.is_set():
                return False
        with self._idle:
            self._busy += 1
        self._executor.submit(call).add_done_callback(self._over)
        return True

    def close(self, timeout: float) -> bool:
        """Begin nothing new; true where all that was begun is done within `timeout` seconds."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        with self._idle:
            return self._idle.wait_for(lambda: self._busy == 0, timeout)

    def _over(self, _future: Future[None]) -> None:
        """A call has ended, or was never begun."""
        self._room.release()
        with self._idle:
            self._busy -= 1
            self._idle.notify_all()
