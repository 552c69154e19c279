"""Loads older messages from the database behind the buffer."""

import time
from collections.abc import Callable

from textual.widget import Widget

from ...viewmodels.context import ConsoleContext
from ...widgets.worker import BlockingCall

RETRY_SECONDS = 5.0
# 20,000 rows back at most: an earlier time is better reached by a filter on it
JUMP_ROWS = 1000
JUMP_TRIES = 20


class MessageHistory:
    """Loads older messages in the background; `loaded` is called when there are some.

    `failed` is called with an error of a request of the user.
    """

    def __init__(
        self,
        owner: Widget,
        context: ConsoleContext,
        loaded: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._context, self._loaded, self._failed = context, loaded, failed
        self._reading = BlockingCall(owner, "history")
        self._filled = False
        self._fill_at = 0.0

    def reset(self) -> None:
        """The filter has changed: fill the screen again."""
        self._filled = False

    def load_older(self) -> None:
        """Load the next older messages."""
        if not self._context.tail.ends:
            self._reading.start(self._read, lambda _: self._loaded(), self._failed)

    def fill(self) -> None:
        """Load recorded messages once, where there are fewer messages than lines."""
        if self._filled or time.monotonic() < self._fill_at or not self._context.pollers:
            return
        self._filled = True
        if not self._context.tail.ends:
            self._reading.start(self._read, lambda _: self._loaded(), self._not_filled)

    def back_to(self, moment: float, then: Callable[[], None], tries: int = JUMP_TRIES) -> None:
        """Load until a message is as old as `moment` or none is older; then call `then`."""
        tail = self._context.tail
        oldest = tail.window(0, 1)
        if not tries or tail.ends or (oldest and oldest[0].seconds <= moment):
            then()
            return
        self._reading.start(
            lambda: tail.load_history(self._context.database(), JUMP_ROWS),
            lambda count: self.back_to(moment, then, tries - 1 if count else 0),
            self._failed,
        )

    def _read(self) -> int:
        return self._context.tail.load_history(self._context.database())

    def _not_filled(self, _error: Exception) -> None:
        """Try again later; the status bar shows the problem of the database."""
        # not in each frame: the database may be down
        self._filled, self._fill_at = False, time.monotonic() + RETRY_SECONDS
