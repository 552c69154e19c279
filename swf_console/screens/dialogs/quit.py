"""Leaving: what keeps running is said first."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from ...backend.core.sanitize import brief
from ...viewmodels.context import ConsoleContext
from ...viewmodels.exit_summary import what_remains
from ...widgets.bindings import bindings_of
from ...widgets.symbols import sign
from ...widgets.worker import Background
from .confirm import Dialog, hint


class Quitting(Dialog):
    """Says what keeps running; True is to leave. `ends` is what would be ended: then only `y` leaves."""

    place: ClassVar[str] = "quitting"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("quitting")

    def __init__(self, services: ConsoleContext, ends: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.services, self.ends = services, ends
        self._background = Background(self, "what remains")

    def compose(self) -> ComposeResult:
        with self.box("Leave the console?"):
            for name in self.ends:
                text = f"{sign('bad')} {brief(name, 200)} runs in this console and would be ended"
                yield Static(Content.styled(text, "bold $text-error"), classes="text")
            yield Static(Content("looking at what keeps running …"), id="remains", classes="text")
            go = "{quitting.go+}" if self.ends else "{quitting.go+} {quitting.go_if_nothing_ends+}"
            stay = "{dialog.leave} {quitting.leave}"
            yield Static(hint((go, "leave"), (stay, "stay")), classes="hint")

    def on_mount(self) -> None:
        """Look."""
        self._background.start(lambda: what_remains(self.services), self._say, lambda e: self._say([str(e)]))

    def action_go(self) -> None:
        """Leave."""
        self.dismiss(True)

    def action_go_if_nothing_ends(self) -> None:
        """Leave, unless something would end."""
        if not self.ends:
            self.dismiss(True)

    def _say(self, lines: list[str]) -> None:
        text = "\n".join(f"{sign('unknown')} {brief(line, 300)}" for line in lines)
        self.query_one("#remains", Static).update(Content(text))
