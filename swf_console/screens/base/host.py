"""The part of the application that screens may use.

The application has these members from its parts: `record` is in `shell/action_runner.py`, `ask` and
`confirm_many` are in `dialogs/confirm.py`, `say` in `shell/frame.py`, `open_screen` in `shell/navigation.py`.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, cast

from textual.widget import Widget

from ...actions.action import Action

# the work of an action; it runs in a worker thread, and a returned text is its result
Call = Callable[[], object]
# called in the UI thread with what the work returned
Then = Callable[[object], None]


class Workers(Protocol):
    """Runs calls in threads."""

    def run_worker(self, work: Callable[[], None], *, thread: bool, group: str) -> object:
        """Run `work` in a thread of its own."""

    def call_from_thread(self, callback: Callable[..., None], *args: object) -> object:
        """Call `callback` in the UI thread and wait for it."""


class ActionHost(Protocol):
    """What an action needs: permission, the user's answer, a thread to run in. Methods do not block."""

    @property
    def writable(self) -> bool:
        """Whether actions that change something are allowed now."""

    @property
    def refusal(self) -> str:
        """Why they are not allowed; empty if they are allowed."""

    def say(self, text: str, *, bad: bool = False) -> None:
        """Show one line on the action line."""

    def ask(self, question: str, on_yes: Callable[[], None]) -> None:
        """Ask y/N on the bottom line; Enter and every other key mean no."""

    def confirm_many(self, title: str, names: Sequence[str], on_yes: Callable[[], None]) -> None:
        """Ask in a dialog that lists the affected names."""

    def record(self, action: Action, command: str, call: Call, then: Then | None = None) -> None:
        """Run `call` in a worker thread, show its result with the equivalent command line, and journal both.

        An SwfError is shown as the result. `then` is called with what `call` returned. Read-only refuses all
        but READ actions.
        """


class Host(ActionHost, Protocol):
    """The application as its screens see it. No method blocks; all must be called in the UI thread."""

    def hold_keys(self) -> None:
        """Hold back keys until `release_keys`, three seconds at most: what is being opened takes them."""

    def release_keys(self) -> None:
        """Deliver the keys that were held back; the widget that takes them has the focus."""

    def copy(self, text: str, what: str = "") -> None:
        """Copy by OSC 52, and show by which way."""

    def open_screen(self, name: str, **where: object) -> None:
        """Show another screen; `where` is passed to its `recall`."""

    def switch_namespace(self, name: str) -> None:
        """Make it the console's namespace."""

    def raise_alarm(
        self, text: str, *, screen: str = "", where: dict[str, object] | None = None, bad: bool = True
    ) -> None:
        """Raise an alarm (`bad`) or a warning, which is shown until it is acknowledged."""


def host_of(widget: Widget) -> Host:
    """The application of a widget, as its host."""
    return cast(Host, widget.app)
