"""Slices as agents report them: one row each, counted in their run."""

from typing import Any

import pytest

from swf_console.backend.database import slices
from tests.support.monitor import SAMPLE, STF, Monitor, new_slice

OTHER = "swf.100010.000001_tf_002.tf"


@pytest.fixture(autouse=True)
def run_with_samples(monitor: Monitor) -> None:
    """A run with two samples; the counter that was sent is wrong."""
    monitor.register_sample()
    monitor.post("/fastmon-files/", {"stf_file": STF, "tf_filename": OTHER})
    monitor.post("/run-states/", {"run_number": 100010, "slices_created": 77})


def result_of(tf_filename: str, slice_id: int, **more: Any) -> dict[str, Any]:
    inner = {"tf_filename": tf_filename, "slice_id": slice_id, "processed": True, "state": "done"}
    return {
        "status": "completed",
        "processed_at": "2026-01-01T01:00:00Z",
        "metadata": {"worker_hostname": "node-1", "panda_id": None, "result": {"result": inner}},
        **more,
    }


def counters(monitor: Monitor) -> dict[str, int]:
    """As the interface computes them; what is stored must be the same."""
    state = monitor.get("/run-states/100010/")
    names = [name for name in state if name.startswith("slices_") or name == "stf_samples_received"]
    with monitor.database.read() as connection:
        from swf_console.backend.database import runs

        stored = runs.run_state(connection, 100010)
    assert {name: getattr(stored, name) for name in names} == {name: state[name] for name in names}
    return {name: state[name] for name in names if state[name]}


def test_create_slice_finds_sample_by_name_or_id(monitor: Monitor) -> None:
    by_slice = monitor.post("/tf-slices/", new_slice(0))
    by_sample = monitor.post("/tf-slices/", new_slice(1, fastmon_file=SAMPLE, tf_filename=SAMPLE))
    sample = by_slice["fastmon_file_id"]
    by_id = monitor.post("/tf-slices/", new_slice(2, fastmon_file=sample, tf_filename=None))
    assert {row["fastmon_file_id"] for row in (by_slice, by_sample, by_id)} == {sample}
    assert [row["fastmon_file"] for row in monitor.get("/tf-slices/")] == [SAMPLE] * 3
    assert by_id["tf_filename"] == "swf.100010.000001_tf_001_slice_002.tf"


@pytest.mark.parametrize(
    "parent",
    [
        {"tf_filename": None},
        {"tf_filename": "unknown_slice_000.tf"},
        {"tf_filename": None, "fastmon_file": "unknown.tf"},
        {"fastmon_file": "00000000-0000-0000-0000-000000000000", "tf_filename": None},
    ],
)
def test_create_slice_unknown_sample_is_refused(monitor: Monitor, parent: dict[str, Any]) -> None:
    assert list(monitor.post("/tf-slices/", new_slice(0, **parent), 400)) == ["fastmon_file"]
    assert monitor.get("/tf-slices/") == []


def test_create_slice_repeated_returns_same_row(monitor: Monitor) -> None:
    first = monitor.post("/tf-slices/", new_slice(0))
    assert monitor.post("/tf-slices/", new_slice(0, status="failed"), 200) == first
    assert counters(monitor) == {"slices_created": 1, "slices_queued": 1, "stf_samples_received": 1}


def test_run_state_counters_equal_slices(monitor: Monitor) -> None:
    made = [monitor.post("/tf-slices/", new_slice(number)) for number in range(4)]
    monitor.post("/tf-slices/", new_slice(0, tf_filename="swf.100010.000001_tf_002_slice_000.tf"))
    monitor.patch(f"/tf-slices/{made[0]['id']}/", {"status": "processing"})
    monitor.patch(f"/tf-slices/{made[1]['id']}/", {"status": "done"})
    monitor.patch(f"/tf-slices/{made[2]['id']}/", {"status": "failed", "retries": "2"})
    monitor.patch("/run-states/100010/", {"slices_created": 4000, "stf_samples_received": 9})
    assert counters(monitor) == {
        "slices_created": 5,
        "slices_queued": 2,
        "slices_processing": 1,
        "slices_completed": 1,
        "slices_failed": 1,
        "stf_samples_received": 2,
    }


def test_run_state_created_after_slices_counts_them(monitor: Monitor) -> None:
    monitor.post("/tf-slices/", new_slice(0, run_number=100020))
    assert monitor.post("/run-states/", {"run_number": "100020"})["slices_created"] == 1


def test_change_slice_result_applies_to_named_slice(monitor: Monitor) -> None:
    ours = monitor.post("/tf-slices/", new_slice(3))
    theirs = monitor.post("/tf-slices/", new_slice(3, tf_filename="swf.100010.000001_tf_002_slice_003.tf"))
    named = monitor.patch(f"/tf-slices/{ours['id']}/", result_of(theirs["tf_filename"], 3))
    assert named["id"] == theirs["id"]
    rows = {row["id"]: row for row in monitor.get("/tf-slices/?run_number=100010&slice_id=3")}
    assert rows[ours["id"]]["status"] == "queued"
    assert rows[theirs["id"]]["status"] == "completed"
    assert rows[theirs["id"]]["completed_at"] == "2026-01-01T01:00:00Z"
    assert rows[theirs["id"]]["assigned_worker"] == "node-1"
    assert rows[theirs["id"]]["metadata"]["created_by"] == "agent"


def test_change_slice_repeated_result_changes_nothing(monitor: Monitor) -> None:
    made = monitor.post("/tf-slices/", new_slice(0))
    patch = result_of(made["tf_filename"], 0)
    first = monitor.patch(f"/tf-slices/{made['id']}/", patch)
    again = monitor.patch(f"/tf-slices/{made['id']}/", patch)
    assert {**first, "updated_at": None} == {**again, "updated_at": None}
    assert counters(monitor)["slices_completed"] == 1


def test_change_slice_result_of_unknown_slice_is_refused(monitor: Monitor) -> None:
    made = monitor.post("/tf-slices/", new_slice(0))
    monitor.patch(f"/tf-slices/{made['id']}/", result_of("unknown_slice_000.tf", 0), 400)
    assert monitor.get("/tf-slices/")[0]["status"] == "queued"


@pytest.mark.parametrize(
    "result",
    [None, 5, {"result": None}, {"result": {"slice_id": 3}}, {"result": {"tf_filename": 3, "slice_id": 3}}],
)
def test_change_slice_result_without_slice_applies_to_path(monitor: Monitor, result: object) -> None:
    made = monitor.post("/tf-slices/", new_slice(0))
    patch = {"status": "failed", "metadata": {"result": result, "worker_hostname": 7}}
    assert monitor.patch(f"/tf-slices/{made['id']}/", patch)["status"] == "failed"


def test_create_slices_bulk_is_atomic(monitor: Monitor) -> None:
    many = [new_slice(number) for number in range(700)]
    monitor.post("/tf-slices/", new_slice(5))
    rows = monitor.post("/tf-slices/", many)
    assert [row["slice_id"] for row in rows] == list(range(700))
    assert monitor.post("/tf-slices/", many, 200) == rows
    assert counters(monitor)["slices_created"] == 700
    problems = monitor.post("/tf-slices/", [new_slice(800), {"slice_id": "x"}], 400)
    assert "1.slice_id" in problems
    assert "1.fastmon_file" in monitor.post(
        "/tf-slices/", [new_slice(800), new_slice(801, tf_filename="x_slice_001.tf")], 400
    )
    assert counters(monitor)["slices_created"] == 700
    assert monitor.post("/tf-slices/", [], 400)


def test_create_slices_duplicate_key_is_one_row(monitor: Monitor) -> None:
    rows = monitor.post("/tf-slices/", [new_slice(0), new_slice(0, status="failed")])
    assert rows[0] == rows[1]
    assert rows[0]["status"] == "queued"
    assert counters(monitor)["slices_created"] == 1


def test_list_slices_is_bare_array_and_filtered(monitor: Monitor) -> None:
    for number in range(3):
        monitor.post("/tf-slices/", new_slice(number))
    first = monitor.get("/tf-slices/?run_number=100010&limit=2")
    assert [row["slice_id"] for row in first] == [0, 1]
    monitor.patch(f"/tf-slices/{first[0]['id']}/", {"status": "done", "assigned_worker": "w"})
    assert [row["slice_id"] for row in monitor.get("/tf-slices/?status=completed")] == [0]
    assert [row["slice_id"] for row in monitor.get("/tf-slices/?status=done&assigned_worker=w")] == [0]
    named = monitor.get("/tf-slices/?tf_filename=swf.100010.000001_tf_001_slice_002.tf")
    assert [(row["slice_id"], row["tf_filename"]) for row in named] == [
        (2, "swf.100010.000001_tf_001_slice_002.tf")
    ]
    assert {row["tf_filename"] for row in monitor.get(f"/tf-slices/?tf_filename={SAMPLE}")} == {SAMPLE}
    assert monitor.get("/tf-slices/?run_number=100011") == []


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("a_tf_001_slice_007.tf", ("a_tf_001.tf", 7)),
        ("a_slice_12", ("a", 12)),
        ("a_slice_.tf", ("a_slice_.tf", None)),
        ("a_slice_1_slice_2.tf", ("a_slice_1.tf", 2)),
        ("a.tf", ("a.tf", None)),
    ],
)
def test_sample_of_slice_name_returns_sample_and_slice_id(name: str, sample: tuple[str, int | None]) -> None:
    assert slices.sample_of(name) == sample


def test_create_slice_repeated_with_other_run_stays_counted(monitor: Monitor) -> None:
    monitor.post("/tf-slices/", new_slice(0))
    monitor.post("/tf-slices/", new_slice(0, run_number=100011), 200)
    assert counters(monitor)["slices_created"] == 1


def test_slices_are_filtered_by_the_monitors_own_names(monitor: Monitor) -> None:
    row = monitor.post("/tf-slices/", new_slice(0))
    for query in (
        f"id={row['id']}",
        f"fastmon_file__tf_filename={SAMPLE}",
        f"fastmon_file__stf_file__stf_filename={STF}",
    ):
        assert [one["id"] for one in monitor.get(f"/tf-slices/?{query}")] == [row["id"]]
    for query in ("id=999", "fastmon_file__tf_filename=x", "fastmon_file__stf_file__stf_filename=x"):
        assert monitor.get(f"/tf-slices/?{query}") == []
