"""Log lines: written by every program, read with a token."""

from pathlib import Path
from typing import Any

from tests.support.monitor import Monitor, monitor_in

TOKEN = {"headers": {"authorization": "Token secret"}}


def store(monitor: Monitor, message: str, level: str, number: int, app: str = "data-agent") -> None:
    line = {
        "app_name": app,
        "instance_name": f"{app}-7",
        "timestamp": f"2026-01-01T00:00:{number:02d}Z",
        "level": {"INFO": 20, "ERROR": 40}[level],
        "levelname": level,
        "message": message,
    }
    monitor.post("/logs/", line)


def test_logs_with_token_are_listed_newest_first(tmp_path: Path) -> None:
    with monitor_in(tmp_path, token="secret") as monitor:
        for number, level in enumerate(("INFO", "ERROR", "INFO")):
            store(monitor, f"line {number}", level, number)
        lines: list[dict[str, Any]] = monitor.get("/logs/", **TOKEN)
        assert [line["message"] for line in lines] == ["line 2", "line 1", "line 0"]
        assert [line["message"] for line in monitor.get("/logs/?levelname=ERROR", **TOKEN)] == ["line 1"]
        assert monitor.get("/logs/?limit=1", **TOKEN)["count"] == 3


def test_logs_summary_counts_levels_and_has_the_last_errors(tmp_path: Path) -> None:
    with monitor_in(tmp_path, token="secret") as monitor:
        for number in range(7):
            store(monitor, f"broken {number}", "ERROR", number)
        store(monitor, "fine", "INFO", 9)
        store(monitor, "fine", "INFO", 9, app="fastmon")
        summary = monitor.get("/logs/summary/", **TOKEN)
    assert summary["fastmon"]["fastmon-7"] == {"error_counts": {"INFO": 1}, "recent_errors": []}
    data = summary["data-agent"]["data-agent-7"]
    assert data["error_counts"] == {"ERROR": 7, "INFO": 1}
    assert [line["message"] for line in data["recent_errors"]] == [f"broken {n}" for n in (6, 5, 4, 3, 2)]


def test_logs_without_token_are_never_readable(tmp_path: Path) -> None:
    for token, status in (("secret", 401), (None, 403)):
        (tmp_path / str(token)).mkdir()
        with monitor_in(tmp_path / str(token), token=token) as monitor:
            for path in ("/api/logs/", "/api/logs", "/api/logs/summary/"):
                answer = monitor.ask("GET", path)
                assert (answer.status_code, list(answer.json())) == (status, ["detail"])
                assert monitor.ask("HEAD", path).status_code == status
