"""The Executions screen with a real database."""

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from swf_console.backend.core.settings import load_settings
from swf_console.backend.database import Database, executions, logs, runs
from swf_console.backend.database.connection.engine import server_time
from swf_console.backend.database.records.agents import LogEntry
from swf_console.backend.database.records.workflows import RunState
from swf_console.backend.services.executions.request import RunRequest
from swf_console.screens.base.document import Document
from swf_console.screens.base.execution_columns import EXECUTION_COLUMNS, ORDERS
from swf_console.screens.base.prompt import Prompt
from swf_console.screens.executions.compare import CompareView
from swf_console.screens.executions.detail import ExecutionDetailView
from swf_console.screens.executions.log import ExecutionLogView
from swf_console.screens.executions.preview import ExecutionPreview
from swf_console.screens.executions.replay import ReplayView
from swf_console.screens.executions.screen import ExecutionsScreen
from swf_console.viewmodels.context import ConsoleContext
from swf_console.widgets.table.paged_table import PagedTable
from swf_console.widgets.text.code import CodeLines
from swf_console.widgets.text.line import Line
from tests.console.hosts import HostApp, until
from tests.support.history import BEGAN, METRICS, add_execution, add_messages, add_states
from tests.support.homes import CHECKOUT

HOSTILE = "bad \x1b[31m[red]\u202e name"

Steps = Callable[[Pilot[None], ExecutionsScreen], Awaitable[None]]


def home(tmp_path: Path) -> ConsoleContext:
    (tmp_path / "workflows").mkdir(exist_ok=True)
    return ConsoleContext(load_settings({"HOME": str(tmp_path)}, home=tmp_path), "demo")


def use(context: ConsoleContext, steps: Steps, size: tuple[int, int] = (80, 24), **host: Any) -> HostApp:
    screen = ExecutionsScreen(context)
    app = HostApp(screen, **host)

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: screen.is_mounted and bool(screen.query("#list-table")))
            await until(pilot, lambda: screen.list.table.loaded)
            await steps(pilot, screen)

    asyncio.run(run())
    context.close()
    return app


def test_executions_list_orders_are_columns_and_database_orders() -> None:
    assert set(ORDERS) == set(executions.ORDERS)
    assert set(ORDERS) <= {column.key for column in EXECUTION_COLUMNS}


def lines_of(table: PagedTable) -> list[str]:
    return [table.render_line(y).text.rstrip() for y in range(table.size.height)]


def ids_of(screen: ExecutionsScreen) -> list[str]:
    return [row.key[-4:] for row in screen.list.table.shown]


def detail_of(screen: ExecutionsScreen) -> ExecutionDetailView:
    view = screen.stack.front
    assert isinstance(view, ExecutionDetailView)
    return view


async def open_detail(pilot: Pilot[None], screen: ExecutionsScreen) -> ExecutionDetailView:
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(screen.stack.front, ExecutionDetailView))
    view = detail_of(screen)
    await until(pilot, lambda: view.recorded is not None)
    return view


def running(database: Database, number: int = 1, namespace: str = "demo") -> str:
    with database.read() as connection:
        now = server_time(connection)
    return add_execution(
        database,
        number,
        status="running",
        namespace=namespace,
        owner="here:1:abc",
        lease_expires_at=now.replace(year=now.year + 1),
    )


def finish(database: Database, execution_id: str, status: str = "terminated") -> None:
    with database.write() as connection:
        executions.finish(connection, execution_id, status=status, end_time=datetime.now(UTC))


def test_executions_list_opened_shows_namespace_newest_first(tmp_path: Path) -> None:
    context = home(tmp_path)
    for number in range(1, 4):
        add_execution(
            context.database(), number, status=("completed", "failed")[number % 2], error="no disk\nat all"
        )
    add_execution(context.database(), 4, namespace="other")

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        table = screen.list.table
        assert ids_of(screen) == ["0003", "0002", "0001"]
        lines = lines_of(table)
        assert lines[0].split()[:5] == ["STATUS", "EXECUTION", "STARTED", "(UTC)▾", "TOOK"]
        assert lines[0].split()[5:] == ["STF"]
        assert lines[1].split()[-1] == "10"
        assert "✖ failed" in lines[1]
        assert "● completed" in lines[2]
        assert "30.0s" in lines[1]
        assert lines[-1] == "  1-3 of 3"
        assert "namespace=demo" in screen.query_one("#list-title", Line).text
        await pilot.press("escape")
        await until(pilot, lambda: ids_of(screen) == ["0004", "0003", "0002", "0001"])
        assert "all namespaces" in screen.query_one("#list-title", Line).text

    use(context, steps)


def test_executions_list_stf_count_running_is_counted_ended_is_stored(tmp_path: Path) -> None:
    context = home(tmp_path)
    database = context.database()
    add_execution(database, 1, metrics={**METRICS, "stf_count": 1234})
    add_execution(database, 2, status="failed", metrics={"reason": "failed"})
    add_execution(database, 3, metrics={"stf_count": "a lot"})
    add_messages(database, running(database, 4), 7)

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        counts = [row.cells[4].text for row in screen.list.table.shown]
        assert counts == ["7", "-", "-", "1,234"]
        add_messages(database, "stf_datataking-shifter-0004", 2)
        await until(pilot, lambda: screen.list.table.shown[0].cells[4].text == "9")

    use(context, steps)


def test_execution_log_merges_agent_records_and_log_files(tmp_path: Path) -> None:
    context = home(tmp_path)
    database = context.database()
    identity = add_execution(database)
    entry = LogEntry("data", "data-agent-shifter-1", BEGAN, 30, "WARNING", "slow [red] disk")
    with database.write() as connection:
        logs.insert(
            connection,
            [
                replace(entry, timestamp=BEGAN + timedelta(minutes=1), extra_data={"execution_id": identity}),
                replace(entry, timestamp=BEGAN + timedelta(minutes=1), message="of another"),
            ],
        )
    line = {
        "time": "2026-01-31T12:01:05+00:00",
        "level": "ERROR",
        "message": "no beam",
        "exception": "Why\n1",
    }
    lines = [{**line, "execution_id": identity}, {**line, "execution_id": "other", "message": "not it"}, "x"]
    text = "\n".join(json.dumps(each) for each in lines)
    (context.settings.logs_dir / "runs.log").write_text(f"{text}\n\xff{identity}")

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        view = await open_detail(pilot, screen)
        while view.section != "log":
            await pilot.press("right")
        shown = view.query_one(ExecutionLogView)
        await until(pilot, lambda: "no beam" in shown.text)
        assert shown.text.splitlines() == [
            " 12:01:00.000 WARNING  data-agent-shifter-1  slow [red] disk",
            " 12:01:05.000 ERROR    runs  no beam",
            "     Why",
            "     1",
        ]

    use(context, steps)


def test_executions_list_new_execution_appears_and_cursor_stays(tmp_path: Path) -> None:
    context = home(tmp_path)
    for number in range(1, 4):
        add_execution(context.database(), number)

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("j")
        row = screen.list.table.row
        assert row is not None
        add_execution(context.database(), 9)
        await until(pilot, lambda: ids_of(screen)[0] == "0009", timeout=20)
        assert screen.list.table.row == row

    use(context, steps)


def test_executions_list_filter_typed_applies_and_shows_errors(tmp_path: Path) -> None:
    context = home(tmp_path)
    for number in range(1, 7):
        add_execution(context.database(), number, status=("completed", "failed")[number % 2])

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("slash")
        field = screen.query_one(Input)
        assert field.has_focus
        field.value = ""
        await pilot.press(*"status=fai")
        await until(pilot, lambda: ids_of(screen) == ["0005", "0003", "0001"])
        await pilot.press(*" names")
        await pilot.pause()
        assert ids_of(screen) == ["0005", "0003", "0001"]
        field.value = "status=fai nonsens=1"
        word = screen.query_one("#prompt-note", Static)
        await until(pilot, lambda: "unknown field" in str(word.content))
        assert ids_of(screen) == ["0005", "0003", "0001"]
        await pilot.press("enter")
        await pilot.pause()
        assert screen.query_one(Prompt).is_open
        field.value = "status=failed stf_datataking-shifter-0003"
        await pilot.press("enter")
        await until(pilot, lambda: ids_of(screen) == ["0003"])
        assert screen.list.table.has_focus
        assert screen.copy_text("command") == "swf-console executions show stf_datataking-shifter-0003"
        assert screen.list.command.endswith("--status failed --prefix stf_datataking-shifter-0003")
        await pilot.press("slash")
        assert field.value == "status=failed stf_datataking-shifter-0003 "
        await pilot.press("backspace", *"zzz")
        await until(pilot, lambda: ids_of(screen) == [])
        assert "No executions match" in "\n".join(lines_of(screen.list.table))
        await pilot.press("escape")
        await until(pilot, lambda: ids_of(screen) == ["0003"])

    use(context, steps)


def test_executions_list_empty_shows_how_to_run(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        assert "Esc clears the filter" in "\n".join(lines_of(screen.list.table))
        await pilot.press("escape")
        await until(pilot, lambda: "R runs a workflow" in "\n".join(lines_of(screen.list.table)))
        for key in ("x", "r", "c", "e", "p", "enter", "space", "o", "O"):
            await pilot.press(key)
        await pilot.pause()

    app = use(home(tmp_path), steps)
    assert len(app.calls.said) == 5
    assert app.calls.commands == []


def test_executions_list_order_keys_change_and_reverse_order(tmp_path: Path) -> None:
    context = home(tmp_path)
    for number in range(1, 4):
        add_execution(context.database(), number, executed_by=f"user-{4 - number}")

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("O")
        await until(pilot, lambda: ids_of(screen) == ["0001", "0002", "0003"])
        assert "STARTED (UTC)▴" in lines_of(screen.list.table)[0]
        await pilot.press("o", "o", "o")
        await until(pilot, lambda: ids_of(screen) == ["0003", "0002", "0001"])
        assert "by user" in screen.query_one("#list-title", Line).text

    use(context, steps, size=(118, 24))


SOURCE = {"commit": "a" * 40, "path": "w.py", "url": "https://github.com/o/r/blob/a/w.py", "dirty": True}
PROVENANCE = {"stf_processing.stf_count": {"origin": "x.toml", "line": 7, "replaced": []}}


def add_broken_run(database: Database) -> tuple[str, list[str]]:
    """An execution that failed after 120 messages, and the ids of these."""
    execution = add_execution(
        database,
        1,
        status="failed",
        error=f"{HOSTILE} broke",
        trace="Traceback\n  line 1",
        execution_environment={"host": "alpha", "provenance": PROVENANCE, "source": SOURCE},
    )
    add_states(database, execution, count=3)
    return execution, add_messages(database, execution, 120)


def use_detail(
    context: ConsoleContext,
    steps: Callable[[Pilot[None], ExecutionsScreen, ExecutionDetailView], Awaitable[None]],
) -> None:
    """Take the steps in the view that Enter opens of the first execution."""

    async def opened(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await steps(pilot, screen, await open_detail(pilot, screen))

    use(context, opened, size=(100, 40))


async def section_lines(pilot: Pilot[None], view: ExecutionDetailView, section: str) -> list[str]:
    """What the table of a section shows."""
    view.go_to(section)
    table = view.query_one(f"#detail-{section}", PagedTable)
    await until(pilot, lambda: table.loaded and table.size.height > 0)
    return lines_of(table)


def test_execution_detail_enter_shows_result(tmp_path: Path) -> None:
    context = home(tmp_path)
    add_broken_run(context.database())

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen, view: ExecutionDetailView) -> None:
        text = str(view.query_one("#summary-text", Static).content)
        assert "✖ failed" in text
        assert "10 of 10" in text
        assert "120: stf_gen 120" in text

    use_detail(context, steps)


def test_execution_detail_error_message_is_sanitized(tmp_path: Path) -> None:
    context = home(tmp_path)
    add_broken_run(context.database())

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen, view: ExecutionDetailView) -> None:
        text = str(view.query_one("#summary-text", Static).content)
        assert "[red]" in text
        assert "\x1b" not in text

    use_detail(context, steps)


def test_execution_summary_uncommitted_source_is_linked_and_marked(tmp_path: Path) -> None:
    context = home(tmp_path)
    add_broken_run(context.database())

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen, view: ExecutionDetailView) -> None:
        content = view.query_one("#summary-text", Static).content
        assert "uncommitted changes" in str(content)
        links = [getattr(span.style, "link", None) for span in content.spans]  # type: ignore[union-attr]
        assert [link for link in links if link] == [SOURCE["url"]]

    use_detail(context, steps)


def test_execution_detail_section_key_cycles_and_focuses(tmp_path: Path) -> None:
    context = home(tmp_path)
    add_broken_run(context.database())
    seen = []

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen, view: ExecutionDetailView) -> None:
        for _ in range(8):
            table = view.query(f"#detail-{view.section}").first()
            if isinstance(table, PagedTable):
                seen.append(view.section)
                assert table.has_focus
            await pilot.press("right")
        assert view.section == "summary"
        await pilot.press("left")
        assert view.section == "trace"

    use_detail(context, steps)
    assert seen == ["parameters", "states", "messages", "metrics", "environment"]


def test_execution_detail_sections_show_their_rows(tmp_path: Path) -> None:
    context = home(tmp_path)
    add_broken_run(context.database())

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen, view: ExecutionDetailView) -> None:
        seen = {
            section: await section_lines(pilot, view, section)
            for section in ("parameters", "states", "messages", "metrics", "environment")
        }
        assert any("stf_count" in line and "x.toml:7" in line for line in seen["parameters"])
        assert any("beam/ready" in line and "1.00s" in line for line in seen["states"])
        assert seen["messages"][-1].endswith("of 120")
        assert any("run_number" in line and "100010" in line for line in seen["metrics"])
        assert not any("provenance" in line for line in seen["environment"])
        view.go_to("trace")
        assert "Traceback\n  line 1" in view.query_one(CodeLines).text

    use_detail(context, steps)


def test_execution_detail_copy_json_returns_document(tmp_path: Path) -> None:
    context = home(tmp_path)
    execution, _ = add_broken_run(context.database())

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen, view: ExecutionDetailView) -> None:
        assert json.loads(screen.copy_text("json") or "")["execution_id"] == execution

    use_detail(context, steps)


def test_execution_detail_message_opened_escape_returns_step_by_step(tmp_path: Path) -> None:
    context = home(tmp_path)
    _, ids = add_broken_run(context.database())

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen, view: ExecutionDetailView) -> None:
        view.go_to("messages")
        await pilot.press("G")
        table = view.query_one("#detail-messages", PagedTable)
        await until(pilot, lambda: table.row is not None and table.row.key == ids[-1])
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(screen.stack.front, Document))
        await until(pilot, lambda: '"sequence": 120' in (screen.copy_text("row") or ""))
        await pilot.press("escape")
        assert detail_of(screen) is view
        await pilot.press("escape")
        assert screen.stack.views == [screen.list]
        assert screen.list.table.has_focus

    use_detail(context, steps)


def test_executions_search_finds_text_in_list_and_section(tmp_path: Path) -> None:
    context = home(tmp_path)
    for number in range(1, 5):
        add_execution(context.database(), number, executed_by="ann" if number == 2 else "bob")

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("F", *"ann", "enter")
        await until(
            pilot, lambda: screen.list.table.row is not None and screen.list.table.row.key.endswith("0002")
        )
        view = await open_detail(pilot, screen)
        await pilot.press("F")
        assert not view.query_one(Prompt).is_open
        view.go_to("parameters")
        table = view.query_one("#detail-parameters", PagedTable)
        await until(pilot, lambda: len(table.shown) > 1)
        await pilot.press("F", *"COUNT", "enter")
        await until(pilot, lambda: table.row is not None and table.row.key == "stf_processing.stf_count")
        await until(pilot, lambda: table.has_focus)
        await pilot.press("F", "x", "escape")
        assert table.has_focus
        assert detail_of(screen) is view

    use(context, steps)


def test_execution_summary_fast_processing_shows_slices_and_workers(tmp_path: Path) -> None:
    context = home(tmp_path)
    execution = add_execution(context.database(), 1)
    state = RunState(100010, "physics", "run", "physics", 30, datetime.now(UTC))
    with context.database().write() as connection:
        runs.upsert_run_state(connection, state)

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        view = await open_detail(pilot, screen)
        assert "workers        0 of 30" in str(view.query_one("#summary-text", Static).content)
        assert screen.execution_id == execution

    use(context, steps)


def test_execution_detail_type_key_filters_messages(tmp_path: Path) -> None:
    context = home(tmp_path)
    execution = add_execution(context.database(), 1)
    add_messages(context.database(), execution, 5)
    add_messages(context.database(), execution, 2, kind="run_imminent")

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        view = await open_detail(pilot, screen)
        view.go_to("messages")
        table = view.query_one("#detail-messages", PagedTable)
        await until(pilot, lambda: len(table.shown) == 7)
        await pilot.press("t")
        await until(pilot, lambda: len(table.shown) == 2)
        assert "run_imminent" in view.query_one("#detail-sections", Line).text
        await pilot.press("t")
        await until(pilot, lambda: len(table.shown) == 5)
        await pilot.press("t")
        await until(pilot, lambda: len(table.shown) == 7)

    use(context, steps)


def test_execution_detail_running_refreshes_until_end(tmp_path: Path) -> None:
    context = home(tmp_path)
    execution = running(context.database())

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        view = await open_detail(pilot, screen)
        assert "running" in str(view.query_one("#summary-text", Static).content)
        finish(context.database(), execution, "completed")
        await until(pilot, lambda: "● completed" in view.query_one("#detail-title", Line).text, timeout=20)

    use(context, steps)


def test_executions_stop_running_asks_and_stops(tmp_path: Path) -> None:
    context = home(tmp_path)
    execution = running(context.database())

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("x")
        await until(pilot, lambda: "stopping" in lines_of(screen.list.table)[1], timeout=20)
        finish(context.database(), execution)
        await until(pilot, lambda: bool(app_of(screen).calls.results))
        await until(pilot, lambda: "terminated" in lines_of(screen.list.table)[1], timeout=20)

    app = use(context, steps)
    assert app.calls.questions == [f"Stop {execution}?"]
    assert app.calls.names == []
    assert app.calls.commands == [f"executions stop {execution}"]
    assert str(app.calls.results[0]).startswith("terminated after")


def app_of(screen: ExecutionsScreen) -> HostApp:
    app = screen.app
    assert isinstance(app, HostApp)
    return app


def test_executions_stop_other_namespace_asks_in_dialog(tmp_path: Path) -> None:
    context = home(tmp_path)
    execution = running(context.database(), namespace="theirs")

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("escape")
        await until(pilot, lambda: ids_of(screen) == ["0001"])
        await pilot.press("x")

    app = use(context, steps, answer=False)
    assert app.calls.questions == ["Stop an execution in another namespace: theirs?"]
    assert app.calls.names == [[execution]]
    assert app.calls.commands == []


def test_executions_stop_ended_is_refused(tmp_path: Path) -> None:
    context = home(tmp_path)
    add_execution(context.database(), 1)

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("x")

    app = use(context, steps)
    assert app.calls.said == ["stf_datataking-shifter-0001 is not running (status: completed)"]
    assert app.calls.questions == []


@dataclass
class Runs:
    """What is executed here, without executing it."""

    requests: list[RunRequest] = field(default_factory=list)

    def start(self, request: RunRequest) -> str:
        self.requests.append(request)
        return "stf_datataking-shifter-0001"


def test_executions_rerun_question_lists_differences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(CHECKOUT / "workflows", tmp_path / "workflows")
    context = home(tmp_path)
    runs = Runs()
    monkeypatch.setattr(ConsoleContext, "local_executions", runs)
    execution = add_execution(context.database(), 1, namespace="theirs")

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("escape")
        await until(pilot, lambda: ids_of(screen) == ["0001"])
        await pilot.press("r")
        await until(pilot, lambda: isinstance(screen.stack.front, ExecutionDetailView))

    app = use(context, steps)
    assert app.calls.questions[0].startswith(f"Run {execution} again in demo? Different: the code of")
    assert app.calls.commands == [f"executions rerun {execution} --namespace demo"]
    assert runs.requests[0].namespace == "demo"
    assert runs.requests[0].workflow == "stf_datataking"


def test_executions_rerun_impossible_shows_reason(tmp_path: Path) -> None:
    context = home(tmp_path)
    add_execution(context.database(), 1)

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("r")
        await until(pilot, lambda: bool(app_of(screen).calls.said))

    app = use(context, steps)
    assert "stf_datataking" in app.calls.said[0]
    assert app.calls.questions == []


def test_executions_read_only_refuses_changes(tmp_path: Path) -> None:
    context = home(tmp_path)
    running(context.database())

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("x", "r")

    app = use(context, steps, read_only=True)
    assert app.calls.said == ["stop: refused, read-only", "run again: refused, read-only"]
    assert app.calls.questions == []


def test_executions_compare_two_marked_shows_differences(tmp_path: Path) -> None:
    context = home(tmp_path)
    add_execution(context.database(), 1)
    add_execution(context.database(), 2, metrics={**METRICS, "stf_count": 11}, executed_by="other")

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("c")
        await pilot.press("space", "space", "c")
        await until(pilot, lambda: isinstance(screen.stack.front, CompareView))
        table = screen.stack.front.query_one("#compare-table", PagedTable)
        await until(pilot, lambda: len(table.shown) >= 2)
        shown = "\n".join(lines_of(table))
        assert "stf_count" in shown
        assert "executed_by" in shown
        command = "swf-console executions diff stf_datataking-shifter-0002 stf_datataking-shifter-0001"
        assert screen.copy_text("command") == command
        await pilot.press("x", "r", "p", "c")
        await pilot.press("escape")
        assert screen.stack.front is screen.list
        await pilot.press("escape")
        assert screen.list.table.marked == {}

    app = use(context, steps)
    assert app.calls.said == [
        "mark two executions with space, then press c (0 marked)",
        *(f"no execution to {what}" for what in ("stop", "run again", "replay")),
    ]


def test_executions_wide_screen_shows_preview(tmp_path: Path) -> None:
    context = home(tmp_path)
    for number in range(1, 4):
        add_execution(context.database(), number, executed_by=f"user-{number}")

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        preview = screen.query_one(ExecutionPreview)
        text = preview.query_one("#preview-text", Static)
        await until(pilot, lambda: "user-3" in str(text.content))
        assert preview.region.x > 80
        await pilot.press("j", "j")
        await until(pilot, lambda: "user-1" in str(text.content))
        await pilot.press("enter")
        await until(pilot, lambda: not preview.display or not preview.region)
        await pilot.press("escape")
        await until(pilot, lambda: bool(preview.region))
        screen.list.show("namespace=nobody")
        await until(pilot, lambda: str(text.content) == "")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: not preview.region)

    use(context, steps, size=(160, 50))


def test_executions_export_writes_json_to_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = home(tmp_path)
    execution = add_execution(context.database(), 1)
    add_messages(context.database(), execution, 3)
    monkeypatch.chdir(tmp_path)

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("e")
        await until(pilot, lambda: bool(app_of(screen).calls.results))

    app = use(context, steps)
    document = json.loads((tmp_path / f"{execution}.json").read_text())
    assert len(document["messages"]) == 3
    assert "3 messages" in str(app.calls.results[0])
    assert app.calls.commands == [f"export {execution} --output {execution}.json"]


def test_replay_keys_change_position_and_speed(tmp_path: Path) -> None:
    context = home(tmp_path)
    execution = add_execution(context.database(), 1)
    add_states(context.database(), execution, count=5)

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("p")
        await until(pilot, lambda: isinstance(screen.stack.front, ReplayView))
        view = screen.stack.front
        assert isinstance(view, ReplayView)
        now = view.query_one("#replay-now", Line)
        await until(pilot, lambda: "event 1 of 5" in now.text)
        await pilot.press("right", "right")
        await until(pilot, lambda: "event 3 of 5" in now.text)
        await pilot.press("left")
        await until(pilot, lambda: "event 2 of 5" in now.text)
        await pilot.press("plus", "plus", "plus", "space")
        assert "playing at 8 x" in now.text
        await until(pilot, lambda: "ended" in now.text and "event 5 of 5" in now.text)
        await pilot.press("minus", "home")
        await until(pilot, lambda: "paused at 4 x" in now.text)
        await pilot.press("escape")
        assert screen.stack.front is screen.list

    use(context, steps)


def test_replay_without_state_changes_shows_message(tmp_path: Path) -> None:
    context = home(tmp_path)
    add_execution(context.database(), 1, metrics={})

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        await pilot.press("p")
        await until(pilot, lambda: bool(app_of(screen).calls.said))

    assert "no state changes" in use(context, steps).calls.said[0]


def test_executions_recall_restores_state_and_opens_execution(
    tmp_path: Path,
) -> None:
    context = home(tmp_path)
    for number in range(1, 4):
        add_execution(context.database(), number)

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        screen.recall({"filter": "stf_datataking-shifter-0002", "order_by": "id", "descending": False})
        await until(pilot, lambda: ids_of(screen) == ["0002"])
        assert screen.remember() == {
            "columns": [column.key for column in EXECUTION_COLUMNS],
            "filter": "stf_datataking-shifter-0002",
            "order_by": "id",
            "descending": False,
        }
        screen.recall({"filter": "nonsense=1", "execution": "stf_datataking-shifter-0003"})
        await until(pilot, lambda: isinstance(screen.stack.front, ExecutionDetailView))
        view = detail_of(screen)
        await until(pilot, lambda: view.recorded is not None)
        assert screen.list.filter == "stf_datataking-shifter-0002"

    use(context, steps)


def test_executions_database_down_keeps_rows_and_shows_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = home(tmp_path)
    add_execution(context.database(), 1)
    from swf_console.backend.core.errors import DatabaseUnreachable

    async def steps(pilot: Pilot[None], screen: ExecutionsScreen) -> None:
        def gone() -> Database:
            raise DatabaseUnreachable("the database cannot be reached", "Is it running?")

        monkeypatch.setattr(context, "database", gone)
        await until(pilot, lambda: "STALE" in lines_of(screen.list.table)[-1], timeout=20)
        assert "the database cannot be reached. Is it running?" in lines_of(screen.list.table)[-1]
        assert ids_of(screen) == ["0001"]
        await pilot.press("enter")
        await until(pilot, lambda: "NOT READ YET" in screen.stack.front.query_one("#detail-title", Line).text)
        await pilot.press("escape")
        monkeypatch.undo()
        await until(pilot, lambda: "STALE" not in lines_of(screen.list.table)[-1], timeout=20)

    use(context, steps, size=(118, 24))
