"""Polling a backend while a screen is open; when it fails the last answer stays on screen with its age."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

from textual.timer import Timer
from textual.widget import Widget

from ...backend.core.errors import SwfError
from ...widgets.worker import BlockingCall

T = TypeVar("T")

SLOW_SECONDS = 3.0
LONGEST_WAIT = 15.0


class Poll(Generic[T]):
    """Calls `read` repeatedly. `show` gets each answer, `trouble` each change of the problem text.

    Both are called in the widget's thread. There is never more than one call at a time: a backend that hangs
    holds one thread, not one for each period.
    """

    def __init__(
        self,
        owner: Widget,
        read: Callable[[], T],
        show: Callable[[T], None],
        trouble: Callable[[str], None],
        *,
        every: float = 1.0,
    ) -> None:
        self._owner, self._read, self._show, self._trouble = owner, read, show, trouble
        self._every = every
        self._background = BlockingCall(owner, "poll")
        self._timer: Timer | None = None
        self._next = 0.0
        self._again = False
        self._failures = 0
        self._cause = ""
        self._reported = ""
        self.answered: float | None = None

    def open(self) -> None:
        """Start polling."""
        if self._timer is None:
            self._timer = self._owner.set_interval(min(self._every, 1.0), self._tick)
        self.now()

    def close(self) -> None:
        """Stop polling."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def now(self) -> None:
        """Read immediately; if a call is running already, read once more after it."""
        # an action has just changed something: an answer that was read before it would show the old state
        self._next = 0.0
        self._again = self._background.busy
        self._tick()

    def _tick(self) -> None:
        if time.monotonic() >= self._next:
            self._background.start(self._read, self._done, self._failed)
        if self._background.seconds > SLOW_SECONDS:
            self._cause = f"no answer yet ({self._background.seconds:.0f} s), still waiting"
        self._report()

    def _done(self, answer: T) -> None:
        self._cause, self._failures = "", 0
        self.answered = time.monotonic()
        # the timer may tick a little early, and would then skip a whole period
        self._next = 0.0 if self._again else self.answered + self._every - 0.05
        self._again = False
        self._report()
        self._show(answer)

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        # back off: a backend that is down is not called every second by every open screen
        self._next = time.monotonic() + min(LONGEST_WAIT, self._every * 2 ** min(self._failures, 6))
        self._cause = cause_of(error)
        self._report()

    def _report(self) -> None:
        trouble = self._trouble_text()
        if trouble != self._reported:
            self._reported = trouble
            self._trouble(trouble)

    def _trouble_text(self) -> str:
        if not self._cause:
            return ""
        now = time.monotonic()
        age = f"STALE {now - self.answered:.0f} s" if self.answered else "NOT READ YET"
        wait = f" · next try in {self._next - now:.0f} s" if self._next > now + 0.5 else ""
        return f"{age}{wait} · {self._cause}"


def cause_of(error: Exception) -> str:
    """The cause of an error with its advice."""
    if isinstance(error, SwfError):
        return f"{error.message}. {error.advice}" if error.advice else error.message
    return f"{type(error).__name__}: {error}"
