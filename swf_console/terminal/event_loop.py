"""An event loop that lets background threads yield while it is busy."""

import asyncio
import selectors
from typing import Any

from ..viewmodels.ui_priority import UiPriority


class UiPrioritySelector(selectors.DefaultSelector):
    """Marks the loop as busy between two waits."""

    def __init__(self, ui_priority: UiPriority) -> None:
        super().__init__()
        self._ui_priority = ui_priority

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        """Wait for events; the loop is idle meanwhile."""
        if timeout is None or timeout > 0:
            self._ui_priority.idle()
        try:
            return super().select(timeout)
        finally:
            self._ui_priority.busy()

    def close(self) -> None:
        """The loop has ended: it is idle."""
        super().close()
        self._ui_priority.idle()


def ui_event_loop(ui_priority: UiPriority) -> asyncio.AbstractEventLoop:
    """An event loop that reports to `ui_priority` when it is busy."""
    return asyncio.SelectorEventLoop(UiPrioritySelector(ui_priority))
