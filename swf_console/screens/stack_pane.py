"""A pane of views, one over the other: what happens to it happens to the view in front."""

from typing import TYPE_CHECKING

from .pane import Pane
from .views import View, ViewStack

if TYPE_CHECKING:
    from ..backend.operations.console.services import ConsoleServices


class StackPane(Pane):
    """A pane whose list is `first`, with what is opened from it over it."""

    def __init__(self, services: "ConsoleServices", first: View) -> None:
        super().__init__(services)
        self._stack = ViewStack(first)

    @property
    def stack(self) -> ViewStack:
        """The views, one over the other."""
        return self._stack

    def opened(self) -> None:
        """Begin to read."""
        self._stack.opened()

    def closed(self) -> None:
        """Read no more."""
        self._stack.closed()

    def refresh_now(self) -> None:
        """Read again at once."""
        self._stack.front.refresh_now()

    def copy_text(self, what: str) -> str | None:
        """What the view in front has."""
        return self._stack.front.copy_text(what)
