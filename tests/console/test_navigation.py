"""Opening screens: which widget gets the focus."""

from collections.abc import Callable
from typing import ClassVar

import pytest
from textual.app import ComposeResult
from textual.pilot import Pilot
from textual.widgets import Static

from swf_console.app import ConsoleApp
from swf_console.screens.base.host import host_of
from swf_console.screens.base.screen import BaseScreen
from swf_console.screens.base.screen_registry import ScreenEntry
from swf_console.viewmodels.context import ConsoleContext
from swf_console.widgets.text.line import Line

from .hosts import play, until


class TextScreen(BaseScreen):
    """A screen without a widget that can take the focus."""

    screen_name: ClassVar[str] = "journal"

    def compose(self) -> ComposeResult:
        yield Static("a text")

    def action_export(self) -> None:
        """Show that the key was delivered."""
        host_of(self).say("exported")


def test_navigation_screen_without_focusable_widget_gets_its_keys(
    offline_context: ConsoleContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        def load(_entry: ScreenEntry) -> Callable[..., BaseScreen]:
            return TextScreen

        monkeypatch.setattr(ScreenEntry, "load", load)
        await pilot.press("8")
        await until(pilot, lambda: app.frame.shown == "journal")
        await pilot.press("e")
        await until(pilot, lambda: "exported" in app.query_one("#action-line", Line).text)

    play(offline_context, steps)
