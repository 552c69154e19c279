"""The Journal screen, the shift log, the handover report."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from swf_console.backend.core.errors import DatabaseUnreachable, UsageError
from swf_console.backend.services.journal import JournalEntry
from swf_console.screens.journal import JournalScreen
from swf_console.testing.fake_supervisor import MemorySupervisor
from swf_console.viewmodels.context import ConsoleContext
from swf_console.viewmodels.shift_report import handover, shift_log, write_handover, write_report

from ..support.history import add_execution
from .hosts import Driver, HostApp, until

drive = Driver(JournalScreen, lambda screen: screen.poll.answered is not None)


def keep(context: ConsoleContext, what: str, *, ok: bool = True, minutes: float = 0) -> None:
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    result = "started" if ok else "[red]it | broke[/red]\x1b[31m"
    command = f"swf-console agents start {what}"
    context.journal.append(JournalEntry(at, "action", "shifter", what, result, ok, command, "demo", 1.25))


def test_journal_screen_lists_newest_first_and_updates(context: ConsoleContext) -> None:
    keep(context, "one", minutes=5)
    keep(context, "two", ok=False, minutes=1)

    async def look(_app: HostApp, screen: JournalScreen, pilot: Pilot[None]) -> None:
        assert [item.cells[4].text.split()[-1] for item in screen.listing.items] == ["two", "one"]
        assert screen.listing.items[0].cells[5].text == "[red]it | broke[/red]\\x1b[31m (1.2 s)"
        await until(pilot, lambda: "swf-console agents start two" in screen.detail.text)
        await pilot.press("j")
        await until(pilot, lambda: "swf-console agents start one" in screen.detail.text)
        keep(context, "three")
        await until(pilot, lambda: len(screen.listing.items) == 3)
        assert "swf-console agents start one" in screen.detail.text
        assert screen.copy_text("command") == "swf-console agents start one"

    drive(context, look)


def test_journal_screen_filter_narrows_and_escape_clears(context: ConsoleContext) -> None:
    keep(context, "one")
    keep(context, "two")

    async def narrow(_app: HostApp, screen: JournalScreen, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"TWO", "enter")
        await until(pilot, lambda: len(screen.listing.items) == 1)
        await pilot.press("escape")
        await until(pilot, lambda: len(screen.listing.items) == 2)

    drive(context, narrow)


def test_journal_screen_empty_shows_advice(context: ConsoleContext) -> None:
    async def look(_app: HostApp, screen: JournalScreen, pilot: Pilot[None]) -> None:
        assert not screen.listing.items
        await pilot.press("j", "enter", "y")

    drive(context, look)


def test_journal_screen_export_writes_shift_log_to_current_directory(
    context: ConsoleContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    keep(context, "one")
    keep(context, "two", ok=False)

    async def export(app: HostApp, _screen: JournalScreen, pilot: Pilot[None]) -> None:
        await pilot.press("e")
        await until(pilot, lambda: bool(app.calls.results))

    app = drive(context, export)
    text = Path(str(app.calls.results[0])).read_text()
    assert text.startswith("# Shift log of demo")
    assert text.index("start one") < text.index("start two")
    assert "it \\| broke" in text
    assert "\x1b" not in text


def test_shift_report_existing_file_is_not_replaced(tmp_path: Path) -> None:
    first, second = (write_report("log", text, tmp_path) for text in ("a", "b"))
    assert (first.read_text(), second.read_text(), second.name) == ("a", "b", "log-2.md")
    with pytest.raises(UsageError, match="cannot be written"):
        write_report("log", "c", tmp_path / "nowhere")


def test_shift_log_without_entries_shows_message() -> None:
    assert "No actions recorded." in shift_log([], None)


def test_handover_report_shows_current_state(
    context: ConsoleContext, supervisor: MemorySupervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    identity = add_execution(context.database(), status="running")
    supervisor.start(["slice-worker"])
    keep(context, "one")
    text = Path(write_handover(context)).read_text()
    assert text.startswith("# Handover of demo")
    assert f"- {identity}: 0 of 10 STFs" in text
    assert "| slice-worker | RUNNING |" in text
    assert "`swf-console agents start one`" in text


def test_handover_report_database_down_shows_reason(
    context: ConsoleContext, supervisor: MemorySupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise DatabaseUnreachable("it is gone", "Start it again")

    monkeypatch.setattr(context, "database", gone)
    text = handover(context)
    assert text.count("it is gone. Start it again") >= 2
