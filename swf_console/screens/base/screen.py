"""What the eight screens have in common."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.widget import Widget

from ...widgets.bindings import bindings_of
from ...widgets.table.columns import Column
from ...widgets.table.short_list import ShortList
from .prompt import ColumnChoice, Entry
from .views import View, ViewStack

if TYPE_CHECKING:
    from ...viewmodels.context import ConsoleContext

WIDE = 120  # columns from which on a screen puts its parts side by side


class Pane(Widget, can_focus=False):
    """One screen of the console. It is made when it is first opened, and told when it is shown and hidden.

    A subclass names its `screen_name` (a word of the registry), and gets its key bindings from there.
    `help_text` is what `?` says beside the keys.
    """

    screen_name: ClassVar[str] = ""
    place: ClassVar[str] = ""
    help_text: ClassVar[str] = ""

    def __init_subclass__(cls, **arguments: bool) -> None:
        """Give the pane the bindings of its actions, before Textual collects them."""
        cls.place = cls.screen_name
        cls.BINDINGS = bindings_of(cls.screen_name)
        super().__init_subclass__(**arguments)

    def __init__(self, services: "ConsoleContext") -> None:
        super().__init__(id=f"pane-{self.screen_name}")
        self.services = services

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self.set_class(event.size.width >= WIDE, "-wide")

    def opened(self) -> None:
        """The pane is on screen now: begin to refresh."""

    def closed(self) -> None:
        """The pane is hidden now: stop refreshing."""

    def refresh_now(self) -> None:
        """Read again at once."""

    def copy_text(self, what: str) -> str | None:  # noqa: ARG002 (the panes that have something say what)
        """The text that `y` copies: `cell`, `row`, `json` or `command`."""
        return None

    def remember(self) -> dict[str, object]:
        """What of filters, columns and place is to be remembered."""
        return {}

    def recall(self, remembered: dict[str, object]) -> None:
        """Take up what was remembered."""


class ColumnsPane(Pane):
    """A subclass names the columns of its list, and composes an `Entry` into which their names are typed."""

    columns: ClassVar[Sequence[Column]] = ()

    def __init__(self, services: "ConsoleContext") -> None:
        super().__init__(services)
        self.choice = ColumnChoice(self.columns, self, lambda: self.listing)

    @property
    @abstractmethod
    def listing(self) -> ShortList:
        """The list."""

    def on_mount(self) -> None:
        """The columns that were chosen before."""
        self.choice.show()

    def action_columns(self) -> None:
        """Type which columns are shown."""
        self.choice.begin(self.query_one(Entry))

    def on_entry_typed(self, event: Entry.Typed) -> None:
        """Take what was typed."""
        event.stop()
        if self.choice.take(event, self.query_one(Entry)):
            self.listing.focus()

    def remember(self) -> dict[str, object]:
        """The columns."""
        return {"columns": list(self.choice.chosen)}

    def recall(self, remembered: dict[str, object]) -> None:
        """Take up the columns."""
        self.choice.recall(remembered.get("columns"))


class StackPane(Pane):
    """A pane whose list is `first`, with what is opened from it over it."""

    def __init__(self, services: "ConsoleContext", first: View) -> None:
        super().__init__(services)
        self._stack = ViewStack(first)

    @property
    def stack(self) -> ViewStack:
        """The views, one over the other."""
        return self._stack

    def opened(self) -> None:
        """Begin to read."""
        self._stack.opened()

    def closed(self) -> None:
        """Read no more."""
        self._stack.closed()

    def refresh_now(self) -> None:
        """Read again at once."""
        self._stack.front.refresh_now()

    def copy_text(self, what: str) -> str | None:
        """What the view in front has."""
        return self._stack.front.copy_text(what)
