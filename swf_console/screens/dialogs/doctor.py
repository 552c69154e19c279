"""The doctor: each check with its result and advice."""

import threading
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from ...backend.core.format import plural
from ...backend.core.sanitize import brief
from ...widgets.bars.keys import KeyLine
from ...widgets.bindings import bindings_of
from ...widgets.semantic_colors import Part, SemanticColor
from ...widgets.symbols import symbol
from ...widgets.table.columns import Column
from ...widgets.table.rows import Cell
from ...widgets.table.short_list import Item, ShortList
from ...widgets.tail.line_view import Lines
from ..base.host import host_of
from ..base.polling import cause_of

if TYPE_CHECKING:
    from ...backend.services.health.doctor.checks import Check
    from ...viewmodels.context import ConsoleContext

COLUMNS = (
    Column("symbol", "", 1),
    Column("name", "CHECK", 20, least=16),
    Column("found", "FOUND", 50, least=20, grows=True),
)
COLORS: dict[str, SemanticColor] = {"ok": "ok", "warn": "watch", "fail": "bad"}
RUNNING = "running ..."


class DoctorOverlay(ModalScreen[None]):
    """The list of checks, and the complete result of the one under the cursor."""

    scope: ClassVar[str] = "doctor"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("doctor")
    DEFAULT_CSS = """
    DoctorOverlay {
        align: center middle;
        & > #doctor { width: 100%; height: 100%; max-width: 120; max-height: 40; background: $surface;
            border: round $primary; padding: 0 1; }
        & #doctor-checks { height: 1fr; background: $surface; }
        & #doctor-detail { height: 6; background: $surface; border-top: solid $panel; }
        & #doctor-detail:focus { border-top: solid $primary; }
        & #doctor-title, & #doctor-keys { height: 1; color: $text-muted; }
    }
    """

    def __init__(self, context: "ConsoleContext") -> None:
        super().__init__()
        self.context = context
        self.checks: list[Check] = []
        self.ended = False
        self._stop = threading.Event()

    def compose(self) -> ComposeResult:
        """Title, checks, detail, keys."""
        with Vertical(id="doctor"):
            yield Static("Doctor", id="doctor-title", markup=False)
            yield ShortList(COLUMNS, identity="doctor-checks", empty="Running the checks ...")
            yield Lines(identity="doctor-detail", wrap=True)
            yield KeyLine(id="doctor-keys", last=())

    @property
    def rows(self) -> ShortList:
        """The checks so far."""
        return self.query_one("#doctor-checks", ShortList)

    @property
    def detail(self) -> Lines:
        """The complete result of one check."""
        return self.query_one("#doctor-detail", Lines)

    def on_mount(self) -> None:
        """Start checking."""
        self.rows.focus()
        self.query_one(KeyLine).show(("doctor",), "")
        self.action_again()

    def on_unmount(self) -> None:
        """Abandon the checks that are still running."""
        self._stop.set()

    def action_again(self) -> None:
        """Start all checks again; the results of the checks before are dropped."""
        self._stop.set()
        # one event for each round: an older thread that is still in a check sees only its own
        self._stop = stop = threading.Event()
        self.checks, self.ended = [], False
        self._paint()
        threading.Thread(target=self._run_checks, args=(stop,), name="doctor", daemon=True).start()

    def _run_checks(self, stop: threading.Event) -> None:
        """Runs in a thread of its own: a check may take any time."""
        from ...backend.services.health.doctor.run import run_checks

        try:
            for check in run_checks(lambda: self.context.settings):
                if stop.is_set():
                    return
                self.call_later(self._checked, stop, check)
        except Exception as error:  # noqa: BLE001 (the thread must not end silently)
            self.call_later(self._checks_failed, stop, error)
        self.call_later(self._finished, stop)

    def _checked(self, stop: threading.Event, check: "Check") -> None:
        if not stop.is_set():
            self.checks.append(check)
            self._paint()

    def _checks_failed(self, stop: threading.Event, error: Exception) -> None:
        if not stop.is_set():
            self.detail.show([[(f"{symbol('bad')} {brief(cause_of(error))}", "bad")]])

    def _finished(self, stop: threading.Event) -> None:
        if not stop.is_set():
            self.ended = True
            self._paint()

    def _paint(self) -> None:
        self.rows.show([check_item(check) for check in self.checks])
        self.query_one("#doctor-title", Static).update(verdict_text(self.checks, ended=self.ended))

    @on(ShortList.Moved, "#doctor-checks")
    def _moved(self, event: ShortList.Moved) -> None:
        self.detail.show(check_lines(cast("Check", event.item.value)) if event.item else [])

    def action_close(self) -> None:
        """Close the overlay."""
        self.dismiss()

    def action_copy(self) -> None:
        """Copy the advice of the check under the cursor."""
        item = self.rows.current
        if item:
            check = cast("Check", item.value)
            host_of(self).copy(check.advice or check.found, check.name)


def verdict_text(checks: "list[Check]", *, ended: bool) -> str:
    """The number of checks that failed or gave a warning."""
    failed = sum(check.verdict == "fail" for check in checks)
    warned = sum(check.verdict == "warn" for check in checks)
    if not ended:
        return f"Doctor: {plural(len(checks), 'check')} done, {RUNNING}"
    said = [f"{failed} failed"] if failed else []
    said += [f"{plural(warned, 'warning')}"] if warned else []
    return f"Doctor: {plural(len(checks), 'check')}, {', '.join(said) or 'all OK'}"


def check_item(check: "Check") -> Item:
    """A check as a row."""
    color = COLORS[check.verdict]
    cells = (Cell(symbol(color), color), Cell(brief(check.name, 40)), Cell(brief(check.found, 300), color))
    return Item(check.name, cells, check)


def check_lines(check: "Check") -> list[list[Part]]:
    """The result and the advice."""
    color = COLORS[check.verdict]
    lines: list[list[Part]] = [
        [(f"{check.verdict} {brief(check.name, 60)}: ", color), (brief(check.found, 2000), "plain")]
    ]
    if check.advice:
        lines.append([(f"{symbol('arrow')} {brief(check.advice, 2000)}", "busy")])
    return lines
