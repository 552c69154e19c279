"""The doctor overlay: checks appear one by one, with advice; a slow one blocks nothing."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator

import pytest
from textual.pilot import Pilot

from swf_console.backend.services.health.doctor import run
from swf_console.backend.services.health.doctor.checks import Check, fail, ok, warn
from swf_console.screens.dialogs.doctor import DoctorOverlay
from swf_console.screens.journal import JournalScreen
from swf_console.viewmodels.context import ConsoleContext

from .hosts import HostApp, until

Steps = Callable[[HostApp, DoctorOverlay, Pilot[None]], Awaitable[None]]


def drive(context: ConsoleContext, steps: Steps) -> HostApp:
    """Open the overlay over a screen and perform the steps."""
    app = HostApp(JournalScreen(context))

    async def go() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            overlay = DoctorOverlay(context)
            app.push_screen(overlay)
            await until(pilot, lambda: overlay.is_mounted)
            await steps(app, overlay, pilot)

    asyncio.run(go())
    return app


def title(overlay: DoctorOverlay) -> str:
    return str(overlay.query_one("#doctor-title").render())


def test_doctor_opened_lists_all_checks(context: ConsoleContext) -> None:
    async def look(app: HostApp, overlay: DoctorOverlay, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: overlay.ended, timeout=60)
        names = [item.key for item in overlay.rows.items]
        assert len(names) > 8
        assert "namespace" in names
        assert f"{len(names)} checks" in title(overlay)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not overlay)

    drive(context, look)


def test_doctor_slow_check_blocks_no_key(context: ConsoleContext, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def checks(_load: object) -> Iterator[Check]:
        yield ok("clock", "[b]right[/b]")
        yield fail("broker", "it does not answer", "Start it")
        go_on.wait(20)
        yield warn("disk", "nearly full", "Make room")

    monkeypatch.setattr(run, "run_checks", checks)

    async def look(app: HostApp, overlay: DoctorOverlay, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: len(overlay.rows.items) == 2)
        assert "running" in title(overlay)
        assert "[b]right[/b]" in overlay.rows.items[0].cells[2].text
        await pilot.press("j", "y")
        await until(pilot, lambda: "Start it" in overlay.detail.text)
        await until(pilot, lambda: app.calls.copied == ["Start it"])
        go_on.set()
        await until(pilot, lambda: overlay.ended)
        assert title(overlay) == "Doctor: 3 checks, 1 failed, 1 warning"
        await pilot.press("u")
        await until(pilot, lambda: overlay.ended and len(overlay.rows.items) == 3)

    drive(context, look)
