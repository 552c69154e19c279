"""Conventions of every endpoint: status codes, lists, fields, methods, paths."""

from datetime import datetime

import pytest

from tests.support.monitor import Monitor

RUN = {"run_number": 100010, "start_time": "2026-01-01T00:00:00Z"}


def test_create_repeated_answers_200_with_same_row(monitor: Monitor) -> None:
    first = monitor.post("/runs/", RUN, 201)
    assert monitor.post("/runs/", {**RUN, "start_time": "2027-01-01T00:00:00Z"}, 200) == first


def test_paths_with_and_without_slash_do_not_redirect(monitor: Monitor) -> None:
    for path in ("/api/runs/", "/api/runs", "/healthz", "/healthz/"):
        assert monitor.ask("GET", path).status_code == 200


def test_list_with_limit_is_page_else_array(monitor: Monitor) -> None:
    for number in range(100010, 100015):
        monitor.post("/runs/", {**RUN, "run_number": number})
    assert [run["run_number"] for run in monitor.get("/runs/")] == [100014, 100013, 100012, 100011, 100010]
    page = monitor.get("/runs/?limit=2&offset=2")
    assert page["count"] == 5
    assert [run["run_number"] for run in page["results"]] == [100012, 100011]
    assert "offset=4" in page["next"]
    assert "offset=0" in page["previous"]
    last = monitor.ask("GET", page["next"]).json()
    assert last["next"] is None
    assert [run["run_number"] for run in last["results"]] == [100010]


def test_body_unknown_keys_are_ignored_and_numeric_strings_converted(monitor: Monitor) -> None:
    row = monitor.post("/runs/", {**RUN, "run_number": "100017", "colour": "green"})
    assert row["run_number"] == 100017
    assert "colour" not in row


def test_body_time_without_zone_is_local(monitor: Monitor) -> None:
    row = monitor.post("/runs/", {**RUN, "start_time": "2026-07-01T12:00:00.250000"})
    local = datetime(2026, 7, 1, 12, 0, 0, 250000).astimezone()
    assert datetime.fromisoformat(row["start_time"]) == local
    assert row["start_time"].endswith("Z")


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"start_time": "2026-01-01T00:00:00Z"}, "run_number"),
        ({**RUN, "run_number": "many"}, "run_number"),
        ({**RUN, "run_number": True}, "run_number"),
        ({**RUN, "run_number": 2**40}, "run_number"),
        ({**RUN, "run_number": None}, "run_number"),
        ({**RUN, "start_time": "yesterday"}, "start_time"),
        ({**RUN, "start_time": 5}, "start_time"),
        ([RUN], "non_field_errors"),
        ("text", "non_field_errors"),
    ],
)
def test_body_invalid_field_is_reported_and_nothing_written(
    monitor: Monitor, document: object, field: str
) -> None:
    problems = monitor.post("/runs/", document, 400)
    assert list(problems) == [field]
    assert all(isinstance(text, str) for text in problems[field])
    assert monitor.get("/runs/") == []


def test_body_several_problems_are_reported_together(monitor: Monitor) -> None:
    assert set(monitor.post("/workflow-definitions/", {}, 400)) == {
        "workflow_name",
        "version",
        "definition",
        "created_by",
    }


def test_query_invalid_number_is_reported_by_field(monitor: Monitor) -> None:
    for path in ("/runs/?limit=0", "/runs/?limit=x", "/runs/?offset=-1", "/run-states/?run_number=x"):
        answer = monitor.ask("GET", f"/api{path}")
        assert answer.status_code == 400
        assert next(iter(answer.json())) in path


def test_query_empty_or_unknown_value_is_ignored(monitor: Monitor) -> None:
    monitor.post("/runs/", RUN)
    assert len(monitor.get("/runs/?run_number=&colour=green")) == 1


def test_patch_metadata_is_merged_by_key(monitor: Monitor) -> None:
    monitor.post("/run-states/", {"run_number": 1, "metadata": {"a": 1, "b": {"c": 2}}})
    monitor.patch("/run-states/1/", {"metadata": {"b": {"d": 3}, "e": None}})
    assert monitor.get("/run-states/1/")["metadata"] == {"a": 1, "b": {"d": 3}, "e": None}


def test_paths_unknown_is_404_and_wrong_method_405(monitor: Monitor) -> None:
    assert monitor.ask("GET", "/api/nothing/").json() == {"detail": "Not Found"}
    answer = monitor.ask("DELETE", "/api/workflow-definitions/1/")
    assert answer.status_code == 405
    assert "detail" in answer.json()
    for method in ("PUT", "PATCH", "DELETE"):
        assert monitor.ask(method, "/api/workflow-definitions/").status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/workflow-executions/nothing.of.that.name/",
        "/run-states/7/",
        "/runs/7/",
        "/tf-slices/7/",
        "/stf-files/00000000-0000-0000-0000-000000000000/",
        "/stf-files/swf.100010.000001.stf/",
        "/fastmon-files/7/",
        "/workers/w.1/",
        "/workflow-definitions/7/",
    ],
)
def test_get_unknown_id_is_400(monitor: Monitor, path: str) -> None:
    answer = monitor.ask("GET", f"/api{path}")
    assert answer.status_code == 400
    assert answer.json()


def test_answers_are_ascii_json_without_caching(monitor: Monitor) -> None:
    monitor.post("/workers/", {"worker_id": "w<script>é", "run_number": 1})
    answer = monitor.ask("GET", "/api/workers/")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.content.isascii()
    assert answer.json()[0]["worker_id"] == "w<script>é"


def test_json_column_bare_value_is_unchanged(monitor: Monitor) -> None:
    for value in (0, 1.5, "0", "text", [1], True):
        event = {"run_number": 1, "event_type": "e", "state": "s", "event_data": value}
        assert monitor.post("/system-state-events/", event)["event_data"] == value
    assert {repr(row["event_data"]) for row in monitor.get("/system-state-events/")} == {
        "0",
        "1.5",
        "'0'",
        "'text'",
        "[1]",
        "True",
    }


@pytest.mark.parametrize("key", ["%0A", "%0A//", "%00", "%20", "%E2%80%AE%0A"])
@pytest.mark.parametrize("path", ["workflow-executions", "workers", "tf-slices", "runs", "stf-files"])
def test_paths_invalid_key_is_one_line_error(monitor: Monitor, path: str, key: str) -> None:
    for method in ("GET", "PATCH"):
        answer = monitor.ask(method, f"/api/{path}/{key}/", json={})
        assert answer.status_code in (400, 404, 405), answer.text
        assert len(answer.text.splitlines()) == 1


def test_query_unknown_parameter_is_ignored_with_a_warning(monitor: Monitor) -> None:
    answer = monitor.ask("GET", "/api/runs/?run_numbr=1&a%22%0d%0ab=2&limit=5")
    assert answer.status_code == 200
    assert answer.headers["warning"] == '299 - "unknown query parameter ignored: run_numbr, a???b"'
    assert "warning" not in monitor.ask("GET", "/api/runs/?run_number=1&limit=5&offset=0").headers
