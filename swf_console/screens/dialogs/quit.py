"""The quit dialog, which shows what keeps running."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from ...backend.core.sanitize import brief
from ...viewmodels.context import ConsoleContext
from ...viewmodels.exit_summary import what_remains
from ...widgets.bindings import bindings_of
from ...widgets.symbols import symbol
from ...widgets.worker import BlockingCall
from .confirm import Dialog, hint


class QuitDialog(Dialog):
    """Returns True to quit. `ends` are executions that quitting stops; if there are some, only `y` quits."""

    scope: ClassVar[str] = "quitting"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("quitting")

    def __init__(self, context: ConsoleContext, ends: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.context, self.ends = context, ends
        self._background = BlockingCall(self, "what remains")

    def compose(self) -> ComposeResult:
        with self.box("Quit the console?"):
            for name in self.ends:
                text = f"{symbol('bad')} {brief(name, 200)} runs in this console and will be stopped"
                yield Static(Content.styled(text, "bold $text-error"), classes="text")
            yield Static(Content("checking what keeps running …"), id="remains", classes="text")
            go = "{quitting.go+}" if self.ends else "{quitting.go+} {quitting.go_if_nothing_ends+}"
            stay = "{dialog.leave} {quitting.leave}"
            yield Static(hint((go, "quit"), (stay, "stay")), classes="hint")

    def on_mount(self) -> None:
        """Start reading what keeps running."""
        self._background.start(lambda: what_remains(self.context), self._say, lambda e: self._say([str(e)]))

    def action_go(self) -> None:
        """Quit."""
        self.dismiss(True)

    def action_go_if_nothing_ends(self) -> None:
        """Quit, unless executions would be stopped."""
        if not self.ends:
            self.dismiss(True)

    def _say(self, lines: list[str]) -> None:
        text = "\n".join(f"{symbol('unknown')} {brief(line, 300)}" for line in lines)
        self.query_one("#remains", Static).update(Content(text))
