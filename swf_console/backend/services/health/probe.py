"""Calls to a backend that may block."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Probe(Generic[T]):
    """A call that runs in a daemon thread, so that the process can exit while it blocks."""

    call: Callable[[], T]
    _result: "queue.SimpleQueue[T]" = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        threading.Thread(target=self._run, name="probe", daemon=True).start()

    def within(self, seconds: float, otherwise: Callable[[], T]) -> T:
        """The result, or `otherwise()` if it does not come within `seconds`."""
        try:
            return self._result.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return otherwise()

    def _run(self) -> None:
        self._result.put(self.call())
