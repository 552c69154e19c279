"""The Journal screen: actions of this home's consoles, alarms, and the console's own errors."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widgets import Input

from ..actions.registry import action_of
from ..backend.core.format import clock, instant
from ..backend.core.sanitize import brief
from ..viewmodels.shift_report import shift_log, write_report
from ..widgets.key_labels import with_keys
from ..widgets.semantic_colors import Part, SemanticColor
from ..widgets.symbols import symbol
from ..widgets.table.columns import Column
from ..widgets.table.rows import Cell
from ..widgets.table.short_list import Item, ShortList
from ..widgets.tail.line_view import Lines
from ..widgets.text.notice import Notice
from .base.host import host_of
from .base.prompt import Prompt
from .base.screen import ListScreen

if TYPE_CHECKING:
    from ..backend.services.journal import JournalEntry
    from ..viewmodels.context import ConsoleContext

MOST_ENTRIES = 1_000
EMPTY = "No entries yet. Actions, alarms and errors of the console are listed here"
COLUMNS = (
    Column("symbol", "", 1),
    Column("at", "UTC", 14, least=8),
    Column("kind", "KIND", 6),
    Column("who", "WHO", 12, least=8),
    Column("what", "WHAT", 40, least=24, grows=True),
    Column("result", "RESULT", 30, least=12),
)


class JournalScreen(ListScreen["list[JournalEntry]"]):
    """The entries, newest first, and the complete entry under the cursor."""

    screen_name: ClassVar[str] = "journal"
    columns: ClassVar[Sequence[Column]] = COLUMNS
    help_text: ClassVar[str] = (
        "Lists each action with its command line and result, each alarm, and errors of the console. "
        "{journal.export} exports a shift log, {journal.filter} filters by a text, {copy} copies the "
        "command line."
    )
    DEFAULT_CSS = """
    JournalScreen {
        & > #journal-filter { display: none; height: 1; border: none; padding: 0 1; }
        &.-filtering > #journal-filter { display: block; }
        & > #journal-parts { height: 1fr; layout: vertical; }
        & #journal-list { height: 1fr; }
        & #journal-detail { height: 5; border-top: solid $panel; }
        &.-wide > #journal-parts { layout: horizontal; }
        &.-wide #journal-list { width: 3fr; height: 100%; }
        &.-wide #journal-detail { width: 2fr; height: 100%; border-top: none; border-left: solid $panel; }
    }
    """

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__(context)
        self._entries: list[JournalEntry] = []
        self._version: tuple[float, int] | None = None
        self._filter = ""

    def compose(self) -> ComposeResult:
        """Filter, entries, detail."""
        yield Input(id="journal-filter", placeholder=with_keys("a text; {journal.back} clears the filter"))
        yield Prompt()
        yield Notice(identity="journal-notice")
        with Container(id="journal-parts"):
            yield ShortList(COLUMNS, identity="journal-list", empty="Loading ...")
            yield Lines(identity="journal-detail", wrap=True)

    @property
    def listing(self) -> ShortList:
        """The entries."""
        return self.query_one("#journal-list", ShortList)

    @property
    def detail(self) -> Lines:
        """One complete entry."""
        return self.query_one("#journal-detail", Lines)

    @property
    def filter_line(self) -> Input:
        """The field for the filter."""
        return self.query_one("#journal-filter", Input)

    def refresh_now(self) -> None:
        """Read immediately."""
        self._version = None
        super().refresh_now()

    def _read(self) -> "list[JournalEntry]":
        """Read the file if it has changed."""
        path = self.context.journal.path
        state = path.stat() if path.exists() else None
        version = (state.st_mtime, state.st_size) if state else (0.0, 0)
        # the screen polls every second, entries come seldom: parse them only when the file has changed
        if version != self._version:
            self._entries = self.context.journal.entries(MOST_ENTRIES)
            self._version = version
        return self._entries

    def _show(self, entries: "list[JournalEntry]") -> None:
        wanted = self._filter.lower()
        items = [journal_item(entry) for entry in entries]
        items = [item for item in items if wanted in " ".join(cell.text for cell in item.cells).lower()]
        self.listing.stale = False
        self.query_one(Notice).say()
        clear = with_keys("{journal.back} clears the filter")
        empty = f"No match for {brief(self._filter, 40)!r} in {len(entries):,} entries. {clear}"
        self.listing.set_empty_text(empty if entries else EMPTY)
        self.listing.show(items)

    @on(ShortList.Moved, "#journal-list")
    def _moved(self, event: ShortList.Moved) -> None:
        self.detail.show(entry_lines(_entry(event.item)) if event.item else [])

    def action_filter(self) -> None:
        """Edit the filter."""
        self.add_class("-filtering")
        self.filter_line.focus()

    @on(Input.Changed, "#journal-filter")
    def _typed(self, event: Input.Changed) -> None:
        self._filter = event.value.strip()
        self._show(self._entries)

    @on(Input.Submitted, "#journal-filter")
    def _entered(self) -> None:
        self.listing.focus()

    def action_back(self) -> None:
        """Remove the filter."""
        self.filter_line.value = ""
        self.remove_class("-filtering")
        self.listing.focus()

    def action_export(self) -> None:
        """Write the listed entries as a shift log."""
        entries = [_entry(item) for item in self.listing.items]
        host_of(self).record(
            action_of("export", "journal"), "swf-console journal", lambda: self._export(entries)
        )

    def _export(self, entries: "list[JournalEntry]") -> str:
        """Runs in a worker thread."""
        name = f"shift-log-{datetime.now(UTC):%Y-%m-%d-%H%M}"
        return str(write_report(name, shift_log(entries, self.context.namespace)))

    def copy_text(self, what: str) -> str | None:
        """The command line, the row, or the entry as JSON."""
        item = self.listing.current
        if item is None:
            return None
        entry = _entry(item)
        texts = {
            "command": entry.command,
            "cell": entry.result,
            "row": "  ".join(cell.text for cell in item.cells),
            "json": json.dumps(asdict(entry), default=str),
        }
        return texts.get(what) or None

    def remember(self) -> dict[str, object]:
        """The filter and the columns."""
        return {**super().remember(), "filter": self._filter}

    def recall(self, remembered: dict[str, object]) -> None:
        """Restore filter and columns."""
        super().recall(remembered)
        text = str(remembered.get("filter") or "")
        if text:
            self.add_class("-filtering")
            self.filter_line.value = text


def journal_item(entry: "JournalEntry") -> Item:
    """An entry as a row."""
    color: SemanticColor = "ok" if entry.ok else "bad" if entry.result != "watch" else "watch"
    took = f" ({entry.seconds:.1f} s)" if entry.seconds is not None else ""
    cells = (
        Cell(symbol(color), color),
        Cell(clock(entry.at)),
        Cell(brief(entry.kind, 10), "unknown"),
        Cell(brief(entry.who, 40)),
        Cell(brief(entry.command or entry.what, 400)),
        Cell(f"{brief(entry.result, 200)}{took}", "plain" if entry.ok else color),
    )
    return Item(f"{entry.at.timestamp()} {entry.kind} {entry.what}", cells, entry)


def entry_lines(entry: "JournalEntry") -> list[list[Part]]:
    """A complete entry."""
    took = f" in {entry.seconds:.3f} s" if entry.seconds is not None else ""
    namespace = f", namespace {brief(entry.namespace, 60)}" if entry.namespace else ""
    lines: list[list[Part]] = [
        [
            (
                f"{instant(entry.at)} UTC, {brief(entry.kind, 20)} by {brief(entry.who, 60)}",
                "unknown",
            ),
            (namespace, "unknown"),
        ],
        [(brief(entry.what, 2000), "plain")],
    ]
    if entry.command:
        lines.append([(brief(entry.command, 2000), "busy")])
    if entry.result:
        lines.append([(f"{symbol('arrow')} {brief(entry.result, 2000)}{took}", "ok" if entry.ok else "bad")])
    return lines


def _entry(item: Item) -> "JournalEntry":
    return cast("JournalEntry", item.value)
