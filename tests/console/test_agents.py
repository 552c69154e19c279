"""The Agents screen with a supervisor in memory and a real database."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from swf_console.backend.database import agents
from swf_console.backend.database.records.agents import Heartbeat
from swf_console.backend.supervisor.base import DaemonState, Explanation, Orphan
from swf_console.screens.agents.screen import AgentsScreen
from swf_console.testing.fake_supervisor import MemorySupervisor
from swf_console.viewmodels.context import ConsoleContext
from swf_console.widgets.text.notice import Notice

from .hosts import Driver, HostApp, until

drive = Driver(AgentsScreen, lambda screen: bool(screen.listing.items))


def row(screen: AgentsScreen, name: str) -> list[str]:
    return next([cell.text for cell in item.cells] for item in screen.listing.items if item.key == name)


def beat(context: ConsoleContext, supervisor: MemorySupervisor, name: str, seconds_ago: float) -> None:
    """Let the agent of that process be heard of."""
    pid = next(one.pid for one in supervisor.processes() if one.name == name)
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    with context.database().write() as connection:
        agents.heartbeat(
            connection,
            Heartbeat(
                "data-agent-shifter-1",
                "data",
                "OK",
                at,
                pid=pid,
                hostname=context.settings.host,
                namespace="demo",
                total_stf_processed=1204,
            ),
        )


def test_agents_list_merges_supervisor_and_heartbeat(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    supervisor.start(["example-data-agent"])
    beat(context, supervisor, "example-data-agent", 7)

    async def look(_app: HostApp, screen: AgentsScreen, _pilot: Pilot[None]) -> None:
        cells = row(screen, "example-data-agent")
        assert cells[:3] == ["●", "example-data-agent", "RUNNING"]
        assert cells[3] in ("7s", "8s", "9s")
        assert cells[5] == "1,204"

    drive(context, look)


def test_agents_list_running_without_heartbeat_is_marked(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    supervisor.start(["example-data-agent"])
    beat(context, supervisor, "example-data-agent", 214)

    async def look(_app: HostApp, screen: AgentsScreen, _pilot: Pilot[None]) -> None:
        cells = row(screen, "example-data-agent")
        assert cells[0] == "▲"
        assert "running, but no heartbeat for 21" in cells[7]

    drive(context, look)


def test_agents_start_key_starts_agent_under_cursor(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    async def start(app: HostApp, screen: AgentsScreen, pilot: Pilot[None]) -> None:
        screen.listing.go_to("example-data-agent")
        await pilot.press("s")
        await until(pilot, lambda: row(screen, "example-data-agent")[2] == "RUNNING")
        assert app.calls.questions == ["Start example-data-agent?"]
        assert app.calls.commands == ["swf-console agents start example-data-agent"]
        assert app.calls.results == ["started"]

    drive(context, start)


def test_agents_start_question_enter_means_no(context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    async def refuse(app: HostApp, screen: AgentsScreen, pilot: Pilot[None]) -> None:
        screen.listing.go_to("example-data-agent")
        await pilot.press("s")
        assert app.calls.questions
        assert not app.calls.commands

    drive(context, refuse, answer=False)
    assert not supervisor.starts


def test_agents_stop_marked_lists_names_first(context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    supervisor.start(["example-data-agent", "slice-worker"])

    async def stop(app: HostApp, screen: AgentsScreen, pilot: Pilot[None]) -> None:
        for name in ("example-data-agent", "slice-worker"):
            screen.listing.go_to(name)
            await pilot.press("space")
        await pilot.press("x")
        await until(pilot, lambda: row(screen, "slice-worker")[2] == "STOPPED")
        assert [sorted(names) for names in app.calls.names] == [["example-data-agent", "slice-worker"]]
        assert not screen.listing.marked

    drive(context, stop)


def test_agents_end_orphans_lists_names_first(context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    async def end(app: HostApp, _screen: AgentsScreen, pilot: Pilot[None]) -> None:
        await pilot.press("X")
        await until(pilot, lambda: bool(app.calls.said))
        assert "no orphans" in app.calls.said[0]
        supervisor.outlived.append(Orphan("slice-worker:0", 4711, datetime.now(UTC)))
        await pilot.press("X")
        await until(pilot, lambda: bool(app.calls.results))
        assert app.calls.names == [["slice-worker:0 (PID 4711)"]]
        assert app.calls.results == ["ended slice-worker:0 (PID 4711)"]
        assert app.calls.commands == ["swf-console agents orphans --end"]

    drive(context, end)
    assert not supervisor.outlived


def test_agents_start_failed_shows_reason(context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    supervisor.broken["slice-worker"] = Explanation("exit 1 three times", "Look at its log")

    async def start(app: HostApp, screen: AgentsScreen, pilot: Pilot[None]) -> None:
        screen.listing.go_to("slice-worker")
        await pilot.press("s")
        await until(pilot, lambda: bool(app.calls.results))
        assert "exit 1 three times" in str(app.calls.results[0])
        screen.refresh_now()
        await until(pilot, lambda: row(screen, "slice-worker")[2] == "FATAL")
        assert "exit 1 three times" in row(screen, "slice-worker")[7]

    drive(context, start)


def test_agents_read_only_refuses_start(context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    async def start(app: HostApp, _screen: AgentsScreen, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        assert app.calls.said == ["read-only"]

    drive(context, start, read_only=True)
    assert not supervisor.starts


def test_agents_start_needed_starts_missing_agents(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    async def start(app: HostApp, screen: AgentsScreen, pilot: Pilot[None]) -> None:
        assert "needed by fast_processing_default" in screen.query_one(Notice).text
        await pilot.press("A")
        await until(pilot, lambda: not screen.query_one(Notice).text)
        (names,) = app.calls.names
        assert {"workflow-runner", "embedded-broker", "fast-processing-agent"} <= set(names)
        assert "example-processing-agent" not in names

    drive(context, start)


def test_agents_start_without_supervisord_starts_it(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    supervisor.state = DaemonState.ABSENT

    async def start(_app: HostApp, screen: AgentsScreen, pilot: Pilot[None]) -> None:
        assert "supervisord absent" in screen.query_one(Notice).text
        screen.listing.go_to("slice-worker")
        await pilot.press("s")
        await until(pilot, lambda: row(screen, "slice-worker")[2] == "RUNNING")

    drive(context, start)


def test_agents_log_follows_agent_under_cursor(
    context: ConsoleContext, supervisor: MemorySupervisor, tmp_path: Path
) -> None:
    log = tmp_path / "slice-worker.log"
    log.write_text("INFO ready\n\x1b[31mERROR [bold]no[/bold]\n")
    supervisor._processes["slice-worker"] = replace(supervisor._processes["slice-worker"], log_file=log)

    async def read(_app: HostApp, screen: AgentsScreen, pilot: Pilot[None]) -> None:
        screen.listing.go_to("slice-worker")
        await until(pilot, lambda: len(screen.log_pane.lines) == 2)
        assert "[bold]no[/bold]" in screen.log_pane.lines[1]
        assert "\x1b" not in screen.log_pane.lines[1]
        with log.open("a") as file:
            file.write("INFO more\n")
        await until(pilot, lambda: screen.log_pane.lines[-1:] == ["INFO more"])

    drive(context, read)


def test_agents_database_down_keeps_last_heartbeats(
    context: ConsoleContext, supervisor: MemorySupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from swf_console.backend.core.errors import DatabaseUnreachable

    supervisor.start(["example-data-agent"])
    beat(context, supervisor, "example-data-agent", 7)

    def gone() -> None:
        raise DatabaseUnreachable("it is gone", "Start it again")

    async def die(_app: HostApp, screen: AgentsScreen, pilot: Pilot[None]) -> None:
        monkeypatch.setattr(context, "database", gone)
        await until(pilot, lambda: "STALE" in screen.query_one(Notice).text)
        assert "it is gone. Start it again" in screen.query_one(Notice).text
        assert row(screen, "example-data-agent")[1] == "example-data-agent"

    drive(context, die)


def test_agents_supervisord_frozen_keeps_last_states_with_age(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    supervisor.start(["slice-worker"])

    async def freeze(_app: HostApp, screen: AgentsScreen, pilot: Pilot[None]) -> None:
        supervisor.state = DaemonState.FROZEN
        await until(pilot, lambda: "supervisord frozen, STALE" in screen.query_one(Notice).text)
        assert row(screen, "slice-worker")[0] == "·"
        assert row(screen, "slice-worker")[2] == "RUNNING"
        supervisor.state = DaemonState.RUNNING
        await until(pilot, lambda: row(screen, "slice-worker")[0] == "●")

    drive(context, freeze)


def test_agents_cpu_is_measured_between_two_reads() -> None:
    from swf_console.viewmodels.agents.monitor import CpuMeter

    meter = CpuMeter()
    assert meter.percent(os.getpid()) is None
    assert (meter.percent(os.getpid()) or 0) >= 0
    assert meter.percent(2**22 + 1) is None


def test_agents_all_sizes_show_list_and_log(context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    async def narrow(_app: HostApp, screen: AgentsScreen, _pilot: Pilot[None]) -> None:
        assert screen.log_pane.region.y > screen.listing.region.y

    async def wide(_app: HostApp, screen: AgentsScreen, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: screen.log_pane.region.y == screen.listing.region.y)
        assert screen.log_pane.region.x > screen.listing.region.x

    drive(context, narrow)
    drive(context, wide, size=(160, 50))
