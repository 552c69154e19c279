"""The launch form: content, checks while typing, and a run in this process."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from swf_console.backend.database import agents, executions
from swf_console.backend.database.records.agents import Heartbeat
from swf_console.backend.database.records.workflows import ExecutionFilter
from swf_console.backend.services.executions.request import RunRequest
from swf_console.screens.agents.screen import AgentsScreen
from swf_console.screens.launch.form import LaunchForm
from swf_console.testing.fake_supervisor import MemorySupervisor
from swf_console.viewmodels.context import ConsoleContext
from swf_console.viewmodels.executions.launch import command_line

from .hosts import HostApp, until

Steps = Callable[[HostApp, LaunchForm, Pilot[None]], Awaitable[None]]


def drive(
    context: ConsoleContext, steps: Steps, *, read_only: bool = False, size: tuple[int, int] = (80, 24)
) -> HostApp:
    """Open the form over a screen, wait for its check and forecast, perform the steps."""
    app = HostApp(AgentsScreen(context), read_only=read_only)

    async def go() -> None:
        async with app.run_test(size=size) as pilot:
            form = LaunchForm(context)
            app.push_screen(form)
            await until(pilot, lambda: form.check.forecast is not None)
            await steps(app, form, pilot)

    asyncio.run(go())
    return app


def value(form: LaunchForm, key: str) -> list[str]:
    return next([cell.text.strip() for cell in item.cells] for item in form.rows.items if item.key == key)


async def type_value(form: LaunchForm, pilot: Pilot[None], key: str, text: str) -> None:
    """Go to a row, open its input line, type."""
    form.rows.go_to(key)
    await pilot.press("enter")
    form.input.value = ""
    await pilot.press(*text)


def test_launch_form_opened_selects_configuration_of_testbed_toml(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    async def look(_app: HostApp, form: LaunchForm, _pilot: Pilot[None]) -> None:
        assert value(form, "@configuration")[1] == "fast_processing_default"
        assert value(form, "@namespace")[1] == "demo"
        assert value(form, "@pace")[1] == "realtime"
        assert value(form, "fast_processing.slice_processing_time")[1:] == [
            "30",
            "s",
            "fast_processing_default.toml:18",
        ]
        assert "10 STFs" in form.verdict.text
        assert "keeps up" in form.verdict.text

    drive(context, look)


@pytest.mark.parametrize(
    ("state", "location"),
    [
        ("READY", ["location", "on the runner", "", "continues"]),
        ("EXITED", ["location", "in this console", "", "stops on quit"]),
        (None, ["location", "in this console", "", "stops on quit"]),
    ],
)
def test_launch_form_opened_offers_running_runner_first(
    context: ConsoleContext, supervisor: MemorySupervisor, state: str | None, location: list[str]
) -> None:
    if state is not None:
        heartbeat = Heartbeat(
            instance_name="DAQ_Simulator-agent-alice-1",
            agent_type="STF_Datataking",
            status="OK",
            at=datetime.now(UTC),
            operational_state=state,
            description="workflow runner",
            namespace="demo",
        )
        with context.database().write() as connection:
            agents.heartbeat(connection, heartbeat)

    async def look(_app: HostApp, form: LaunchForm, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: value(form, "@where") == location)

    drive(context, look)


def test_launch_form_value_is_checked_while_typed(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    async def change(_app: HostApp, form: LaunchForm, pilot: Pilot[None]) -> None:
        await type_value(form, pilot, "fast_processing.target_worker_count", "many")
        await until(pilot, lambda: "whole number" in form.notice.text)
        await pilot.press("enter")
        assert form.request is not None
        assert not form.request.overrides
        form.input.value = "1"
        await until(pilot, lambda: "falls behind" in form.verdict.text)
        assert not form.notice.text
        await pilot.press("enter")
        await until(pilot, lambda: value(form, "fast_processing.target_worker_count")[1] == "1")
        assert value(form, "fast_processing.target_worker_count")[3] == "form"
        await pilot.press("backspace")
        await until(pilot, lambda: value(form, "fast_processing.target_worker_count")[1] == "30")

    drive(context, change)


def test_launch_form_escape_cancels_input_then_closes(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    async def leave(app: HostApp, form: LaunchForm, pilot: Pilot[None]) -> None:
        await type_value(form, pilot, "@duration", "12")
        await pilot.press("escape")
        assert form.request is not None
        assert form.request.duration is None
        assert app.screen is form
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not form)

    drive(context, leave)


def test_launch_form_configuration_chosen_from_list(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    async def choose(_app: HostApp, form: LaunchForm, pilot: Pilot[None]) -> None:
        form.rows.go_to("@configuration")
        await pilot.press("enter")
        assert [item.key for item in form.choices.items] == [
            "fast_processing_default",
            "stf_datataking_default",
            "stf_processing_default",
        ]
        await pilot.press("j", "enter")
        await until(pilot, lambda: value(form, "@configuration")[1] == "stf_datataking_default")
        await until(pilot, lambda: any(item.key == "stf_processing.stf_count" for item in form.rows.items))

    drive(context, choose)


def test_launch_form_missing_agents_are_listed_and_started(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    async def start(app: HostApp, form: LaunchForm, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "fast-processing-agent" in form.verdict.text)
        assert "workflow-runner" not in form.check.missing
        await pilot.press("w")
        await until(pilot, lambda: "workflow-runner" in form.check.missing)
        await pilot.press("w")
        await until(pilot, lambda: bool(form.check.missing) and "workflow-runner" not in form.check.missing)
        await pilot.press("A")
        await until(pilot, lambda: not form.check.missing)
        assert app.calls.commands[0].startswith("swf-console agents start ")

    drive(context, start)
    assert "fast-processing-agent" in [name for name, _ in supervisor.starts]


def test_launch_form_read_only_refuses_start(context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    async def start(app: HostApp, form: LaunchForm, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        assert "read-only" in form.notice.text
        assert not app.calls.commands

    drive(context, start, read_only=True)


def test_launch_form_local_run_completes(context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    async def start(app: HostApp, form: LaunchForm, pilot: Pilot[None]) -> None:
        await pilot.press("p")
        await type_value(form, pilot, "fast_processing.stf_count", "3")
        await pilot.press("enter")
        await until(pilot, lambda: value(form, "fast_processing.stf_count")[3] == "form")
        await pilot.press("s")
        await until(pilot, lambda: bool(app.calls.opened), timeout=30)
        assert app.calls.commands == [
            "swf-console --run stf_datataking --workflow-config fast_processing_default --no-realtime "
            "--namespace demo --set fast_processing.stf_count=3"
        ]
        await until(pilot, lambda: not context.local_executions.live(), timeout=30)
        (ended,) = context.local_executions.take_ended()
        assert (ended.status, ended.reason) == ("completed", "completed")

    drive(context, start)
    with context.database().read() as connection:
        (found,) = executions.page(connection, ExecutionFilter(), limit=5).items
    assert found.status == "completed"
    assert found.namespace == "demo"


def test_launch_form_start_before_check_starts_after_it(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    app = HostApp(AgentsScreen(context))

    async def go() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            form = LaunchForm(context)
            app.push_screen(form)
            await until(pilot, lambda: form.is_mounted)
            form.action_start()
            await until(pilot, lambda: bool(app.calls.opened), timeout=30)
            assert len(app.calls.commands) == 1
            (running,) = context.local_executions.live()
            context.local_executions.stop(running.execution_id)
            await until(pilot, lambda: not context.local_executions.live(), timeout=30)

    asyncio.run(go())


def test_launch_command_line_matches_request() -> None:
    request = RunRequest(configuration="x_default", namespace="demo", realtime=True, duration="9")
    assert command_line(request.with_override("a.b", "two words"), "x", here=False) == (
        "swf-console up x_default --realtime --namespace demo --duration 9 --set 'a.b=two words'"
    )


def test_launch_form_input_or_choice_shows_own_keys(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    def line(form: LaunchForm, part: str) -> str:
        return str(form.query_one(f"#launch-{part}", Static).content)

    async def look(_app: HostApp, form: LaunchForm, pilot: Pilot[None]) -> None:
        form.rows.go_to("@duration")
        await pilot.press("enter")
        await until(pilot, lambda: form.input.has_focus)
        assert line(form, "help").startswith("duration: the run ends at this simulated second")
        assert "Esc cancel" in line(form, "hint")
        assert not form.query_one("#launch-keys").display
        await pilot.press("tab")
        assert form.input.has_focus
        await pilot.press("escape")
        form.rows.go_to("@configuration")
        await pilot.press("enter")
        await until(pilot, lambda: "for fast processing" in line(form, "help"))
        await pilot.press("escape")
        await until(pilot, lambda: line(form, "help").startswith("configuration: "))
        assert form.rows.has_focus
        assert form.query_one("#launch-keys").display

    drive(context, look)


def test_launch_form_long_verdict_scrolls_by_keys(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    async def look(_app: HostApp, form: LaunchForm, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: form.verdict.max_scroll_y > 0)
        await pilot.press("tab", "G")
        assert form.verdict.top == form.verdict.max_scroll_y

    drive(context, look)
