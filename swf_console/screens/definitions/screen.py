"""The Definitions screen: the stored workflow definitions, and whether their files differ."""

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from ...backend.core.sanitize import brief
from ...backend.database.records.workflows import DefinitionSummary
from ...viewmodels.definitions import FileDrift
from ...viewmodels.pages import DefinitionsListed
from ...widgets.key_labels import with_keys
from ...widgets.table.paged_table import PagedTable
from ...widgets.table.rows import Cell
from ...widgets.text.line import Line
from ..base.host import host_of
from ..base.prompt import COLUMNS, ColumnChoice, Prompt
from ..base.row_source import RowSource
from ..base.screen import StackedScreen
from ..base.views import View
from .detail import DefinitionDetailView
from .rows import DEFINITIONS, definition_cells

if TYPE_CHECKING:
    from ...viewmodels.context import ConsoleContext

NONE_YET = "No definitions yet. The first run of a workflow stores one.\n{launch} runs a workflow."


class DefinitionList(View):
    """The list of definitions, newest first, of all workflows or of one."""

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__()
        self.context = context
        self.workflow = ""
        self._drift: FileDrift | None = None
        self.column_choice = ColumnChoice(DEFINITIONS, self, lambda: self.table)

    def compose(self) -> ComposeResult:
        """Title, prompt, table."""
        yield Line(id="definitions-title")
        yield Prompt()
        yield PagedTable(DEFINITIONS, id="definitions-table")

    def on_mount(self) -> None:
        """Start reading."""
        self.column_choice.show()
        self.show(self.workflow)

    @property
    def table(self) -> PagedTable:
        """The table."""
        return self.query_one("#definitions-table", PagedTable)

    def activated(self) -> None:
        """Refresh every second."""
        self.table.live = True
        self.table.refresh_rows()
        if not self.query_one(Prompt).is_open:
            self.table.focus()

    def deactivated(self) -> None:
        """Stop refreshing."""
        self.table.live = False

    def refresh_now(self) -> None:
        """Read again immediately."""
        self.table.refresh_rows()

    def show(self, workflow: str) -> None:
        """List the definitions of one workflow, or all."""
        self.workflow = workflow.strip()
        named = brief(self.workflow, 100)
        back = with_keys("{definitions.back} clears the filter.")
        self.table.empty = f"No definitions of {named}.\n{back}" if self.workflow else with_keys(NONE_YET)
        self.table.show(
            RowSource(DefinitionsListed(self.context, self.workflow or None), _key, self._cells),
            sorted_by=("id", True),
        )
        what = f"of {named}" if self.workflow else "of all workflows"
        self.query_one("#definitions-title", Line).show(
            Content.assemble((" Definitions ", "bold"), (what, "")), Content("newest first ")
        )

    def recall(self, workflow: str) -> None:
        """List those of a workflow, as soon as the table is mounted."""
        if self.is_mounted:
            self.show(workflow)
        else:
            self.workflow = workflow

    def back(self) -> bool:
        """Remove the filter."""
        if self.workflow:
            self.show("")
            return True
        return False

    def copy_text(self, what: str) -> str | None:
        """The name, the row, or the command line that shows the definition."""
        row = self.table.row
        if row is None or what == "json":
            return "swf-console definitions" if what == "command" else None
        if what == "command":
            return f"swf-console definitions show {row.key}"
        return row.cells[0].text if what == "cell" else "\t".join(cell.text for cell in row.cells)

    def begin_filter(self) -> None:
        """Prompt for a workflow's name."""
        self.query_one(Prompt).ask("filter", self.workflow, "name of a workflow; empty: all")

    def begin_search(self) -> None:
        """Prompt for a text to search."""
        self.query_one(Prompt).ask_search()

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Apply what was typed with Enter."""
        event.stop()
        if event.kind == COLUMNS:
            if not self.column_choice.take(event, self.query_one(Prompt)):
                return
        elif event.done and event.kind == "filter":
            self.show(event.text)
        elif event.done and event.text:
            self.table.search(event.text)
        if event.done or event.left:
            self.table.focus()

    def drifted(self, definition: DefinitionSummary) -> bool | None:
        """Whether the workflow's file differs from the stored code; blocks."""
        if self._drift is None:
            self._drift = FileDrift(self.context)
        return self._drift.of(definition.id, definition.workflow_name)

    def _cells(self, definition: DefinitionSummary) -> tuple[Cell, ...]:
        return definition_cells(definition, self.drifted(definition))


class DefinitionsScreen(StackedScreen):
    """The list, and the definition that is opened from it."""

    screen_name: ClassVar[str] = "definitions"
    help_text: ClassVar[str] = (
        "Enter opens a definition. {definition.section_before} and {definition.section} switch between its "
        "code, parameters and executions. {code.to_the_left} and {code.to_the_right} scroll long lines."
    )
    DEFAULT_CSS = "DefinitionsScreen { height: 1fr; width: 1fr; }"

    def __init__(self, context: "ConsoleContext") -> None:
        self._list = DefinitionList(context)
        super().__init__(context, self._list)

    def compose(self) -> ComposeResult:
        """The stack of views."""
        yield self._stack

    @property
    def list(self) -> DefinitionList:
        """The list."""
        return self._list

    def remember(self) -> dict[str, object]:
        """The listed workflow and the columns."""
        return {"workflow": self._list.workflow, "columns": list(self._list.column_choice.chosen)}

    def recall(self, remembered: dict[str, object]) -> None:
        """Restore workflow and columns."""
        self._list.column_choice.recall(remembered.get("columns"))
        workflow = remembered.get("workflow")
        if isinstance(workflow, str) and workflow != self._list.workflow:
            self._list.recall(workflow)

    @on(PagedTable.Opened, "#definitions-table")
    def _opened(self, event: PagedTable.Opened) -> None:
        event.stop()
        definition = event.row.value
        if isinstance(definition, DefinitionSummary):
            self._stack.push(DefinitionDetailView(self.context, definition, self._list.drifted))

    def action_back(self) -> None:
        """Go back one view; on the list, remove the filter."""
        if not self._stack.front.back():
            self._stack.pop()

    def action_filter(self) -> None:
        """Prompt for a workflow's name."""
        self._stack.pop_to_first()
        self._list.begin_filter()

    def action_find(self) -> None:
        """Prompt for a text to search."""
        self._stack.pop_to_first()
        self._list.begin_search()

    def action_columns(self) -> None:
        """Prompt for the columns."""
        self._stack.pop_to_first()
        self._list.column_choice.ask(self._list.query_one(Prompt))

    def action_executions(self) -> None:
        """Show the executions of the workflow on their own screen."""
        row = self._list.table.row
        if row is None or not isinstance(row.value, DefinitionSummary):
            host_of(self).say("no definition under the cursor")
            return
        host_of(self).open_screen("executions", filter=f"workflow={row.value.workflow_name}")


def _key(definition: DefinitionSummary) -> str:
    return str(definition.id)
