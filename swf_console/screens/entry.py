"""One line to type into, there only while it is typed: a filter, or what to look for."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from ..widgets.bindings import bindings_of
from ..widgets.harmless import brief


class Entry(Horizontal):
    """A prompt, what is typed, and a word on it. Enter takes it, Esc leaves everything as it was."""

    DEFAULT_CSS = """
    Entry { height: 1; width: 1fr; display: none; }
    Entry > #entry-prompt { width: auto; padding: 0 1; text-style: bold; }
    Entry > Input { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
    Entry > #entry-word { width: auto; max-width: 60%; padding: 0 1; color: $text-warning; }
    """
    place: ClassVar[str] = "entry"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("entry", priority=True)

    class Typed(Message):
        """The text is another one; `done` with Enter, `left` with Esc (then it is the text of before)."""

        def __init__(self, kind: str, text: str, *, done: bool = False, left: bool = False) -> None:
            super().__init__()
            self.kind, self.text, self.done, self.left = kind, text, done, left

    def __init__(self) -> None:
        super().__init__()
        self._kind, self._before = "", ""

    @property
    def open(self) -> bool:
        """Whether it is being typed into."""
        return bool(self.display)

    def compose(self) -> ComposeResult:
        """Prompt, text, word."""
        yield Static("", id="entry-prompt", markup=False)
        yield Input(id="entry-text", compact=True, select_on_focus=False)
        yield Static("", id="entry-word", markup=False)

    def begin(self, kind: str, prompt: str, text: str, placeholder: str = "") -> None:
        """Let the operator type."""
        self._kind, self._before = kind, text
        self.query_one("#entry-prompt", Static).update(Content(prompt))
        self.say("")
        field = self.query_one(Input)
        with self.prevent(Input.Changed):
            field.value = text
        field.placeholder = placeholder
        field.cursor_position = len(text)
        self.display = True
        field.focus()

    def say(self, word: str) -> None:
        """A word on what is typed."""
        self.query_one("#entry-word", Static).update(Content(brief(word, 120)))

    def action_leave(self) -> None:
        """Esc."""
        self.display = False
        self.post_message(self.Typed(self._kind, self._before, left=True))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Another letter."""
        event.stop()
        if self.open:
            self.post_message(self.Typed(self._kind, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter."""
        event.stop()
        self.display = False
        self.post_message(self.Typed(self._kind, event.value, done=True))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Somebody else has the keys: what is typed stays as it is."""
        event.stop()
