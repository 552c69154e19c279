"""Loads older messages from the database behind the buffer."""

import time
from collections.abc import Callable

from textual.widget import Widget

from ...viewmodels.context import ConsoleContext
from ...widgets.worker import BlockingCall

FILL_AGAIN = 5.0
JUMP_ROWS = 1000
JUMP_TRIES = 20


class MessageHistory:
    """Loads older messages in the background; `came` is called when there are some.

    `wrong` is called with an error that prevented what the user asked for.
    """

    def __init__(
        self,
        owner: Widget,
        context: ConsoleContext,
        came: Callable[[], None],
        wrong: Callable[[Exception], None],
    ) -> None:
        self._context, self._came, self._wrong = context, came, wrong
        self._reading = BlockingCall(owner, "history")
        self._filled = False
        self._fill_at = 0.0

    def reset(self) -> None:
        """The filter has changed: fill the screen again."""
        self._filled = False

    def load_history(self) -> None:
        """Load the next older messages."""
        if not self._context.tail.ends:
            self._reading.start(self._read, lambda _: self._came(), self._wrong)

    def fill(self) -> None:
        """Load recorded messages once, where there are fewer messages than lines."""
        if self._filled or time.monotonic() < self._fill_at or not self._context.pollers:
            return
        self._filled = True
        if not self._context.tail.ends:
            self._reading.start(self._read, lambda _: self._came(), self._not_filled)

    def back_to(self, moment: float, then: Callable[[], None], tries: int = JUMP_TRIES) -> None:
        """Load until there is a message as old as `moment`, or nothing older; then call `then`."""
        tail = self._context.tail
        oldest = tail.window(0, 1)
        if not tries or tail.ends or (oldest and oldest[0].seconds <= moment):
            then()
            return
        self._reading.start(
            lambda: tail.load_history(self._context.database(), JUMP_ROWS),
            lambda count: self.back_to(moment, then, tries - 1 if count else 0),
            self._wrong,
        )

    def _read(self) -> int:
        return self._context.tail.load_history(self._context.database())

    def _not_filled(self, _error: Exception) -> None:
        """Try again later; the connection of the database says what is wrong."""
        self._filled, self._fill_at = False, time.monotonic() + FILL_AGAIN
