"""A question to a backend that may hang."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Probe(Generic[T]):
    """A question under way in a thread of its own, which never keeps the process from ending."""

    question: Callable[[], T]
    _answer: "queue.SimpleQueue[T]" = field(default_factory=queue.SimpleQueue)

    def __post_init__(self) -> None:
        threading.Thread(target=self._ask, name="probe", daemon=True).start()

    def within(self, seconds: float, otherwise: Callable[[], T]) -> T:
        """The answer, or `otherwise()` where it has not come within `seconds`."""
        try:
            return self._answer.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return otherwise()

    def _ask(self) -> None:
        self._answer.put(self.question())
