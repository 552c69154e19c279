"""One execution in sections, refreshed while it runs."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Static

from ...backend.core.sanitize import brief, sanitize_lines
from ...backend.services.messages.search import find_message
from ...viewmodels.executions.detail import read_execution
from ...viewmodels.pages import MessagesListed
from ...widgets.bindings import bindings_of
from ...widgets.table.paged_table import PagedTable
from ...widgets.table.rows import ListSource
from ...widgets.text.code import CodeLines
from ...widgets.text.line import Line
from ...widgets.timeline import Timeline
from ..base.document import Document, ScrollableText, section_name
from ..base.execution_columns import status_cell
from ..base.polling import Poll
from ..base.prompt import Prompt
from ..base.row_source import RowSource
from ..base.views import View
from .log import ExecutionLogView
from .replay import state_spans
from .rows import (
    MESSAGES,
    PAIRS,
    PARAMETERS,
    STATES,
    message_cells,
    pair_rows,
    parameter_rows,
    state_rows,
)
from .summary import summary_content

if TYPE_CHECKING:
    from ...viewmodels.context import ConsoleContext
    from ...viewmodels.executions.detail import RecordedExecution


def message_document(context: "ConsoleContext", message_id: str) -> Document:
    """The content of a message as indented JSON."""

    def read() -> str:
        whole = asdict(find_message(context.database(), message_id))
        return json.dumps(whole, indent=2, default=str, ensure_ascii=False)

    return Document(f" message {message_id}", read, "json")


def execution_json(recorded: "RecordedExecution") -> str:
    """An execution as JSON."""
    detail = recorded.detail
    document = {
        **asdict(detail.execution),
        "run_number": detail.run_number,
        "messages_by_type": detail.messages_by_type,
        "drift": asdict(detail.drift),
    }
    return json.dumps(document, indent=2, default=str, ensure_ascii=False)


SECTIONS = ("summary", "parameters", "states", "messages", "log", "metrics", "environment", "trace")
NOT_SHOWN = {"provenance"}


class ExecutionDetailView(View):
    """The sections of one execution."""

    scope: ClassVar[str] = "execution"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("execution")
    DEFAULT_CSS = """
    ExecutionDetailView > ContentSwitcher { height: 1fr; }
    ExecutionDetailView #detail-summary {
        height: 1fr; overflow-y: auto; overflow-x: hidden; scrollbar-size-vertical: 1;
    }
    ExecutionDetailView #summary-text { height: auto; padding: 0 1; }
    ExecutionDetailView #summary-strip { height: 2; }
    ExecutionDetailView.-stale ContentSwitcher { text-style: dim; }
    """

    class DocumentRequested(Message):
        """Asks the screen to open a document."""

        def __init__(self, document: Document) -> None:
            super().__init__()
            self.document = document

    def __init__(self, context: "ConsoleContext", execution_id: str) -> None:
        super().__init__()
        self.context, self.execution_id = context, execution_id
        self.recorded: RecordedExecution | None = None
        self.section = "summary"
        self._kind: str | None = None
        self._trouble = ""
        self._shown: dict[str, object] = {}
        self.poll: Poll[RecordedExecution] = Poll(self, self._read, self._show, self._show_trouble)

    def compose(self) -> ComposeResult:
        """Title, names of the sections, section."""
        yield Line(id="detail-title")
        yield Line(id="detail-sections")
        yield Prompt()
        with ContentSwitcher(initial="detail-summary"):
            with ScrollableText(id="detail-summary"):
                yield Timeline(id="summary-strip")
                yield Static("Loading …", id="summary-text", markup=False)
            yield PagedTable(
                PARAMETERS, id="detail-parameters", empty="This execution recorded no parameters"
            )
            yield PagedTable(STATES, id="detail-states", empty="This execution recorded no state changes")
            yield PagedTable(MESSAGES, id="detail-messages", empty="This execution recorded no messages")
            yield ExecutionLogView(self.context)
            yield PagedTable(
                PAIRS, id="detail-metrics", empty="No metrics yet. They are written when the execution ends"
            )
            yield PagedTable(PAIRS, id="detail-environment", empty="This execution recorded no environment")
            yield CodeLines(identity="detail-trace")

    def on_mount(self) -> None:
        """Show the title."""
        self._head()

    def activated(self) -> None:
        """Refresh every second while the execution runs."""
        self.poll.open()
        self._focus_section()

    def deactivated(self) -> None:
        """Stop refreshing."""
        self.poll.close()
        self.query_one("#detail-messages", PagedTable).live = False

    def refresh_now(self) -> None:
        """Read again immediately."""
        self.poll.now()

    def copy_text(self, what: str) -> str | None:
        """The row under the cursor, the execution as JSON, or the command line that shows it."""
        if what == "command":
            return f"swf-console executions show {self.execution_id}"
        if what == "json" and self.recorded is not None:
            return execution_json(self.recorded)
        table = self._table()
        if self.section == "log":
            return self.query_one(ExecutionLogView).text
        if table is None or table.row is None:
            return self.execution_id
        cells = [cell.text for cell in table.row.cells]
        return cells[1] if what == "cell" and len(cells) > 1 else "\t".join(cells)

    def action_section(self, step: int) -> None:
        """Go to the next or the previous section."""
        there = self._sections()
        self.go_to(there[(there.index(self.section) + step) % len(there)])

    def action_kind(self) -> None:
        """Show only messages of the next type; after the last type, all."""
        if self.recorded is None or self.section != "messages":
            return
        kinds: list[str | None] = [None, *sorted(self.recorded.detail.messages_by_type)]
        at = kinds.index(self._kind) if self._kind in kinds else 0
        self._kind = kinds[(at + 1) % len(kinds)]
        self._show_messages()
        self._head()

    def go_to(self, section: str) -> None:
        """Show a section."""
        self.section = section
        self.query_one(ContentSwitcher).current = f"detail-{section}"
        if section == "messages" and "messages" not in self._shown:
            self._show_messages()
        self._read_log()
        self._head()
        self._focus_section()

    def begin_search(self) -> None:
        """Prompt for a text to search in the section's table."""
        if self._table() is not None:
            self.query_one(Prompt).ask_search()

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Search for it."""
        event.stop()
        table = self._table()
        if event.done and event.text and table is not None:
            table.search(event.text)
        if event.done or event.left:
            self._focus_section()

    def _read(self) -> "RecordedExecution":
        return read_execution(self.context, self.execution_id)

    def _show(self, recorded: "RecordedExecution") -> None:
        self.recorded = recorded
        detail = recorded.detail
        self._fill("summary", summary_content(recorded), self.query_one("#summary-text", Static).update)
        self._table_of("parameters", detail.execution.parameter_values, lambda: parameter_rows(detail))
        self._table_of("states", detail.events, lambda: state_rows(detail.events))
        metrics = detail.execution.performance_metrics or {}
        self._table_of("metrics", metrics, lambda: pair_rows(metrics))
        environment = {
            name: value
            for name, value in (detail.execution.execution_environment or {}).items()
            if name not in NOT_SHOWN
        }
        self._table_of("environment", environment, lambda: pair_rows(environment))
        self._fill("trace", detail.execution.stack_trace or "", self._show_trace)
        self._show_strip(recorded)
        self._read_log()
        self._head()
        self.query_one("#detail-messages", PagedTable).live = detail.execution.status == "running"
        # an ended execution does not change any more
        if detail.execution.status != "running":
            self.poll.close()

    def _read_log(self) -> None:
        if self.section == "log" and self.recorded is not None:
            self.query_one(ExecutionLogView).read(self.recorded.detail.execution)

    def _fill(self, name: str, value: object, show: "Callable[..., None]") -> None:
        # it is read every second: what has not changed is not laid out again
        if self._shown.get(name) != value:
            self._shown[name] = value
            show(value)

    def _table_of(self, name: str, value: object, rows: "Callable[[], ListSource]") -> None:
        if name not in self._shown or self._shown[name] != value:
            self._shown[name] = value
            self.query_one(f"#detail-{name}", PagedTable).replace(rows())

    def _show_trace(self, trace: str) -> None:
        lines = sanitize_lines(trace).splitlines()
        self.query_one(CodeLines).show([Content(line) for line in lines])

    def _show_strip(self, recorded: "RecordedExecution") -> None:
        self.query_one(Timeline).show(state_spans(recorded.detail))

    def _show_messages(self) -> None:
        self._shown["messages"] = self._kind
        listed = MessagesListed(self.context, self.execution_id, self._kind)
        self.query_one("#detail-messages", PagedTable).show(
            RowSource(listed, lambda one: one.message_id, message_cells)
        )

    def _show_trouble(self, trouble: str) -> None:
        self._trouble = trouble
        self.set_class(bool(trouble), "-stale")
        self._head()

    def _sections(self) -> list[str]:
        has_trace = bool(self.recorded and self.recorded.detail.execution.stack_trace)
        return [name for name in SECTIONS if name != "trace" or has_trace]

    def _head(self) -> None:
        title = Content.styled(f" {brief(self.execution_id, 120)}", "bold")
        if self._trouble:
            right = Content.styled(f"{brief(self._trouble)} ", "$text-warning")
        elif self.recorded:
            status = status_cell(self.recorded.detail.execution.status)
            right = Content(f"{status.text} ")
        else:
            right = Content("Loading … ")
        self.query_one("#detail-title", Line).show(title, right)
        names = [section_name(name, active=name == self.section) for name in self._sections()]
        kind = f"type {brief(self._kind, 30)} " if self._kind and self.section == "messages" else ""
        self.query_one("#detail-sections", Line).show(Content("").join(names), Content(kind))

    def _focus_section(self) -> None:
        shown = self.query_one(f"#detail-{self.section}", Widget)
        # a dialog over the screens keeps the focus
        if self.screen.is_active:
            shown.focus()

    def _table(self) -> PagedTable | None:
        shown = self.query_one(f"#detail-{self.section}", Widget)
        return shown if isinstance(shown, PagedTable) else None

    @on(PagedTable.Opened)
    def _opened(self, event: PagedTable.Opened) -> None:
        event.stop()
        if event.table.id == "detail-messages":
            self.post_message(self.DocumentRequested(message_document(self.context, event.row.key)))
        elif event.table.id in ("detail-parameters", "detail-metrics", "detail-environment"):
            text = json.dumps(event.row.value, indent=2, default=str, ensure_ascii=False)
            self.post_message(
                self.DocumentRequested(Document(f" {event.row.cells[0].text}", lambda: text, "json"))
            )
        elif event.table.id == "detail-states":
            data = json.dumps(getattr(event.row.value, "event_data", None), indent=2, default=str)
            self.post_message(
                self.DocumentRequested(Document(f" {event.row.cells[2].text}", lambda: data, "json"))
            )
