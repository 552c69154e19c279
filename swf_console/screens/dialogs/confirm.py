"""Questions before an action: y/N on the bottom line, or a dialog that lists the affected names."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Label, Static

from ...backend.core.sanitize import brief
from ...widgets.bindings import bindings_of
from ...widgets.key_labels import with_keys


class Question(ModalScreen[bool]):
    """`question y/N` on the bottom line. Only `y` means yes: Enter and every other key mean no."""

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        text = Content.assemble((f" {brief(self.question, 300)} ", "bold $text-warning"), ("y/N ", "bold"))
        yield Label(text, markup=False)

    def on_key(self, event: events.Key) -> None:
        """Any key is an answer."""
        event.stop()
        # otherwise the key would reach the bindings of the application too: q would also quit
        event.prevent_default()
        self.dismiss(event.key in ("y", "Y"))


class KeyChoice(ModalScreen[str | None]):
    """`title  c cell  r row` on the bottom line. A key that is not listed chooses nothing."""

    def __init__(self, title: str, choices: Mapping[str, str]) -> None:
        super().__init__()
        self.title_text, self.choices = title, choices

    def compose(self) -> ComposeResult:
        parts: list[Content | str] = [Content.styled(f" {self.title_text}", "bold $text-warning")]
        for key, words in self.choices.items():
            parts.append(Content.assemble("  ", (key, "bold $text-accent"), f" {words}"))
        yield Label(Content.assemble(*parts), markup=False)

    def on_key(self, event: events.Key) -> None:
        """Any key is a choice."""
        event.stop()
        event.prevent_default()
        self.dismiss(event.key if event.key in self.choices else None)


class Dialog(ModalScreen[object]):
    """A box in the middle of the screen. Esc closes it without changing anything."""

    scope: ClassVar[str] = "dialog"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("dialog")

    def action_leave(self) -> None:
        """Close without changing anything."""
        self.dismiss(None)

    def box(self, title: str) -> Vertical:
        """The box, with its title on the border."""
        box = Vertical(classes="box")
        box.border_title = Content(brief(title, 70))
        return box


class ConfirmMany(Dialog):
    """Lists the affected names; `y` means yes, Enter and Esc mean no."""

    scope: ClassVar[str] = "confirm"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("confirm")

    def __init__(self, title: str, names: Sequence[str]) -> None:
        super().__init__()
        self.heading, self.names = title, tuple(names)

    def compose(self) -> ComposeResult:
        with self.box(self.heading):
            with VerticalScroll():
                yield Static(Content("\n".join(f"  {brief(name, 200)}" for name in self.names)), markup=False)
            words = hint(
                ("{confirm.yes}", f"yes, all {len(self.names)}"), ("{confirm.leave+} {dialog.leave}", "no")
            )
            yield Static(words, classes="hint")

    def action_yes(self) -> None:
        """Confirm all of them."""
        self.dismiss(True)


class QuestionHost(Protocol):
    """Shows dialogs."""

    def push_screen(self, screen: ModalScreen[Any], callback: Callable[[Any], None]) -> object:
        """Show the dialog over everything, and call back when it closes."""


class Questions:
    """Asks before an action; unless the answer is yes it is not performed, and `say` reports that."""

    def __init__(self, host: QuestionHost, say: Callable[[str], None]) -> None:
        self._host, self._say = host, say

    def ask(self, question: str, on_yes: Callable[[], None]) -> None:
        """Ask y/N on the bottom line."""
        self._ask(Question(question), on_yes)

    def confirm_many(self, title: str, names: Sequence[str], on_yes: Callable[[], None]) -> None:
        """Ask in a dialog that lists the affected names."""
        self._ask(ConfirmMany(title, names), on_yes)

    def _ask(self, dialog: ModalScreen[Any], on_yes: Callable[[], None]) -> None:
        self._host.push_screen(dialog, lambda yes: on_yes() if yes else self._say("cancelled"))


def hint(*keys: tuple[str, str]) -> Content:
    """Keys and their effects on one line; `{scope.action}` stands for the key of an action."""
    parts = [Content.assemble((with_keys(key), "bold $text-accent"), f" {words}") for key, words in keys]
    return Content("   ").join(parts)
