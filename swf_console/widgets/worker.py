"""Blocking calls in background threads, for widgets."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from textual.widget import Widget

T = TypeVar("T")

log = logging.getLogger(__name__)


class BlockingCall:
    """One call at a time for a widget, in a daemon thread: a call that never returns blocks nothing else.

    Results are delivered in the widget's thread, as long as it is on screen.
    """

    def __init__(self, owner: Widget, name: str) -> None:
        self._owner, self._name = owner, name
        self._started_at: float | None = None

    @property
    def busy(self) -> bool:
        """Whether a call is under way."""
        return self._started_at is not None

    @property
    def seconds(self) -> float:
        """How long the present call has taken so far."""
        return 0.0 if self._started_at is None else time.monotonic() - self._started_at

    def start(
        self, call: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> bool:
        """Start a call; returns False, and does nothing, while one is under way."""
        if self.busy:
            return False
        self._started_at = time.monotonic()

        def work() -> None:
            try:
                answer = call()
            except Exception as error:
                log.debug("%s failed", self._name, exc_info=True)
                self._answer(failed, error)
            else:
                self._answer(done, answer)

        threading.Thread(target=work, name=self._name, daemon=True).start()
        return True

    def _answer(self, then: Callable[[T], None], answer: T) -> None:
        with suppress(RuntimeError):  # the application's loop has ended meanwhile
            self._owner.call_later(self._ended, then, answer)

    def _ended(self, then: Callable[[T], None], answer: T) -> None:
        self._started_at = None
        then(answer)


class LatestCall(Generic[T]):
    """Calls in the background; a newer call replaces a queued one, and results of older calls are dropped."""

    def __init__(self, owner: Widget, name: str) -> None:
        self._background = BlockingCall(owner, name)
        self._waiting: tuple[Callable[[], T], Callable[[T], None], Callable[[Exception], None]] | None = None

    @property
    def busy(self) -> bool:
        """Whether a result is expected."""
        return self._background.busy

    def submit(
        self, call: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> None:
        """Start this call, or queue it in place of the one that waits."""
        self._waiting = call, done, failed
        if not self._background.busy:
            self._go()

    def _go(self) -> None:
        if self._waiting is None:
            return
        (call, done, failed), self._waiting = self._waiting, None

        def answered(answer: T) -> None:
            if self._waiting is None:
                done(answer)
            self._go()

        def refused(error: Exception) -> None:
            if self._waiting is None:
                failed(error)
            self._go()

        self._background.start(call, answered, refused)
