"""The Overview screen: verdict, running executions, recent changes."""

from datetime import UTC, datetime, timedelta

import pytest
from textual.pilot import Pilot

from swf_console.backend.core.errors import DatabaseUnreachable
from swf_console.backend.services.executions.request import RunRequest
from swf_console.backend.supervisor.base import DaemonState, Explanation
from swf_console.screens.overview.screen import OverviewScreen
from swf_console.testing.fake_supervisor import MemorySupervisor
from swf_console.viewmodels.context import ConsoleContext
from swf_console.widgets.state_strip import PassedState, state_parts
from swf_console.widgets.text.notice import Notice

from ..support.history import add_execution, add_messages, add_states
from .hosts import Driver, HostApp, until

REALTIME = RunRequest(configuration="stf_datataking_default", namespace="demo", realtime=True).with_override(
    "stf_processing.stf_count", "500"
)
drive = Driver(OverviewScreen, lambda screen: screen.snapshot is not None)


def test_overview_idle_home_shows_ok_and_advice(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    async def look(_app: HostApp, screen: OverviewScreen, _pilot: Pilot[None]) -> None:
        assert "Idle." in screen.verdict
        assert "6 agents that" in screen.verdict
        assert not screen.listing.items

    drive(context, look)


def test_overview_failed_agent_shows_alarm_verdict(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    supervisor.broken["slice-worker"] = Explanation("exit 1 three times")
    supervisor.start(["slice-worker"])

    async def look(_app: HostApp, screen: OverviewScreen, _pilot: Pilot[None]) -> None:
        assert "slice-worker failed" in screen.verdict

    drive(context, look)


def test_overview_supervisord_not_answering_shows_alarm_verdict(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    supervisor.state = DaemonState.FROZEN

    async def look(_app: HostApp, screen: OverviewScreen, _pilot: Pilot[None]) -> None:
        assert "supervisord is frozen" in screen.verdict

    drive(context, look)


def test_overview_running_execution_shows_states_and_pipeline(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    database = context.database()
    identity = add_execution(database, status="running")
    add_messages(database, identity, 1, kind="run_imminent")
    add_messages(database, identity, 4)
    add_messages(database, identity, 3, kind="stf_ready")
    add_states(database, identity)

    async def look(app: HostApp, screen: OverviewScreen, pilot: Pilot[None]) -> None:
        (item,) = screen.listing.items
        assert item.key == identity
        assert item.cells[4].text == "4 of 10"
        assert "run 100010" in screen.detail.text
        assert "beam/ready" in screen.detail.text
        assert "stf_gen 4" in screen.detail.text
        assert "stf_ready 3 (-1)" in screen.detail.text
        await pilot.press("enter")
        await until(pilot, lambda: app.calls.opened == [("executions", {"execution": identity})])

    drive(context, look)


def test_overview_stop_key_stops_local_run(context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    identity = context.local_executions.start(REALTIME)

    async def stop(app: HostApp, screen: OverviewScreen, pilot: Pilot[None]) -> None:
        assert "realtime, in this console" in screen.detail.text
        assert "1 execution running" in screen.verdict or "needed" in screen.verdict
        await pilot.press("x")
        await until(pilot, lambda: not screen.listing.items, timeout=20)
        assert app.calls.questions == [f"Stop {identity}?"]
        assert app.calls.commands == [f"executions stop {identity}"]
        texts = [item.cells[2].text for item in screen.changes.items]
        assert any(text.startswith(f"{identity} terminated") for text in texts)
        assert f"{identity} started by shifter" in texts

    drive(context, stop)


def test_overview_stop_other_namespace_asks_in_dialog(
    context: ConsoleContext, supervisor: MemorySupervisor
) -> None:
    execution = add_execution(context.database(), namespace="theirs", status="running")
    context.namespace = None

    async def stop(app: HostApp, screen: OverviewScreen, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: bool(screen.listing.items))
        await pilot.press("x")
        assert app.calls.questions == ["Stop an execution in another namespace: theirs?"]
        assert app.calls.names == [[execution]]
        assert app.calls.commands == []

    drive(context, stop, answer=False)


def test_overview_database_down_dims_last_data(
    context: ConsoleContext, supervisor: MemorySupervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_execution(context.database(), status="running")

    def gone() -> None:
        raise DatabaseUnreachable("it is gone", "Start it again")

    async def die(_app: HostApp, screen: OverviewScreen, pilot: Pilot[None]) -> None:
        assert screen.listing.items
        monkeypatch.setattr(context, "database", gone)
        await until(pilot, lambda: screen.listing.stale)
        assert "running executions are unknown" in screen.verdict
        assert "it is gone. Start it again" in screen.query_one(Notice).text
        assert screen.listing.items

    drive(context, die)


def test_overview_expired_execution_is_closed(context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    past = datetime.now(UTC) - timedelta(minutes=5)
    add_execution(context.database(), status="running", owner="other:1:x", lease_expires_at=past)

    async def look(_app: HostApp, screen: OverviewScreen, _pilot: Pilot[None]) -> None:
        assert not screen.listing.items
        assert any(
            "process 1 on other stopped responding" in item.cells[2].text for item in screen.changes.items
        )

    drive(context, look)


def test_overview_all_sizes_show_all_parts(context: ConsoleContext, supervisor: MemorySupervisor) -> None:
    async def wide(_app: HostApp, screen: OverviewScreen, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: screen.changes.region.x > screen.listing.region.x)

    async def narrow(_app: HostApp, screen: OverviewScreen, _pilot: Pilot[None]) -> None:
        assert screen.changes.region.y > screen.detail.region.y
        assert screen.changes.size.height >= 3

    drive(context, wide, size=(160, 50))
    drive(context, narrow)


def test_state_strip_narrow_leaves_out_earliest_states() -> None:
    passed = [
        PassedState("no_beam", "not_ready"),
        PassedState("beam", "ready"),
        PassedState("run", "physics"),
    ]
    assert (
        "".join(text for text, _ in state_parts(passed, 60))
        == "no_beam/not_ready → beam/ready → ▶run/physics"
    )
    assert "".join(text for text, _ in state_parts(passed, 30)) == "… beam/ready → ▶run/physics"
    assert "".join(text for text, _ in state_parts([], 30)) == ""
