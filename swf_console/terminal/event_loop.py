"""The event loop of the console: it tells the other threads while it is at work."""

import asyncio
import selectors
from typing import Any

from ..viewmodels.ui_priority import UiPriority


class TellingSelector(selectors.DefaultSelector):
    """Waits for events as any other; in between the loop is busy."""

    def __init__(self, ui_priority: UiPriority) -> None:
        super().__init__()
        self._ui_priority = ui_priority

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        """Wait; where nothing is left to do until then, say so."""
        if timeout is None or timeout > 0:
            self._ui_priority.idle()
        try:
            return super().select(timeout)
        finally:
            self._ui_priority.busy()

    def close(self) -> None:
        """The loop has ended: nobody is at work any more."""
        super().close()
        self._ui_priority.idle()


def loop_that_tells(ui_priority: UiPriority) -> asyncio.AbstractEventLoop:
    """Make a loop that tells them by way of `ui_priority`."""
    return asyncio.SelectorEventLoop(TellingSelector(ui_priority))
