"""Stages of processing agents, as the existing testbed's agents report them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from swf_console.backend.database import stf_workflows
from swf_console.backend.database.records.processing import NewStfWorkflow
from tests.support.monitor import STF, Monitor, monitor_in

START = datetime(2026, 1, 1, tzinfo=UTC)
TASK = {
    "agent_name": "processing-agent-shifter-7",
    "agent_type": "processing",
    "task_type": "reconstruction",
    "input_filename": STF,
    "run_id": "100010",
    "status": "started",
    "started_at": "2026-01-01T00:00:00Z",
    "task_metadata": {"input_size_bytes": 5},
}


@pytest.fixture
def monitor_with_stf(tmp_path: Path) -> Iterator[Monitor]:
    new = NewStfWorkflow(
        filename=STF,
        namespace="epic",
        execution_id="x-1",
        run_id="100010",
        generated_time=START,
        stf_start_time=START,
        stf_end_time=START,
    )
    with monitor_in(tmp_path) as found:
        with found.database.write() as connection:
            stf_workflows.register(connection, [new])
        yield found


def test_workflow_stage_is_created_once_and_completed(monitor_with_stf: Monitor) -> None:
    first = monitor_with_stf.post("/workflow-stages/", TASK)
    assert (first["status"], first["stage_metadata"]) == ("started", {"input_size_bytes": 5})
    assert monitor_with_stf.post("/workflow-stages/", TASK, 200) == first
    done = {
        "status": "completed",
        "completed_at": "2026-01-01T00:00:09Z",
        "processing_time_seconds": 9.0,
        "output_metadata": {"success": True},
    }
    after = monitor_with_stf.patch(f"/workflow-stages/{first['stage_id']}/", done)
    assert (after["processing_time_seconds"], after["output_message"]) == (9.0, {"success": True})
    assert monitor_with_stf.get(f"/workflow-stages/{first['stage_id']}/") == after
    assert monitor_with_stf.get(f"/workflow-stages/?workflow={first['workflow']}&status=completed") == [after]


def test_workflow_stage_of_an_unknown_stf_is_refused(monitor_with_stf: Monitor) -> None:
    unknown = {**TASK, "input_filename": "swf.1.000001.stf"}
    assert monitor_with_stf.post("/workflow-stages/", unknown, 400) == {
        "workflow": ["This field is required."]
    }
    assert monitor_with_stf.get("/workflow-stages/") == []


def test_workflows_are_listed_and_read(monitor_with_stf: Monitor) -> None:
    (row,) = monitor_with_stf.get("/workflows/?filename=" + STF)
    assert (row["execution_id"], row["run_id"], row["current_status"]) == ("x-1", "100010", "generated")
    assert monitor_with_stf.get(f"/workflows/{row['workflow_id']}/") == row
    assert monitor_with_stf.get("/workflows/?namespace=other") == []
