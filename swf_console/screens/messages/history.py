"""What lies behind the ring: read from the database as far as somebody looks."""

import time
from collections.abc import Callable

from textual.widget import Widget

from ...viewmodels.context import ConsoleContext
from ...widgets.worker import BackgroundCall

FILL_AGAIN = 5.0
JUMP_ROWS = 1000
JUMP_TRIES = 20


class MessageHistory:
    """Reads older messages into the tail, in the background; `came` is called when there are some.

    `wrong` is given what stood in the way of what somebody asked for.
    """

    def __init__(
        self,
        owner: Widget,
        services: ConsoleContext,
        came: Callable[[], None],
        wrong: Callable[[Exception], None],
    ) -> None:
        self._services, self._came, self._wrong = services, came, wrong
        self._reading = BackgroundCall(owner, "history")
        self._filled = False
        self._fill_at = 0.0

    def begin_anew(self) -> None:
        """What is looked at is something else: it may have a past of its own."""
        self._filled = False

    def read_on(self) -> None:
        """Read the next older ones."""
        if not self._services.tail.ends:
            self._reading.start(self._read, lambda _: self._came(), self._wrong)

    def fill(self) -> None:
        """Read what is recorded, once, where there is less to see than there is room for."""
        if self._filled or time.monotonic() < self._fill_at or not self._services.pollers:
            return
        self._filled = True
        if not self._services.tail.ends:
            self._reading.start(self._read, lambda _: self._came(), self._not_filled)

    def back_to(self, moment: float, then: Callable[[], None], tries: int = JUMP_TRIES) -> None:
        """Read until there is something as old as `moment`, or nothing older; then call `then`."""
        tail = self._services.tail
        oldest = tail.window(0, 1)
        if not tries or tail.ends or (oldest and oldest[0].seconds <= moment):
            then()
            return
        self._reading.start(
            lambda: tail.read_on(self._services.database(), JUMP_ROWS),
            lambda count: self.back_to(moment, then, tries - 1 if count else 0),
            self._wrong,
        )

    def _read(self) -> int:
        return self._services.tail.read_on(self._services.database())

    def _not_filled(self, _error: Exception) -> None:
        """The database's pipe says what is wrong; it is tried again."""
        self._filled, self._fill_at = False, time.monotonic() + FILL_AGAIN
