"""The parts of the base agent: who it is, what it knows of executions, how it shows itself."""

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from swf_console.backend.agent.db_log_handler import DatabaseLogHandler
from swf_console.backend.agent.execution_cache import ExecutionCache, MonitorUnreachable
from swf_console.backend.agent.executor import BoundedExecutor
from swf_console.backend.agent.heartbeat import AgentHeartbeat
from swf_console.backend.agent.identity import IdentityFile
from swf_console.backend.agent.inflight import InFlightMessages
from swf_console.backend.agent.message import BadMessage, ExecutionView, Message
from swf_console.backend.core.errors import Refused
from swf_console.backend.core.settings import Settings
from swf_console.backend.database import agents, logs
from swf_console.backend.database.records.agents import Heartbeat, LogFilter
from swf_console.backend.messaging.message import read
from tests.support.agents import EXECUTION, AgentStage
from tests.support.waiting import wait_for


def message(**content: Any) -> Message:
    return Message(read({}, json.dumps(content)), ExecutionView())


@pytest.mark.parametrize("value", [7, 7.0, "7", "007"])
def test_message_integer_in_any_notation_is_read(value: object) -> None:
    assert message(sequence=value).integer("sequence") == 7


@pytest.mark.parametrize("value", [None, True, "", "7.5", 7.5, -1, 2**63, 10**400, "²", [], {}])
def test_message_integer_invalid_raises_bad_message(value: object) -> None:
    with pytest.raises(BadMessage, match="sequence"):
        message(sequence=value).integer("sequence")


@pytest.mark.parametrize("value", [None, True, "1", float("nan"), float("inf"), []])
def test_message_number_invalid_raises_bad_message(value: object) -> None:
    with pytest.raises(BadMessage, match="share"):
        message(share=value).number("share")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-01-02T03:04:05+01:00", datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)),
        ("2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ],
)
def test_message_time_is_utc(said: str, meant: datetime) -> None:
    assert message(timestamp=said).time == meant


@pytest.mark.parametrize("said", [None, 7, "yesterday", "2026-13-01"])
def test_message_time_invalid_is_the_time_of_arrival(said: object) -> None:
    made = message(timestamp=said)
    assert made.time == made.incoming.received_at


def test_identity_file_is_per_database_and_locked_once(stage: AgentStage) -> None:
    file = IdentityFile(stage.settings, "data", "a.b")
    file.hold()
    made = file.mark_known("one", file.create("one", "data-agent-alice-1"), "broker:1", ["/topic/epictopic"])
    file.create("two", "data-agent-alice-7")
    with pytest.raises(Refused, match="is already running"):
        IdentityFile(stage.settings, "data", "a.b").hold()
    file.release()
    again = IdentityFile(stage.settings, "data", "a.b")
    again.hold()
    assert again.load("one") == made
    assert (made.known_to, made.topics) == (("broker:1",), ("/topic/epictopic",))
    assert again.load("other") is None
    assert IdentityFile(stage.settings, "data", "a_b").load("one") is None
    again.release()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"db": 7}', '{"db": {"name": "a"}}'])
def test_identity_file_unreadable_is_rewritten(stage: AgentStage, text: str) -> None:
    file = IdentityFile(stage.settings, "data", "demo")
    file.create("db", "data-agent-alice-1")
    (path,) = (stage.settings.state_dir / "agents").glob("*.json")
    path.write_text(text)
    assert file.load("db") is None


def test_execution_cache_merges_parameters_like_the_workflow(stage: AgentStage) -> None:
    stage.record_execution(
        {
            "workflow": {"name": "stf_datataking", "version": "1.0"},
            "fast_processing": {"stf_interval": 1.0, "slices_per_sample": 15},
            "daq_state_machine": {"stf_interval": 2.0, "standby_duration": 5.0},
        }
    )
    records = ExecutionCache(stage.database, stage.settings)
    view = records.view(EXECUTION)
    assert view.parameters == {"stf_interval": 1.0, "slices_per_sample": 15, "standby_duration": 5.0}
    assert records.view(EXECUTION) is view
    assert not records.view(None).parameters
    assert not records.view("unknown").parameters


def test_execution_cache_merges_sections_in_the_stored_order(stage: AgentStage) -> None:
    order = ["daq_state_machine", "zebra", "apple"]
    stage.record_execution(
        {
            "workflow": {"name": "stf_datataking", "sections": order},
            "apple": {"stf_count": 3},
            "zebra": {"stf_count": 2},
            "daq_state_machine": {"stf_count": 1},
        }
    )
    assert ExecutionCache(stage.database, stage.settings).view(EXECUTION).parameters == {"stf_count": 3}


class Monitor(BaseHTTPRequestHandler):
    """A monitor with one execution."""

    asked: ClassVar[list[tuple[str, str | None]]] = []
    answer: ClassVar[tuple[int, bytes]] = (200, b"{}")

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Authorization"]))
        status, body = self.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def monitor(status: int, body: bytes) -> Iterator[str]:
    Monitor.asked.clear()
    Monitor.answer = (status, body)
    with HTTPServer(("127.0.0.1", 0), Monitor) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def remote(stage: AgentStage, url: str) -> ExecutionCache:
    known = stage.settings
    settings = Settings(known.home, known.state_dir, "alice", "host", "", monitor_url=url, api_token="t0p")
    return ExecutionCache(stage.database, settings)


def test_execution_cache_unknown_execution_is_requested_from_the_monitor(stage: AgentStage) -> None:
    told = {"parameter_values": {"fast_processing": {"slices_per_sample": 3}}, "status": "running"}
    with monitor(200, json.dumps(told).encode()) as url:
        records = remote(stage, url)
        for _ in range(2):
            assert records.view("a b/1").parameters == {"slices_per_sample": 3}
    assert Monitor.asked == [("/api/workflow-executions/a%20b%2F1/", "Token t0p")]


def test_execution_cache_execution_unknown_everywhere_has_no_parameters(stage: AgentStage) -> None:
    with monitor(404, b'{"detail": "Not found."}') as url:
        assert not remote(stage, url).view("unknown").parameters


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b""),
        (401, b"{}"),
        (302, b""),
        (200, b""),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"parameter_values": 7}'),
    ],
)
def test_execution_cache_monitor_error_is_unreachable(stage: AgentStage, status: int, body: bytes) -> None:
    with monitor(status, body) as url, pytest.raises(MonitorUnreachable):
        remote(stage, url).view("one")


def test_execution_cache_monitor_missing_is_unreachable(stage: AgentStage) -> None:
    with monitor(200, b"") as url:
        pass
    with pytest.raises(MonitorUnreachable, match="SWF_MONITOR_URL"):
        remote(stage, url).view("one")


class Heart:
    """A heartbeat with switches."""

    def __init__(self, stage: AgentStage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("swf_console.backend.agent.heartbeat.WORKING_SECONDS", 0.02)
        self._stage = stage
        self.busy = False
        self.told: list[str] = []
        self.heartbeat = AgentHeartbeat(stage.database, self._describe, lambda: self.busy)

    def _describe(self, state: str) -> Heartbeat:
        if not self.told or self.told[-1] != state:
            self.told.append(state)
        return Heartbeat("data-agent-alice-1", "data", "OK", datetime.now(UTC), state)

    def shown(self) -> str | None:
        with self._stage.database.read() as connection:
            agent = agents.get(connection, "data-agent-alice-1")
        return agent.operational_state if agent else None


def test_heartbeat_every_state_change_is_written(stage: AgentStage, monkeypatch: pytest.MonkeyPatch) -> None:
    heart = Heart(stage, monkeypatch)
    heart.heartbeat.start()
    wait_for(lambda: heart.shown() == "STARTING")
    heart.heartbeat.ready()
    wait_for(lambda: heart.shown() == "READY")
    heart.busy = True
    heart.heartbeat.working()
    wait_for(lambda: heart.shown() == "PROCESSING")
    heart.busy = False
    wait_for(lambda: heart.shown() == "READY")
    heart.heartbeat.close(5)
    assert heart.shown() == "EXITED"
    assert heart.told == ["STARTING", "READY", "PROCESSING", "READY", "EXITED"]


def test_heartbeat_without_change_is_periodic(stage: AgentStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("swf_console.backend.agent.heartbeat.HEARTBEAT_SECONDS", 0.01)
    beats: list[str] = []
    heartbeat = AgentHeartbeat(
        stage.database,
        lambda state: (
            beats.append(state) or Heartbeat("a", "data", "OK", datetime.now(UTC), state)  # type: ignore[func-returns-value]
        ),
        lambda: False,
    )
    heartbeat.start()
    wait_for(lambda: len(beats) > 3)
    heartbeat.close(5)


def test_db_log_handler_writes_batches_without_waiting(stage: AgentStage) -> None:
    lines = DatabaseLogHandler(stage.database, "data-agent", "data-agent-alice-1")
    logger = logging.getLogger("swf_console.agents.test_lines")
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    try:
        with stage.database.write():
            for number in range(1200):
                logger.info("line %d\0", number, extra={"execution_id": EXECUTION})
    finally:
        logger.removeHandler(lines)
        lines.finish(10)
    with stage.database.read() as connection:
        page = logs.page(connection, LogFilter(app_name="data-agent"), limit=2000)
    assert len(page.items) == 1200
    assert page.items[0].extra_data == {"execution_id": EXECUTION}
    assert lines.dropped == 0


def test_bounded_executor_full_blocks_submit() -> None:
    closing, gate, done = threading.Event(), threading.Event(), []
    pool = BoundedExecutor(1, closing)

    def call() -> None:
        gate.wait(10)
        done.append(1)

    assert pool.submit(call)
    assert pool.submit(call)
    closing.set()
    assert not pool.submit(call)
    gate.set()
    assert pool.close(5)
    assert done == [1]


def test_in_flight_message_last_release_acknowledges_it() -> None:
    tasks = InFlightMessages()
    incoming = read({"message-id": "1"}, "{}")
    task = tasks.add(incoming, None)
    assert task is not None
    assert tasks.add(incoming, None) is None
    assert tasks.await_receipts(task, ["a", "b"]) == {"a", "b"}
    assert tasks.await_receipts(task, ["a"]) == set()
    tasks.release(task)
    tasks.confirm(["a"])
    assert len(tasks) == 1
    tasks.confirm(["b"])
    assert len(tasks) == 0
    assert tasks.add(incoming, None) is None
    assert tasks.await_receipts(None, ["a", "c"]) == {"c"}
