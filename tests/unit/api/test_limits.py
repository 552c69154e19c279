"""Bodies that are too large, too deep or not JSON: one line, nothing written."""

import json

import pytest

from swf_console.api.limits import MAX_BYTES, MAX_LEVELS, too_deep
from tests.support.monitor import Monitor


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def event(data: str) -> bytes:
    return f'{{"run_number": 1, "event_type": "e", "state": "s", "event_data": {data}}}'.encode()


def test_body_over_one_mebibyte_is_413(monitor: Monitor) -> None:
    body = event(json.dumps("x" * MAX_BYTES))
    answer = monitor.ask("POST", "/api/system-state-events/", content=body)
    assert answer.status_code == 413
    assert len(answer.text.splitlines()) == 1
    assert monitor.get("/system-state-events/") == []


def test_body_of_one_mebibyte_is_accepted(monitor: Monitor) -> None:
    room = MAX_BYTES - len(event('""'))
    answer = monitor.ask("POST", "/api/system-state-events/", content=event(json.dumps("x" * room)))
    assert answer.status_code == 201


@pytest.mark.parametrize("levels", [MAX_LEVELS, 10_000, 200_000])
def test_body_nested_too_deeply_is_400(monitor: Monitor, levels: int) -> None:
    answer = monitor.ask("POST", "/api/system-state-events/", content=event(nested(levels)))
    assert answer.status_code == 400
    assert "nested" in answer.json()["detail"]
    assert monitor.get("/system-state-events/") == []


def test_too_deep_counts_levels_from_outermost() -> None:
    assert not too_deep(json.loads(nested(MAX_LEVELS)))
    assert too_deep(json.loads(nested(MAX_LEVELS + 1)))
    assert not too_deep({"a": [1, {"b": 2}], "c": "[" * 100})


@pytest.mark.parametrize(
    "body", [b"{", b"{'a': 1}", b"\xff\xfe", b"nonsense", b'{"a": NaN}', b'{"a": Infinity}', b"9" * 5000]
)
def test_body_invalid_json_is_400_in_one_line(monitor: Monitor, body: bytes) -> None:
    answer = monitor.ask("POST", "/api/runs/", content=body)
    assert answer.status_code == 400
    assert len(answer.text.splitlines()) == 1


def test_body_empty_is_empty_object(monitor: Monitor) -> None:
    assert "run_number" in monitor.post("/runs/", status=400)
    assert monitor.post("/state/next-workflow-execution-id/", status=200)["sequence"] == 1


def test_body_number_beyond_float_is_stored_as_null(monitor: Monitor) -> None:
    answer = monitor.ask("POST", "/api/system-state-events/", content=event("[1e999]"))
    assert answer.json()["event_data"] == [None]


def test_body_unstorable_text_is_replaced_or_refused(monitor: Monitor) -> None:
    answer = monitor.ask("POST", "/api/system-state-events/", content=event(r'"a\u0000b\ud800c"'))
    assert answer.json()["event_data"] == "a\ufffdb\ufffdc"
    worker = rb'{"worker_id": "a\u0000b", "run_number": 1}'
    assert monitor.ask("POST", "/api/workers/", content=worker).status_code == 400
    agent = rb'{"instance_name": "a", "agent_type": "t", "status": "OK", "description": "a\u0000b"}'
    answer = monitor.ask("POST", "/api/systemagents/heartbeat/", content=agent)
    assert answer.json()["description"] == "a\ufffdb"
