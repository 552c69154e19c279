"""When a pipe that goes away becomes an alert, and when that is over."""

import time
from collections.abc import Callable, Iterator, Sequence

from ..backend.operations.console.pipe import Flow, PipeState
from .alerts import Alert
from .standing import WORDS

PATIENCE = 5.0


class PipeWatch:
    """Remembers since when each pipe is down. A short outage is no alert."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._down_since: dict[str, float] = {}
        self._told: set[str] = set()

    def look(self, pipes: Sequence[PipeState]) -> Iterator[Alert | str]:
        """An alert for each pipe that has been down too long; the key of an alert that is over."""
        for pipe in pipes:
            if pipe.flow is Flow.DOWN:
                since = self._down_since.setdefault(pipe.name, self._now())
                if self._now() - since >= PATIENCE and pipe.name not in self._told:
                    self._told.add(pipe.name)
                    words = f"{WORDS.get(pipe.name, pipe.name)} is away: {_why(pipe)}"
                    yield Alert(words, screen="doctor", key=pipe.name)
            elif pipe.flow in (Flow.UP, Flow.IDLE):
                self._down_since.pop(pipe.name, None)
                if pipe.name in self._told:
                    self._told.discard(pipe.name)
                    yield pipe.name


def _why(pipe: PipeState) -> str:
    words = pipe.error or "no reason given"
    return f"{words}. {pipe.advice}" if pipe.advice else words
