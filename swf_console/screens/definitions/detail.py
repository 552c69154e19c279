"""A workflow definition: code, parameters, executions."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from ...backend.core.sanitize import brief
from ...backend.database.records.workflows import ExecutionFilter
from ...backend.services.definitions import get_definition, source_of
from ...viewmodels.pages import ExecutionsListed
from ...widgets.bindings import bindings_of
from ...widgets.key_labels import with_keys
from ...widgets.table.paged_table import PagedTable
from ...widgets.text.code import CodeLines
from ...widgets.text.line import Line
from ...widgets.worker import BlockingCall
from ..base.document import highlighted, section_name
from ..base.execution_columns import EXECUTION_COLUMNS
from ..base.host import host_of
from ..base.polling import cause_of
from ..base.row_source import RowSource, cells_of
from ..base.views import View
from .rows import SCHEMA, drift_cell, schema_rows

if TYPE_CHECKING:
    from ...backend.database.records.workflows import Definition, DefinitionSummary
    from ...viewmodels.context import ConsoleContext

SECTIONS = ("code", "parameters", "executions")


class DefinitionDetailView(View):
    """The sections of a definition. A stored definition never changes, so it is read once."""

    scope: ClassVar[str] = "definition"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("definition")
    DEFAULT_CSS = """
    DefinitionDetailView > ContentSwitcher { height: 1fr; }
    """

    def __init__(
        self,
        context: "ConsoleContext",
        summary: "DefinitionSummary",
        drifted: "Callable[[DefinitionSummary], bool | None]",
    ) -> None:
        super().__init__()
        self.context, self.summary, self._drifted = context, summary, drifted
        self._drift = ""
        self.section = "code"
        self.definition: Definition | None = None
        self._background = BlockingCall(self, "definition")

    def compose(self) -> ComposeResult:
        """Title, source, names of the sections, section."""
        yield Line(id="definition-title")
        yield Line(id="definition-source")
        yield Line(id="definition-sections")
        with ContentSwitcher(initial="definition-code"):
            yield CodeLines(identity="definition-code")
            yield PagedTable(SCHEMA, id="definition-parameters", empty="This definition has no parameters.")
            yield PagedTable(
                EXECUTION_COLUMNS,
                id="definition-executions",
                empty=with_keys("No executions of this definition.\n{launch} runs a workflow."),
            )

    def on_mount(self) -> None:
        """Start reading."""
        self._head()
        self.refresh_now()
        listed = ExecutionsListed(self.context, ExecutionFilter(definition_id=self.summary.id))
        executions = self.query_one("#definition-executions", PagedTable)
        executions.show(
            RowSource(listed, lambda one: one.execution_id, cells_of(EXECUTION_COLUMNS)),
            sorted_by=("started", True),
        )

    def activated(self) -> None:
        """Refresh its executions."""
        self.query_one("#definition-executions", PagedTable).live = True
        self.query_one(f"#definition-{self.section}", Widget).focus()

    def deactivated(self) -> None:
        """Stop refreshing."""
        self.query_one("#definition-executions", PagedTable).live = False

    def refresh_now(self) -> None:
        """Read again."""
        self._background.start(self._read, self._show, self._failed)

    def copy_text(self, what: str) -> str | None:
        """The code, the row under the cursor, or the command line that shows the definition."""
        if what == "command":
            return f"swf-console definitions show {self.summary.id}"
        if what == "json":
            if self.definition is None:
                return None
            return json.dumps(asdict(self.definition), indent=2, default=str, ensure_ascii=False)
        shown = self.query_one(f"#definition-{self.section}", Widget)
        if isinstance(shown, PagedTable):
            return "\t".join(cell.text for cell in shown.row.cells) if shown.row else None
        return self.definition.definition if self.definition else None

    def action_section(self, step: int) -> None:
        """Go to the next or the previous section."""
        self.section = SECTIONS[(SECTIONS.index(self.section) + step) % len(SECTIONS)]
        shown = f"definition-{self.section}"
        self.query_one(ContentSwitcher).current = shown
        self.query_one(f"#{shown}", Widget).focus()
        self._head()

    def _read(self) -> "tuple[Definition, list[Content], bool | None]":
        definition = get_definition(self.context.database(), self.summary.id)
        code = highlighted(definition.definition, "python")
        return definition, code, self._drifted(self.summary)

    def _show(self, read: "tuple[Definition, list[Content], bool | None]") -> None:
        self.definition, code, drifted = read
        self._drift = drift_cell(drifted).text
        source = Content.styled(f" Source: {brief(source_of(self.definition), 500)}", "dim")
        self.query_one("#definition-source", Line).show(source)
        self._head()
        self.query_one(CodeLines).show(code)
        self.query_one("#definition-parameters", PagedTable).show(
            schema_rows(self.definition.parameter_values)
        )

    def _failed(self, error: Exception) -> None:
        self.query_one("#definition-title", Line).show(
            Content.styled(f" {cause_of(error)}", "$text-warning"), Content(with_keys("{update} refreshes "))
        )

    def _head(self) -> None:
        summary = self.summary
        title = Content.styled(f" {brief(summary.workflow_name, 100)} {brief(summary.version, 40)}", "bold")
        self.query_one("#definition-title", Line).show(title, Content(f"{self._drift} "))
        names = [section_name(name, active=name == self.section) for name in SECTIONS]
        self.query_one("#definition-sections", Line).show(Content("").join(names))

    @on(PagedTable.Opened, "#definition-executions")
    def _execution(self, event: PagedTable.Opened) -> None:
        event.stop()
        host_of(self).open_screen("executions", execution=event.row.key)
