"""What a pane may ask of the application around it."""

from collections.abc import Callable, Sequence
from typing import Protocol, cast

from textual.widget import Widget

from ...actions.action import Action

# Makes one call of an operation; it runs in a worker thread. A returned text is the result in words.
Call = Callable[[], object]
# What is done, in the UI thread, with what the call returned.
Then = Callable[[object], None]


class Workers(Protocol):
    """The application as far as it lets calls run in threads."""

    def run_worker(self, work: Callable[[], None], *, thread: bool, group: str) -> object:
        """Run that, in a thread of its own."""

    def call_from_thread(self, callback: Callable[..., None], *args: object) -> object:
        """Call that in the UI thread, and wait for it."""


class ActionHost(Protocol):
    """What an action asks: whether it may, what the user says, and to be run. Methods return at once."""

    @property
    def writable(self) -> bool:
        """Whether actions that change something are allowed now."""

    @property
    def refusal(self) -> str:
        """Why they are not: read-only in words, or an empty text."""

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show one line on the action line."""

    def ask(self, question: str, on_yes: Callable[[], None]) -> None:
        """Ask y/N on the bottom line; Enter and every other key mean no."""

    def confirm_many(self, title: str, names: Sequence[str], on_yes: Callable[[], None]) -> None:
        """Ask in a dialog that lists what is concerned."""

    def record(self, action: Action, command: str, call: Call, then: Then | None = None) -> None:
        """Run `call` in a worker thread, show and journal it: the equivalent command line and its result.

        An SwfError becomes the result in words. `then` is given what `call` returned. Read-only refuses all
        but READ actions.
        """


class Host(ActionHost, Protocol):
    """The application as its panes see it. Every method returns at once and belongs to the UI thread."""

    def hold_keys(self) -> None:
        """What was begun takes the keys that come: they wait for `let_keys_go`, three seconds at most."""

    def let_keys_go(self) -> None:
        """It is over, and what is to have the keys has the focus."""

    def copy(self, text: str, what: str = "") -> None:
        """Copy by OSC 52, and say how."""

    def open_screen(self, name: str, **where: object) -> None:
        """Show another screen; `where` goes to its `recall`."""

    def look_at(self, name: str) -> None:
        """Look at that namespace from now on."""

    def alert(
        self, text: str, *, screen: str = "", where: dict[str, object] | None = None, bad: bool = True
    ) -> None:
        """Something needs a human, or (not `bad`) is to be watched: it stands there until acknowledged."""


def host_of(widget: Widget) -> Host:
    """The application of a widget, seen as its host."""
    return cast(Host, widget.app)
