"""Which columns a list shows, and in which order, as an operator types it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from textual.widget import Widget

from ..backend.nearest import nearest
from ..widgets.columns import Column
from ..widgets.harmless import brief
from .entry import Entry

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
