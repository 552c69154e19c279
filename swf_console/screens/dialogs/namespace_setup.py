"""The dialog of the first start, which asks for the name of a namespace."""

from textual import on, work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from ...backend.core.errors import SwfError
from ...backend.core.sanitize import brief
from ...viewmodels.context import ConsoleContext
from ...viewmodels.namespaces.setup import problem_of, suggested, write_namespace
from ..base.host import host_of
from .confirm import Dialog, hint

EXPLANATION = (
    "A namespace separates your executions, messages and agents from those of other users. "
    "testbed.toml has no namespace yet. Type a name of 1-100 letters, digits, '.', '_' and '-':"
)


class NamespaceSetup(Dialog):
    """Asks for a namespace and writes it into testbed.toml; returns the name, or None."""

    def __init__(self, context: ConsoleContext) -> None:
        super().__init__()
        self.context = context

    def compose(self) -> ComposeResult:
        with self.box("Welcome: choose a name for your namespace"):
            yield Static(Content(EXPLANATION), classes="text")
            yield Input(suggested(self.context.settings), max_length=100)
            yield Static("", classes="wrong")
            yield Static(
                hint(("Enter", "write to testbed.toml"), ("{dialog.leave}", "browse read-only")),
                classes="hint",
            )

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Check the name while it is typed."""
        event.stop()
        self._wrong(problem_of(event.value))

    @on(Input.Submitted)
    def entered(self, event: Input.Submitted) -> None:
        """Write it."""
        event.stop()
        if not problem_of(event.value):
            # keys typed after Enter belong to the screen below, which has the focus only when the file is
            # written
            host_of(self).hold_keys()
            self._write(event.value)

    @work(thread=True, exclusive=True)
    def _write(self, name: str) -> None:
        worker = get_current_worker()
        try:
            write_namespace(self.context.settings, name)
        except SwfError as error:
            if not worker.is_cancelled:
                self.app.call_from_thread(self._not_written, str(error))
            return
        if not worker.is_cancelled:
            self.app.call_from_thread(self._written, name)

    def _written(self, name: str) -> None:
        host = host_of(self)
        self.dismiss(name)
        host.release_keys()

    def _not_written(self, error: str) -> None:
        self._wrong(error)
        host_of(self).release_keys()

    def _wrong(self, text: str) -> None:
        self.query_one(".wrong", Static).update(Content(brief(text, 300)))
