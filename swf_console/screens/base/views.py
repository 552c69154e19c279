"""Views of a pane, one over the other: Enter goes deeper, Esc comes back."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message


class View(Container):
    """What a pane shows at a time. It is told when it is in front, and when it is not any more.

    What is `of_many` has no one thing that an action of the pane could concern.
    """

    DEFAULT_CSS = "View { height: 1fr; width: 1fr; }"
    in_front = False
    of_many: ClassVar[bool] = False

    def on_mount(self) -> None:
        """Its parts are there now."""
        if self.in_front:
            self.entered()

    def come(self) -> None:
        """Be in front."""
        self.in_front = True
        if self.is_mounted:
            self.entered()

    def go(self) -> None:
        """Be in front no more."""
        self.in_front = False
        if self.is_mounted:
            self.left()

    def entered(self) -> None:
        """It is in front now: take the focus, begin to refresh."""

    def left(self) -> None:
        """Something is in front of it, or its pane is hidden: stop refreshing."""

    def refresh_now(self) -> None:
        """Read again at once."""

    def copy_text(self, what: str) -> str | None:  # noqa: ARG002 (views that have something say what)
        """The text that `y` copies: `cell`, `row`, `json` or `command`."""
        return None

    def back(self) -> bool:
        """Undo something of its own, as the filter; False where there is nothing, and the view may go."""
        return False


class ViewStack(Container):
    """A pane's views; the last one is in front."""

    DEFAULT_CSS = "ViewStack { height: 1fr; width: 1fr; }"

    class Changed(Message):
        """Another view is in front."""

    def __init__(self, first: View) -> None:
        super().__init__()
        self.views: list[View] = [first]
        self._shown = False

    def compose(self) -> ComposeResult:
        """The first view."""
        yield self.views[0]

    @property
    def front(self) -> View:
        """The view in front."""
        return self.views[-1]

    def opened(self) -> None:
        """The pane is on screen."""
        self._shown = True
        self.front.come()

    def closed(self) -> None:
        """The pane is hidden."""
        self._shown = False
        self.front.go()

    def push(self, view: View) -> None:
        """Put a view in front."""
        self.front.go()
        self.front.display = False
        self.views.append(view)
        view.in_front = self._shown
        self.mount(view)
        self.post_message(self.Changed())

    def pop(self) -> bool:
        """Take the view in front away; False where it is the first."""
        if len(self.views) == 1:
            return False
        view = self.views.pop()
        view.go()
        view.remove()
        self.front.display = True
        if self._shown:
            self.front.come()
        self.post_message(self.Changed())
        return True

    def to_first(self) -> None:
        """Take all views away but the first."""
        while self.pop():
            pass
