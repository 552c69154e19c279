"""The list of executions: filter, order, marks."""

import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content

from ...backend.core.errors import SwfError
from ...backend.core.sanitize import brief
from ...backend.database.records.workflows import ExecutionSummary
from ...backend.services.executions.recovery import sweep
from ...viewmodels.executions.filter import (
    command_of,
    is_empty,
    parse_execution_filter,
    without_partial_field,
)
from ...viewmodels.pages import ExecutionsListed
from ...widgets.key_labels import with_keys
from ...widgets.table.paged_table import PagedTable
from ...widgets.text.line import Line
from ...widgets.worker import BlockingCall
from ..base.execution_columns import EXECUTION_COLUMNS, ORDERS
from ..base.prompt import COLUMNS, ColumnChoice, Prompt
from ..base.row_source import RowSource, cells_of
from ..base.views import View

if TYPE_CHECKING:
    from ...viewmodels.context import ConsoleContext

# executions whose lease has expired are closed by whatever lists them: nothing else may be running
SWEEP_SECONDS = 5.0
PLACEHOLDER = "status=failed namespace=demo user=me workflow=stf_datataking since=2h ID-PREFIX"
NONE_YET = "No executions yet.\n{launch} runs a workflow. In a shell: swf-console --run stf_datataking"


class ExecutionList(View):
    """The executions that match the filter, refreshed every second."""

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__()
        self.context = context
        self.filter = _default_filter(context)
        self._namespace = _default_filter(context)
        self.order_by, self.descending = "started", True
        self.column_choice = ColumnChoice(EXECUTION_COLUMNS, self, lambda: self.table)
        self._recalled: str | None = None
        self._expired = BlockingCall(self, "expired")

    def compose(self) -> ComposeResult:
        """Title, prompt, table."""
        yield Line(id="list-title")
        yield Prompt()
        yield PagedTable(EXECUTION_COLUMNS, id="list-table")

    def on_mount(self) -> None:
        """Start reading."""
        self.column_choice.show()
        self.set_interval(SWEEP_SECONDS, self._close_expired)
        if self._recalled is None or self.show(self._recalled):
            self.show(self.filter)

    @property
    def table(self) -> PagedTable:
        """The table."""
        return self.query_one("#list-table", PagedTable)

    @property
    def execution(self) -> ExecutionSummary | None:
        """The execution under the cursor."""
        row = self.table.row
        return row.value if row and isinstance(row.value, ExecutionSummary) else None

    def activated(self) -> None:
        """Refresh every second."""
        self.table.live = True
        self._follow_namespace()
        self.table.refresh_rows()
        if not self.query_one(Prompt).is_open:
            self.table.focus()

    def deactivated(self) -> None:
        """Stop refreshing."""
        self.table.live = False

    def refresh_now(self) -> None:
        """Read again immediately."""
        self._follow_namespace()
        self.table.refresh_rows()

    def show(self, text: str) -> str:
        """List what matches the filter; for a wrong filter, change nothing and return the error."""
        try:
            wanted = parse_execution_filter(text)
        except SwfError as error:
            return str(error)
        self.filter = text.strip()
        listed = ExecutionsListed(self.context, wanted, self.order_by, self.descending)
        self.table.empty = with_keys(NONE_YET) if is_empty(wanted) else self._no_match(text)
        self.table.show(
            RowSource(listed, lambda one: one.execution_id, cells_of(EXECUTION_COLUMNS)),
            sorted_by=(self.order_by, self.descending),
        )
        self._head()
        return ""

    def remember(self) -> dict[str, object]:
        """Filter, order and columns."""
        return {
            "columns": list(self.column_choice.chosen),
            "filter": self.filter,
            "order_by": self.order_by,
            "descending": self.descending,
        }

    def recall(self, remembered: Mapping[str, object]) -> None:
        """Restore filter, order and columns, as far as they still exist."""
        self.column_choice.recall(remembered.get("columns"))
        order_by, text = remembered.get("order_by"), remembered.get("filter")
        if isinstance(order_by, str) and order_by in ORDERS:
            self.order_by, self.descending = order_by, bool(remembered.get("descending"))
        if isinstance(text, str) and self.is_mounted:
            self.show(text)
        elif isinstance(text, str):
            self._recalled = text

    def back(self) -> bool:
        """Remove the marks, then the filter."""
        if self.table.marked:
            self.table.unmark()
            return True
        if self.filter:
            self.show("")
            return True
        return False

    def order(self, *, reverse: bool = False) -> None:
        """Use the next order, or reverse the order."""
        if reverse:
            self.descending = not self.descending
        else:
            orders = list(ORDERS)
            self.order_by = orders[(orders.index(self.order_by) + 1) % len(orders)]
            self.descending = self.order_by == "started"
        self.show(self.filter)

    def copy_text(self, what: str) -> str | None:
        """The id, the row, or the command line that lists the same."""
        row = self.table.row
        if what == "command":
            execution = self.execution
            shown = f"executions show {execution.execution_id}" if execution else self.command
            return f"swf-console {shown}"
        if row is None:
            return None
        if what == "json":
            return _json_of(row.value)
        return row.key if what == "cell" else "\t".join(cell.text for cell in row.cells)

    @property
    def command(self) -> str:
        """The command line that lists the same."""
        return command_of(parse_execution_filter(self.filter))

    def begin_filter(self) -> None:
        """Prompt for a filter, which is applied while it is typed."""
        self.query_one(Prompt).ask("filter", f"{self.filter} ".lstrip(), PLACEHOLDER)

    def begin_search(self) -> None:
        """Prompt for a text to search."""
        self.query_one(Prompt).ask_search()

    def begin_columns(self) -> None:
        """Prompt for the columns."""
        self.column_choice.ask(self.query_one(Prompt))

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Apply the filter while it is typed, the rest with Enter."""
        event.stop()
        prompt = self.query_one(Prompt)
        if event.kind == "filter":
            text = event.text if event.done or event.left else without_partial_field(event.text)
            wrong = self.show(text) if text.strip() != self.filter else ""
            prompt.say(wrong)
            if event.done and wrong:
                prompt.ask("filter", event.text, PLACEHOLDER)
                prompt.say(wrong)
                return
        elif event.kind == COLUMNS:
            if not self.column_choice.take(event, prompt):
                return
        elif event.done and event.text:
            self.table.search(event.text)
        if event.done or event.left:
            self.table.focus()

    def _follow_namespace(self) -> None:
        """Replace the default filter when the console's namespace changes."""
        before, self._namespace = self._namespace, _default_filter(self.context)
        # a filter that the user has typed stays
        if before != self._namespace and self.filter == before:
            self.show(self._namespace)

    def _close_expired(self) -> None:
        # a console that may not write closes no executions
        if self.table.live and self.region and not self.context.why_read_only:
            self._expired.start(self._sweep, lambda _: None, lambda _: None)

    def _sweep(self) -> list[str]:
        return sweep(self.context.settings, self.context.database())

    def _no_match(self, text: str) -> str:
        changes = with_keys("{executions.back} clears the filter, {executions.filter} changes it.")
        return f"No executions match {brief(text, 200)}\n{changes}"

    def _head(self) -> None:
        where = brief(self.filter, 200) if self.filter else "all namespaces"
        order = ORDERS[self.order_by]
        if self.order_by == "started" and not self.descending:
            order = "oldest first"
        elif self.order_by != "started" and self.descending:
            order += ", reversed"
        self.query_one("#list-title", Line).show(
            Content.assemble((" Executions ", "bold"), (where, "")), Content(f"{order} ")
        )


def _default_filter(context: "ConsoleContext") -> str:
    return f"namespace={context.namespace}" if context.namespace else ""


def _json_of(value: object) -> str:
    document = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    return json.dumps(document, default=str, ensure_ascii=False)
