"""The namespace picker: namespaces with their owners and sizes."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from ...backend.core.sanitize import brief
from ...viewmodels.context import ConsoleContext
from ...viewmodels.namespaces.setup import problem_of
from ...viewmodels.namespaces.snapshot import NamespaceChoice, namespace_choices
from ...widgets.bindings import bindings_of
from ...widgets.worker import BlockingCall
from .confirm import Dialog, hint


class NamespacePicker(Dialog):
    """Returns the name of a namespace: an existing one, or a new one that is typed."""

    scope: ClassVar[str] = "picker"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("picker")

    def __init__(self, context: ConsoleContext) -> None:
        super().__init__()
        self.context = context
        self._all: tuple[NamespaceChoice, ...] = ()
        self._shown: list[NamespaceChoice] = []
        self._background = BlockingCall(self, "namespaces")

    def compose(self) -> ComposeResult:
        with self.box("Namespace"):
            yield Input(placeholder="part of a name, or a new name", max_length=100)
            yield OptionList(markup=False)
            yield Static(Content("Loading …"), classes="wrong")
            choose = ("{picker.up} {picker.down}", "choose")
            words = hint(("Enter", "show it"), choose, ("{dialog.leave}", "cancel"))
            yield Static(words, classes="hint")

    def on_mount(self) -> None:
        """Read the namespaces."""
        self._background.start(
            lambda: namespace_choices(self.context), self._read, lambda error: self._say(str(error))
        )

    @on(Input.Changed)
    def typed(self, event: Input.Changed) -> None:
        """Show the namespaces that match."""
        event.stop()
        self._show(event.value)

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def entered(self, event: Input.Submitted | OptionList.OptionSelected) -> None:
        """Choose the highlighted namespace, or the typed name."""
        event.stop()
        highlighted, typed = self.query_one(OptionList).highlighted, self.query_one(Input).value.strip()
        if highlighted is not None and highlighted < len(self._shown):
            self.dismiss(self._shown[highlighted].name)
        elif typed and not problem_of(typed):
            self.dismiss(typed)

    def action_choose(self, step: int) -> None:
        """Move the highlight."""
        options = self.query_one(OptionList)
        (options.action_cursor_up if step < 0 else options.action_cursor_down)()

    def _read(self, found: tuple[NamespaceChoice, ...]) -> None:
        self._all = found
        self._show(self.query_one(Input).value)

    def _show(self, text: str) -> None:
        wanted = text.strip().lower()
        self._shown = [one for one in self._all if wanted in f"{one.name} {one.owner}".lower()]
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(_line(one, self.context.settings.user)) for one in self._shown])
        names = [one.name for one in self._shown]
        current = self.context.namespace
        options.highlighted = names.index(current) if current in names else (0 if names else None)
        self._say("" if self._shown else self._advice(wanted))

    def _advice(self, typed: str) -> str:
        if not typed:
            return "No namespaces yet. Type a new name"
        return problem_of(typed) or f"{typed} is new: Enter shows it, the first run in it creates it"

    def _say(self, text: str) -> None:
        self.query_one(".wrong", Static).update(Content(brief(text, 300)))


def _line(one: NamespaceChoice, user: str) -> Content:
    owner = "yours" if one.owner == user else one.owner
    counts = f"{one.executions:>7} runs {one.messages:>8} msgs"
    name = f"{brief(one.name, 28):<28}"
    return Content.assemble((name, "bold"), f" {brief(owner, 14):<14}", (counts, "$text-muted"))
