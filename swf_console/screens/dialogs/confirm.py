"""Questions before something is done: y/N on the bottom line, a list of names, a name to be typed."""

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
    """`question y/N` on the bottom line. Only `y` is yes: Enter and every other key mean no."""

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = question

    def compose(self) -> ComposeResult:
        text = Content.assemble((f" {brief(self.question, 300)} ", "bold $text-warning"), ("y/N ", "bold"))
        yield Label(text, markup=False)

    def on_key(self, event: events.Key) -> None:
        """The answer."""
        event.stop()
        event.prevent_default()
        self.dismiss(event.key in ("y", "Y"))


class Choice(ModalScreen[str | None]):
    """`title  c cell  r row` on the bottom line: the key says which; every other key is none."""

    def __init__(self, title: str, choices: Mapping[str, str]) -> None:
        super().__init__()
        self.title_text, self.choices = title, choices

    def compose(self) -> ComposeResult:
        parts: list[Content | str] = [Content.styled(f" {self.title_text}", "bold $text-warning")]
        for key, words in self.choices.items():
            parts.append(Content.assemble("  ", (key, "bold $text-accent"), f" {words}"))
        yield Label(Content.assemble(*parts), markup=False)

    def on_key(self, event: events.Key) -> None:
        """The choice."""
        event.stop()
        event.prevent_default()
        self.dismiss(event.key if event.key in self.choices else None)


class Dialog(ModalScreen[object]):
    """A box in the middle. Esc leaves it, with nothing done."""

    place: ClassVar[str] = "dialog"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("dialog")

    def action_leave(self) -> None:
        """Nothing is done."""
        self.dismiss(None)

    def box(self, title: str) -> Vertical:
        """The box, with its title on the border."""
        box = Vertical(classes="box")
        box.border_title = Content(brief(title, 70))
        return box


class ConfirmMany(Dialog):
    """What is concerned, by name; `y` is yes, Enter and Esc are no."""

    place: ClassVar[str] = "confirm"
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
        """All of them."""
        self.dismiss(True)


class QuestionHost(Protocol):
    """What asking needs of the application."""

    def push_screen(self, screen: ModalScreen[Any], callback: Callable[[Any], None]) -> object:
        """Show that over everything, and call when it is left."""


class Questions:
    """Asks before something is done; without a yes nothing is, and `say` tells so."""

    def __init__(self, host: QuestionHost, say: Callable[[str], None]) -> None:
        self._host, self._say = host, say

    def ask(self, question: str, on_yes: Callable[[], None]) -> None:
        """Ask y/N on the bottom line."""
        self._ask(Question(question), on_yes)

    def confirm_many(self, title: str, names: Sequence[str], on_yes: Callable[[], None]) -> None:
        """Ask in a dialog that lists what is concerned."""
        self._ask(ConfirmMany(title, names), on_yes)

    def _ask(self, dialog: ModalScreen[Any], on_yes: Callable[[], None]) -> None:
        self._host.push_screen(dialog, lambda yes: on_yes() if yes else self._say("not done"))


def hint(*keys: tuple[str, str]) -> Content:
    """Keys and what they do, on one line; `{place.action}` is the key of an action."""
    parts = [Content.assemble((with_keys(key), "bold $text-accent"), f" {words}") for key, words in keys]
    return Content("   ").join(parts)
