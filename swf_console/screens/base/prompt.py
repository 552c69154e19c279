"""One line to type into, there only while it is typed: a filter, or what to look for."""

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
from ...widgets.table.columns import Column


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


KIND = "columns"


class Chosen(Protocol):
    """A table or a list."""

    def choose_columns(self, keys: Sequence[str]) -> None:
        """Show these columns alone, in this order."""


class ColumnChoice:
    """The columns that a list in `owner` shows; those without a title, as that of the signs, come first."""

    def __init__(self, columns: Sequence[Column], owner: Widget, shows: Callable[[], Chosen]) -> None:
        self._known = [column for column in columns if column.title]
        self._always = [column.key for column in columns if not column.title]
        self._owner, self._shows = owner, shows
        self.chosen = parse_columns("", self._known)

    def begin(self, entry: Entry, text: str | None = None) -> None:
        """Let the operator type their names."""
        shown = " ".join(self.chosen) if text is None else text
        entry.begin(KIND, KIND, shown, f"all: {' '.join(column.key for column in self._known)}")

    def choose(self, text: str) -> str:
        """Show the columns that are named; returns what is wrong with a name, and then nothing changes."""
        try:
            self.chosen = parse_columns(text, self._known)
        except ValueError as error:
            return str(error)
        self.show()
        return ""

    def show(self) -> None:
        """Show them, as soon as the list is there."""
        if self._owner.is_mounted:
            self._shows().choose_columns((*self._always, *self.chosen))

    def take(self, event: Entry.Typed, entry: Entry) -> bool:
        """Take what was typed with Enter; True where it is done, False while it is typed or wrong."""
        wrong = self.choose(event.text) if event.done else ""
        if wrong:
            self.begin(entry, event.text)
            entry.say(wrong)
        return event.left or (event.done and not wrong)

    def recall(self, remembered: object) -> None:
        """Take up what was chosen before."""
        if isinstance(remembered, list):
            self.choose(" ".join(map(str, remembered)))


def parse_columns(text: str, known: Sequence[Column]) -> tuple[str, ...]:
    """The keys of the columns that `text` names, once each; no name at all means every column.

    Raises ValueError, with the nearest name, for one that is none.
    """
    keys = [column.key for column in known]
    words = list(dict.fromkeys(text.lower().replace(",", " ").split()))
    for word in words:
        if word not in keys:
            near = nearest(word, keys, at_most=1)
            advice = f"did you mean {near[0]}?" if near else f"there are {' '.join(keys)}"
            raise ValueError(f"no column {brief(word, 30)}: {advice}")
    return tuple(words or keys)
