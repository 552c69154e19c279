"""A screen with a list whose columns are chosen by name."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from ..widgets.columns import Column
from ..widgets.short_list import ShortList
from .column_choice import ColumnChoice
from .entry import Entry
from .pane import Pane

if TYPE_CHECKING:
    from ..backend.operations.console.services import ConsoleServices


class ColumnsPane(Pane):
    """A subclass names the columns of its list, and composes an `Entry` into which their names are typed."""

    columns: ClassVar[Sequence[Column]] = ()

    def __init__(self, services: "ConsoleServices") -> None:
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
