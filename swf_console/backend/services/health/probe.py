"""Calls to a backend that may block."""

import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

PATIENCE = 3.0
PREPARE_SECONDS = 30.0


class Probe(Generic[T]):
    """A call in a daemon thread, so that the process can exit while it blocks.

    `prepare` loads the libraries that the call needs. A busy machine may need seconds for that: patience
    counts from the start of the call, because only then the backend has been asked.
    """

    def __init__(self, call: Callable[[], T], prepare: Callable[[], object] | None = None) -> None:
        self._call, self._prepare = call, prepare
        self._result: queue.SimpleQueue[T] = queue.SimpleQueue()
        self._asked, self._asked_at = threading.Event(), 0.0
        threading.Thread(target=self._run, name="probe", daemon=True).start()

    def within(self, seconds: float, otherwise: Callable[[], T]) -> T:
        """The result, or `otherwise()` if it does not come within `seconds` after the start of the call."""
        self._asked.wait(PREPARE_SECONDS)
        left = self._asked_at + seconds - time.monotonic() if self._asked.is_set() else 0.0
        try:
            return self._result.get(timeout=max(0.0, left))
        except queue.Empty:
            return otherwise()

    def _run(self) -> None:
        if self._prepare is not None:
            self._prepare()
        self._asked_at = time.monotonic()
        self._asked.set()
        self._result.put(self._call())
