"""The Definitions screen with a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

from swf_console.backend.database import definitions
from swf_console.backend.database.records.workflows import NewDefinition
from swf_console.screens.definitions.detail import DefinitionDetailView
from swf_console.screens.definitions.screen import DefinitionsScreen
from swf_console.viewmodels.context import ConsoleContext
from swf_console.widgets.table.paged_table import PagedTable
from swf_console.widgets.text.code import CodeLines
from swf_console.widgets.text.line import Line
from tests.console.hosts import HostApp, until
from tests.console.test_executions import home, lines_of
from tests.support.history import CODE, add_execution

Steps = Callable[[Pilot[None], DefinitionsScreen], Awaitable[None]]
SCHEMA = {
    "schema": [
        {
            "name": "delay",
            "section": "daq",
            "type": "number",
            "unit": "s",
            "default": 5.0,
            "minimum": 0,
            "maximum": 10,
            "choices": [],
            "help": "Time [red]without[/] beam",
        }
    ],
    "defaults": {"delay": 5.0},
}


def use(context: ConsoleContext, steps: Steps) -> HostApp:
    screen = DefinitionsScreen(context)
    app = HostApp(screen)

    async def run() -> None:
        async with app.run_test(size=(120, 24)) as pilot:
            await until(pilot, lambda: screen.is_mounted and bool(screen.query("#definitions-table")))
            await until(pilot, lambda: screen.list.table.loaded)
            await steps(pilot, screen)

    asyncio.run(run())
    context.close()
    return app


def store(context: ConsoleContext, name: str, code: str, version: str = "1.0") -> None:
    with context.database().write() as connection:
        definitions.ensure(connection, NewDefinition(name, version, "simulation", code, SCHEMA, "shifter"))


def test_definitions_list_shows_drift(tmp_path: Path) -> None:
    context = home(tmp_path)
    add_execution(context.database(), 1)
    store(context, "other", "x = 1\n")
    file = tmp_path / "workflows" / "stf_datataking.py"
    file.write_text(CODE)

    async def steps(pilot: Pilot[None], screen: DefinitionsScreen) -> None:
        lines = lines_of(screen.list.table)
        assert "other" in lines[1]
        assert "· file missing" in lines[1]
        assert "● same as file" in lines[2]
        file.write_text(CODE + "# later\n")
        await until(pilot, lambda: "▲ file differs" in lines_of(screen.list.table)[2], timeout=20)
        await pilot.press("slash", *"other", "enter")
        await until(pilot, lambda: len(screen.list.table.shown) == 1)
        assert screen.remember()["workflow"] == "other"
        await pilot.press("escape")
        await until(pilot, lambda: len(screen.list.table.shown) == 2)
        await pilot.press("j", "E")

    app = use(context, steps)
    assert app.calls.opened == [("executions", {"filter": "workflow=stf_datataking"})]


def test_definition_detail_shows_code_parameters_executions(tmp_path: Path) -> None:
    context = home(tmp_path)
    store(context, "stf_datataking", "class WorkflowExecutor:\n    name = '[red]\x1b[2J'\n    # " + "x" * 200)
    add_execution(context.database(), 1)

    async def steps(pilot: Pilot[None], screen: DefinitionsScreen) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(screen.stack.front, DefinitionDetailView))
        view = screen.stack.front
        assert isinstance(view, DefinitionDetailView)
        await until(pilot, lambda: view.definition is not None)
        code = view.query_one(CodeLines).text
        assert "    name = '[red]\\x1b[2J'" in code
        assert "· file missing" in view.query_one("#definition-title", Line).text
        lines = view.query_one(CodeLines)
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: lines.scroll_offset.x > 0)
        await pilot.press("right")
        assert view.section == "parameters"
        table = view.query_one("#definition-parameters", PagedTable)
        await until(pilot, lambda: len(table.shown) == 1)
        line = lines_of(table)[1]
        assert "daq.delay" in line
        assert "number s" in line
        assert "0 .. 10" in line
        assert "Time [red]" in line
        await pilot.press("right")
        executions = view.query_one("#definition-executions", PagedTable)
        await until(pilot, lambda: len(executions.shown) == 1)
        await pilot.press("enter")
        await pilot.press("left", "left")
        assert view.section == "code"
        assert screen.copy_text("command") == "swf-console definitions show 1"
        assert (screen.copy_text("row") or "").startswith("class WorkflowExecutor")
        await pilot.press("escape")
        assert screen.stack.views == [screen.list]

    app = use(context, steps)
    assert app.calls.opened == [("executions", {"execution": "stf_datataking-shifter-0001"})]


def test_definitions_list_empty_shows_advice(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], screen: DefinitionsScreen) -> None:
        assert "R runs a workflow" in "\n".join(lines_of(screen.list.table))
        await pilot.press("enter", "E", "escape", "F", "escape")

    assert use(home(tmp_path), steps).calls.said == ["no definition under the cursor"]
