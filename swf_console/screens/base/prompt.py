"""The one-line prompt for filter, search and columns, visible only while it is used."""

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from ...backend.core.sanitize import brief
from ...backend.core.suggest import nearest
from ...widgets.bindings import bindings_of
from ...widgets.key_labels import with_keys
from ...widgets.table.columns import Column

SEARCH_HINT = "a text in a row; then {table.next_match} and {table.previous_match} go to its matches"


class Prompt(Horizontal):
    """A label, a text field and a note. Enter accepts the text, Esc restores the old one."""

    DEFAULT_CSS = """
    Prompt { height: 1; width: 1fr; display: none; }
    Prompt > #prompt-label { width: auto; padding: 0 1; text-style: bold; }
    Prompt > Input { width: 1fr; height: 1; border: none; padding: 0; background: $surface; }
    Prompt > #prompt-note { width: auto; max-width: 60%; padding: 0 1; color: $text-warning; }
    """
    scope: ClassVar[str] = "entry"
    # priority: Esc must reach the prompt before the text field and the screen around it
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("entry", priority=True)

    class Typed(Message):
        """The text has changed; `done` with Enter, `left` with Esc (then `text` is the old one)."""

        def __init__(self, kind: str, text: str, *, done: bool = False, left: bool = False) -> None:
            super().__init__()
            self.kind, self.text, self.done, self.left = kind, text, done, left

    def __init__(self) -> None:
        super().__init__()
        self._kind, self._before = "", ""

    @property
    def is_open(self) -> bool:
        """Whether it is visible."""
        return bool(self.display)

    def compose(self) -> ComposeResult:
        """Label, text field, note."""
        yield Static("", id="prompt-label", markup=False)
        yield Input(id="prompt-text", compact=True, select_on_focus=False)
        yield Static("", id="prompt-note", markup=False)

    def ask(self, kind: str, text: str, placeholder: str = "") -> None:
        """Show the prompt with `text` in it; `kind` comes back in the `Typed` messages."""
        self._kind, self._before = kind, text
        self.query_one("#prompt-label", Static).update(Content(f"{kind}:"))
        self.say("")
        field = self.query_one(Input)
        # a text that is set here was not typed: it must not come back as `Typed`
        with self.prevent(Input.Changed):
            field.value = text
        field.placeholder = placeholder
        field.cursor_position = len(text)
        self.display = True
        field.focus()

    def ask_search(self) -> None:
        """Prompt for a text to search in a table; it comes back as kind `search`."""
        self.ask("search", "", with_keys(SEARCH_HINT))

    def say(self, note: str) -> None:
        """Show a note on the text."""
        self.query_one("#prompt-note", Static).update(Content(brief(note, 120)))

    def action_leave(self) -> None:
        """Esc: hide the prompt."""
        self.display = False
        self.post_message(self.Typed(self._kind, self._before, left=True))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Report each change."""
        event.stop()
        if self.is_open:
            self.post_message(self.Typed(self._kind, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter: hide the prompt and report the text."""
        event.stop()
        self.display = False
        self.post_message(self.Typed(self._kind, event.value, done=True))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Another widget has the focus: the prompt stays open."""
        event.stop()


COLUMNS = "columns"


class HasColumns(Protocol):
    """A table or a list."""

    def choose_columns(self, keys: Sequence[str]) -> None:
        """Show these columns only, in this order."""


class ColumnChoice:
    """The columns that a list in `owner` shows. Those without a title, such as symbols, always come first."""

    def __init__(self, columns: Sequence[Column], owner: Widget, shows: Callable[[], HasColumns]) -> None:
        self._known = [column for column in columns if column.title]
        self._always = [column.key for column in columns if not column.title]
        self._owner, self._shows = owner, shows
        self.chosen = parse_columns("", self._known)

    def ask(self, prompt: Prompt, text: str | None = None) -> None:
        """Prompt for the names of the columns."""
        shown = " ".join(self.chosen) if text is None else text
        prompt.ask(COLUMNS, shown, f"all: {' '.join(column.key for column in self._known)}")

    def choose(self, text: str) -> str:
        """Show the named columns; for a wrong name, change nothing and return the error."""
        try:
            self.chosen = parse_columns(text, self._known)
        except ValueError as error:
            return str(error)
        self.show()
        return ""

    def show(self) -> None:
        """Apply the choice, if the list is mounted."""
        if self._owner.is_mounted:
            self._shows().choose_columns((*self._always, *self.chosen))

    def take(self, event: Prompt.Typed, prompt: Prompt) -> bool:
        """Apply what was typed with Enter; returns whether the prompt is done."""
        wrong = self.choose(event.text) if event.done else ""
        if wrong:
            self.ask(prompt, event.text)
            prompt.say(wrong)
        return event.left or (event.done and not wrong)

    def recall(self, remembered: object) -> None:
        """Restore a stored choice."""
        if isinstance(remembered, list):
            self.choose(" ".join(map(str, remembered)))


def parse_columns(text: str, known: Sequence[Column]) -> tuple[str, ...]:
    """The keys of the columns named in `text`, without duplicates; an empty text means all columns.

    Raises ValueError, with the nearest name, for an unknown one.
    """
    keys = [column.key for column in known]
    words = list(dict.fromkeys(text.lower().replace(",", " ").split()))
    for word in words:
        if word not in keys:
            near = nearest(word, keys, at_most=1)
            advice = f"did you mean {near[0]}?" if near else f"choose from {' '.join(keys)}"
            raise ValueError(f"unknown column {brief(word, 30)!r}; {advice}")
    return tuple(words or keys)
