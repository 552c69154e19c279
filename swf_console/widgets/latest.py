"""Questions of which only the latest counts."""

from collections.abc import Callable
from typing import Generic, TypeVar

from textual.widget import Widget

from .background import Background

T = TypeVar("T")


class Latest(Generic[T]):
    """Asks in the background; a question that comes meanwhile waits, and takes the place of one that waits.

    The answer to a question that another has followed is dropped.
    """

    def __init__(self, owner: Widget, name: str) -> None:
        self._background = Background(owner, name)
        self._waiting: tuple[Callable[[], T], Callable[[T], None], Callable[[Exception], None]] | None = None

    @property
    def busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._background.busy

    def ask(
        self, call: Callable[[], T], done: Callable[[T], None], failed: Callable[[Exception], None]
    ) -> None:
        """Ask this, and nothing that was asked before."""
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
