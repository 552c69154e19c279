"""Views of a screen, stacked: Enter opens one, Esc goes back."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.message import Message


class View(Container):
    """One page of a screen.

    A view that `concerns_many` has no single execution or definition that an action could act on.
    """

    DEFAULT_CSS = "View { height: 1fr; width: 1fr; }"
    in_front = False
    concerns_many: ClassVar[bool] = False

    def on_mount(self) -> None:
        """Activate it if it was pushed before it was mounted."""
        if self.in_front:
            self.activated()

    def activate(self) -> None:
        """Come to the front."""
        self.in_front = True
        if self.is_mounted:
            self.activated()

    def deactivate(self) -> None:
        """Leave the front."""
        self.in_front = False
        if self.is_mounted:
            self.deactivated()

    def activated(self) -> None:
        """The view is in front: take the focus, start refreshing."""

    def deactivated(self) -> None:
        """Another view is in front, or the screen is hidden: stop refreshing."""

    def refresh_now(self) -> None:
        """Read again immediately."""

    def copy_text(self, what: str) -> str | None:  # noqa: ARG002 (views with something to copy override it)
        """The text that `y` copies: `cell`, `row`, `json` or `command`."""
        return None

    def back(self) -> bool:
        """Undo something inside the view, such as its filter; returns whether something was undone."""
        return False


class ViewStack(Container):
    """The stack of a screen's views; the last one is in front."""

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
        """The screen is visible."""
        self._shown = True
        self.front.activate()

    def closed(self) -> None:
        """The screen is hidden."""
        self._shown = False
        self.front.deactivate()

    def push(self, view: View) -> None:
        """Put a view in front."""
        self.front.deactivate()
        self.front.display = False
        self.views.append(view)
        # it cannot be activated before it is mounted; `on_mount` does that then
        view.in_front = self._shown
        self.mount(view)
        self.post_message(self.Changed())

    def pop(self) -> bool:
        """Remove the view in front; False where only the first one is left."""
        if len(self.views) == 1:
            return False
        view = self.views.pop()
        view.deactivate()
        view.remove()
        self.front.display = True
        if self._shown:
            self.front.activate()
        self.post_message(self.Changed())
        return True

    def pop_to_first(self) -> None:
        """Remove all views but the first."""
        while self.pop():
            pass
