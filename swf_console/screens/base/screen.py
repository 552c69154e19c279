"""Base classes of the screens."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual import events
from textual.widget import Widget

from ...widgets.bindings import bindings_of
from ...widgets.table.columns import Column
from ...widgets.table.short_list import ShortList
from ...widgets.tail.line_view import Lines
from ...widgets.text.notice import Notice
from .polling import Poll
from .prompt import ColumnChoice, Prompt
from .views import View, ViewStack

if TYPE_CHECKING:
    from ...viewmodels.context import ConsoleContext

T = TypeVar("T")

WIDE = 120  # from this width on a screen puts its parts side by side


class BaseScreen(Widget, can_focus=False):
    """One screen of the console, created when it is first opened.

    A subclass sets `screen_name` (its name in both registries, `actions/screens.py` and
    `base/screen_registry.py`) and gets its key bindings from there. `help_text` is shown by `?` above the
    keys.
    """

    screen_name: ClassVar[str] = ""
    scope: ClassVar[str] = ""
    help_text: ClassVar[str] = ""

    def __init_subclass__(cls, **arguments: bool) -> None:
        """Set the bindings of the screen's actions before Textual collects them."""
        cls.scope = cls.screen_name
        # Textual merges BINDINGS in its own __init_subclass__: they must be set before that
        cls.BINDINGS = bindings_of(cls.screen_name)
        super().__init_subclass__(**arguments)

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__(id=f"screen-{self.screen_name}")
        self.context = context

    def on_resize(self, event: events.Resize) -> None:
        """Put the parts side by side where there is room."""
        self.set_class(event.size.width >= WIDE, "-wide")

    def opened(self) -> None:
        """The screen is visible now: start refreshing."""

    def closed(self) -> None:
        """The screen is hidden now: stop refreshing."""

    def refresh_now(self) -> None:
        """Read again immediately."""

    def copy_text(self, what: str) -> str | None:  # noqa: ARG002 (screens with something to copy override it)
        """The text that `y` copies: `cell`, `row`, `json` or `command`."""
        return None

    def remember(self) -> dict[str, object]:
        """Filter, columns and cursor, to be restored later."""
        return {}

    def recall(self, remembered: dict[str, object]) -> None:
        """Restore what `remember` returned."""


class PolledScreen(BaseScreen, Generic[T]):
    """A screen that reads a snapshot of type T again and again while it is open.

    A subclass composes a `Notice`, which shows the problem when the snapshot cannot be read.
    """

    every: ClassVar[float] = 1.0

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__(context)
        self.poll: Poll[T] = Poll(self, self._read, self._show, self._show_trouble, every=self.every)

    @property
    @abstractmethod
    def listing(self) -> ShortList:
        """The list that gets the focus when the screen is opened."""

    @property
    def stale_parts(self) -> Sequence[ShortList | Lines]:
        """The widgets that are dimmed while the snapshot cannot be read."""
        return (self.listing,)

    @abstractmethod
    def _read(self) -> T:
        """Read a snapshot; runs in a worker thread."""

    @abstractmethod
    def _show(self, snapshot: T) -> None:
        """Show a snapshot."""

    def _show_trouble(self, trouble: str) -> None:
        for part in self.stale_parts:
            part.stale = bool(trouble)
        if trouble:
            self.query_one(Notice).say(trouble)

    def opened(self) -> None:
        """Start polling."""
        self.poll.open()
        self.listing.focus()

    def closed(self) -> None:
        """Stop polling."""
        self.poll.close()

    def refresh_now(self) -> None:
        """Read immediately."""
        self.poll.now()


class ListScreen(PolledScreen[T]):
    """A screen with a list whose columns can be chosen. A subclass sets `columns` and composes a `Prompt`."""

    columns: ClassVar[Sequence[Column]] = ()

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__(context)
        self.column_choice = ColumnChoice(self.columns, self, lambda: self.listing)

    def on_mount(self) -> None:
        """Show the columns that were chosen before."""
        self.column_choice.show()

    def action_columns(self) -> None:
        """Prompt for the columns."""
        self.column_choice.ask(self.query_one(Prompt))

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Apply the columns that were typed."""
        event.stop()
        if self.column_choice.take(event, self.query_one(Prompt)):
            self.listing.focus()

    def remember(self) -> dict[str, object]:
        """The chosen columns."""
        return {"columns": list(self.column_choice.chosen)}

    def recall(self, remembered: dict[str, object]) -> None:
        """Restore the chosen columns."""
        self.column_choice.recall(remembered.get("columns"))


class StackedScreen(BaseScreen):
    """A screen with a list, and a stack of views that are opened over it."""

    def __init__(self, context: "ConsoleContext", first: View) -> None:
        super().__init__(context)
        self._stack = ViewStack(first)

    @property
    def stack(self) -> ViewStack:
        """The views, the list at the bottom."""
        return self._stack

    def opened(self) -> None:
        """Start refreshing the view in front."""
        self._stack.opened()

    def closed(self) -> None:
        """Stop refreshing it."""
        self._stack.closed()

    def refresh_now(self) -> None:
        """Read the view in front again."""
        self._stack.front.refresh_now()

    def copy_text(self, what: str) -> str | None:
        """What the view in front has to copy."""
        return self._stack.front.copy_text(what)
