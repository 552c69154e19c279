"""Columns of lists are chosen by name and restored."""

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from swf_console.app import ConsoleApp
from swf_console.screens.base.prompt import Prompt
from swf_console.screens.base.screen import BaseScreen
from swf_console.testing.fake_supervisor import MemorySupervisor
from swf_console.viewmodels.context import ConsoleContext
from swf_console.widgets.table.paged_table import PagedTable
from swf_console.widgets.table.short_list import ShortList
from tests.support.history import add_execution

from .hosts import play, until


def head_of(screen: BaseScreen) -> list[str]:
    """The titles of the first list of a screen."""
    for table in screen.query(PagedTable):
        return table.render_line(0).text.split()
    return next(iter(screen.query(ShortList))).head_line(0, 80).text.split()


@pytest.mark.parametrize(
    ("name", "names", "titles", "slip", "meant"),
    [
        ("agents", "note, name cpu", ["NOTE", "NAME", "CPU"], "nam", "name"),
        ("executions", "user id", ["USER", "EXECUTION"], "stauts", "status"),
        ("definitions", "by workflow", ["BY", "WORKFLOW"], "versoin", "version"),
        ("fast_processing", "worker HEARD", ["WORKER", "HB"], "slise", "slice"),
        ("journal", "at what result", ["UTC", "WHAT", "RESULT"], "reslt", "result"),
    ],
)
def test_column_choice_by_name_is_applied_and_restored(
    context: ConsoleContext,
    supervisor: MemorySupervisor,
    name: str,
    names: str,
    titles: list[str],
    slip: str,
    meant: str,
) -> None:
    add_execution(context.database(), 1)

    async def steps(app: ConsoleApp, pilot: Pilot[int]) -> None:
        app.open_screen(name)
        await until(pilot, lambda: app.frame.shown == name and app.focused is not None)
        screen = app.navigation.current
        assert screen is not None
        entry = screen.query_one(Prompt)

        async def type_columns(text: str) -> None:
            await pilot.press("C")
            await until(pilot, lambda: entry.is_open)
            await pilot.press("ctrl+a", "ctrl+k", *text, "enter")

        whole = head_of(screen)
        await type_columns(slip)
        word = entry.query_one("#prompt-note", Static)
        await until(pilot, lambda: f"did you mean {meant}?" in str(word.render()))
        await pilot.press("escape")
        await until(pilot, lambda: head_of(screen) == whole)
        await type_columns(names)
        await until(pilot, lambda: head_of(screen) == titles)
        remembered = screen.remember()
        await type_columns("")
        await until(pilot, lambda: head_of(screen) == whole)
        screen.recall({"columns": remembered["columns"]})
        await until(pilot, lambda: head_of(screen) == titles)

    context.ui_state.remember("demo", "screen", "overview")
    play(context, steps)
