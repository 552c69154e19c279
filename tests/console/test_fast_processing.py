"""The Fast processing screen: forecast, other numbers of workers, slices and workers of a run."""

import uuid
from datetime import UTC, datetime

import pytest
from textual.pilot import Pilot

from swf_console.backend.core.errors import DatabaseUnreachable
from swf_console.backend.database import Database, runs, workers
from swf_console.backend.database.records.workflows import RunState
from swf_console.backend.database.tables.workflows import run_states
from swf_console.backend.services.configurations import path_of_testbed
from swf_console.screens.fast_processing.rows import forecast_lines
from swf_console.screens.fast_processing.screen import FastProcessingScreen
from swf_console.viewmodels.context import ConsoleContext

from ..support.history import add_execution, add_messages
from .hosts import Driver, HostApp, until

drive = Driver(FastProcessingScreen, lambda screen: screen.snapshot is not None)


def add_run(database: Database, *, made: int = 30, done: int = 12) -> str:
    """A run with slices and a worker."""
    identity = add_execution(database, status="running")
    add_messages(database, identity, 1, kind="run_imminent")
    now = datetime.now(UTC)
    with database.write() as connection:
        runs.upsert_run_state(
            connection,
            RunState(100010, "physics", "run", "physics", target_worker_count=30, state_changed_at=now),
        )
        counted = {"slices_created": made, "slices_completed": done, "active_worker_count": 1}
        connection.execute(run_states.update().values(**counted, slices_queued=made - done - 1))
        workers.rows.ensure(
            connection,
            {
                "worker_id": f"worker-{uuid.uuid4().hex[:4]}[b]",
                "run_number": 100010,
                "panda_job": "1",
                "location": "here",
                "status": "processing",
                "current_slice_id": 7,
                "slices_completed": done,
                "last_heartbeat": now,
                "started_at": now,
            },
        )
    return identity


def test_fast_processing_opened_shows_forecast(context: ConsoleContext) -> None:
    async def look(_app: HostApp, screen: FastProcessingScreen, _pilot: Pilot[None]) -> None:
        text = screen.forecast.text
        assert "PREDICTED for fast_processing_default" in text
        assert "0.375 slices/s" in text
        assert "38% ● keeps up" in text
        assert "No run with slices in this namespace yet" in screen.run_view.text
        assert not screen.listing.items

    drive(context, look)


def test_fast_processing_worker_keys_change_forecast(context: ConsoleContext) -> None:
    async def ask(_app: HostApp, screen: FastProcessingScreen, pilot: Pilot[None]) -> None:
        await pilot.press("plus")
        await until(pilot, lambda: "with 33 workers" in screen.forecast.text)
        assert "with 33 workers" in screen.forecast.text
        await pilot.press("minus")
        await until(pilot, lambda: "with 30 workers" in screen.forecast.text)
        assert screen.copy_text("command") == "swf-console plan fast_processing_default --workers 30"
        await pilot.press("equals_sign")
        await until(pilot, lambda: "what if" not in screen.forecast.text)

    drive(context, ask)


def test_fast_processing_newest_run_shows_slices_and_workers(context: ConsoleContext) -> None:
    identity = add_run(context.database())

    async def look(_app: HostApp, screen: FastProcessingScreen, _pilot: Pilot[None]) -> None:
        text = screen.run_view.text
        assert f"ACTUAL: {identity}, run 100010" in text
        assert "12 of 30" in text
        assert "17 queued" in text
        assert "1 of 30 active" in text
        (item,) = screen.listing.items
        assert item.cells[1].text.endswith("[b]")
        assert [cell.text for cell in item.cells[2:5]] == ["processing", "7", "12"]

    drive(context, look)


def test_fast_processing_run_of_other_namespace_is_not_shown(context: ConsoleContext) -> None:
    add_run(context.database())
    context.namespace = "other"

    async def look(_app: HostApp, screen: FastProcessingScreen, _pilot: Pilot[None]) -> None:
        assert "No run with slices in this namespace yet" in screen.run_view.text

    drive(context, look)


def test_fast_processing_database_down_dims_run_only(
    context: ConsoleContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_run(context.database())

    def gone() -> None:
        raise DatabaseUnreachable("it is gone", "Start it again")

    async def die(_app: HostApp, screen: FastProcessingScreen, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: bool(screen.listing.items))
        monkeypatch.setattr(context, "database", gone)
        await until(pilot, lambda: screen.listing.stale)
        assert "12 of 30" in screen.run_view.text
        assert screen.listing.items
        assert not screen.forecast.stale

    drive(context, die)


def test_fast_processing_database_down_from_start_claims_no_absence_of_runs(
    context: ConsoleContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise DatabaseUnreachable("it is gone", "Start it again")

    monkeypatch.setattr(context, "database", gone)

    async def look(_app: HostApp, screen: FastProcessingScreen, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: screen.listing.stale)
        assert "Not known: no answer from the database yet" in screen.run_view.text

    drive(context, look)


def test_fast_processing_changed_file_updates_forecast(context: ConsoleContext) -> None:
    async def change(_app: HostApp, screen: FastProcessingScreen, pilot: Pilot[None]) -> None:
        file = path_of_testbed(context.settings)
        file.write_text(file.read_text() + "\n[fast_processing]\ntarget_worker_count = 3\n")
        await until(pilot, lambda: "falls behind" in screen.forecast.text)

    drive(context, change, size=(160, 50))


def test_fast_processing_without_configuration_shows_advice() -> None:
    (line,) = forecast_lines(None, "", 80)
    assert "Set workflow.config" in line[0][0]
