"""The monitor process: whole runs of agents, concurrent clients, its broker, database outages."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from swf_console.backend.database import messages, open_database, runs, slices
from swf_console.backend.database.records.pages import Window
from swf_console.backend.messaging.connection import StompConnection
from swf_console.backend.messaging.embedded import find_running
from swf_console.backend.messaging.message import make
from tests.support.monitor import new_slice
from tests.support.postgresql import PostgreSQL
from tests.support.processes.monitor import MonitorProcess, RetryingClient
from tests.support.waiting import wait_for

EPICTOPIC = "/topic/epictopic"
SLICES = 15


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def monitor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MonitorProcess]:
    url = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else None
    found = MonitorProcess(tmp_path, url).start()
    yield found
    found.end()


@pytest.fixture
def sqlite_monitor(tmp_path: Path) -> Iterator[MonitorProcess]:
    found = MonitorProcess(tmp_path).start()
    yield found
    found.end()


def database_of(monitor: MonitorProcess) -> Any:
    return open_database(
        monitor.environment.get("SWF_DATABASE_URL") or f"sqlite:///{monitor.state_dir / 'swf.db'}"
    )


def fast_processing_run(ask: RetryingClient, run: int, slices: int = SLICES) -> None:
    """What the agents of a fast-processing run report, from the first message to the last result."""
    definition = {"workflow_name": "w", "version": "1", "definition": "code", "created_by": "me"}
    pk = ask("POST", "/workflow-definitions/", definition)["id"]
    execution = {"execution_id": f"w-me-{run}", "workflow_definition": pk, "executed_by": "me"}
    ask("POST", "/workflow-executions/", {**execution, "status": "running", "parameter_values": {"a": 1}})
    run_id = ask("POST", "/runs/", {"run_number": str(run), "start_time": "2026-01-01T00:00:00"})["run_id"]
    started = {"run_number": str(run), "phase": "imminent", "state": "beam", "target_worker_count": "4"}
    ask("POST", "/run-states/", {**started, "slices_created": 9, "metadata": {"agent": "fp"}})
    assert ask("GET", f"/workflow-executions/w-me-{run}/")["parameter_values"] == {"a": 1}
    base = f"swf.{run}.000001"
    ask("POST", "/stf-files/", {"run": run_id, "stf_filename": f"{base}.stf", "machine_state": "physics"})
    for sample in ("001", "002"):
        tf = f"{base}_tf_{sample}.tf"
        ask("POST", "/fastmon-files/", {"stf_file": f"{base}.stf", "tf_filename": tf, "tf_count": 10})
        for number in range(slices):
            name = f"{base}_tf_{sample}_slice_{number:03d}.tf"
            ask("POST", "/tf-slices/", new_slice(number, run_number=run, tf_filename=name))
    event = {
        "timestamp": "2026-01-01T00:00:00.1",
        "run_number": run,
        "event_type": "start_run",
        "state": "run",
    }
    ask("POST", "/system-state-events/", event)
    for sample in ("002", "001"):
        for number in range(slices):
            _report(ask, run, f"{base}_tf_{sample}_slice_{number:03d}.tf", number)
    ask("PATCH", f"/run-states/{run}/", {"phase": "completed", "slices_completed": 0, "metadata": {"b": 2}})
    ask("PATCH", f"/workflow-executions/w-me-{run}/", {"status": "completed"})


def _report(ask: RetryingClient, run: int, name: str, number: int) -> None:
    """As a result agent does: it looks the slice up by its number alone, which finds another's."""
    first = ask("GET", f"/tf-slices/?run_number={run}&slice_id={number}")[0]
    result = {"tf_filename": name, "slice_id": number, "state": "done"}
    metadata = {"worker_hostname": f"node-{number}", "result": {"result": result}}
    done = {"status": "failed" if number == 3 else "completed", "processed_at": "2026-01-01T00:00:05"}
    ask("PATCH", f"/tf-slices/{first['id']}/", {**done, "metadata": metadata})


def test_monitor_retrying_clients_leave_exact_rows(monitor: MonitorProcess) -> None:
    ask = RetryingClient(monitor.url)
    fast_processing_run(ask, 100_010)
    ask.close()
    database = database_of(monitor)
    with database.read() as connection:
        stored = slices.rows.listed(connection, {"run_number": 100_010}, Window(1000)).items
        state = runs.run_state(connection, 100_010)
        events = runs.events(connection, 100_010).items
    database.close()
    assert len(stored) == 2 * SLICES
    assert {row.assigned_worker for row in stored} == {f"node-{number}" for number in range(SLICES)}
    assert Counter(row.status for row in stored) == {"completed": 2 * SLICES - 2, "failed": 2}
    assert all((row.metadata or {})["created_by"] == "agent" and row.completed_at for row in stored)
    assert all((row.metadata or {})["result"]["result"]["slice_id"] == row.slice_id for row in stored)
    assert state is not None
    assert state.metadata == {"agent": "fp", "b": 2}
    assert (state.slices_created, state.slices_queued, state.slices_processing) == (2 * SLICES, 0, 0)
    assert (state.slices_completed, state.slices_failed) == (2 * SLICES - 2, 2)
    assert (state.stf_samples_received, len(events)) == (2, 1)


def test_monitor_concurrent_creates_make_each_row_once(monitor: MonitorProcess) -> None:
    def run(seed: int) -> None:
        ask = RetryingClient(monitor.url, seed)
        fast_processing_run(ask, 100_010, 5)
        ask.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(8)))
    http = httpx.Client(base_url=f"{monitor.url}/api", timeout=30)
    assert len(http.get("/tf-slices/").json()) == 10
    assert len(http.get("/runs/").json()) == 1
    assert len(http.get("/system-state-events/").json()) == 1
    state = http.get("/run-states/100010/").json()
    assert (state["slices_created"], state["slices_completed"], state["slices_failed"]) == (10, 8, 2)
    numbers = [http.post("/state/next-run-number/").json()["run_number"] for _ in range(3)]
    assert numbers == [100_010, 100_011, 100_012]
    http.close()


class StreamFollower:
    """A client of the live stream."""

    def __init__(self, url: str, last: str | None = None, query: str = "") -> None:
        self._stack = ExitStack()
        http = self._stack.enter_context(httpx.Client(timeout=30))
        headers = {"Last-Event-ID": last} if last else {}
        stream = http.stream("GET", f"{url}/api/messages/stream/?{query}", headers=headers)
        self._lines = self._stack.enter_context(stream).iter_lines()
        assert self.next()["event"] == "connected"

    def next(self) -> dict[str, Any]:
        """The next event: id, event, data."""
        event: dict[str, Any] = {}
        for line in self._lines:
            if not line:
                break
            name, _, text = line.partition(": ")
            event[name] = json.loads(text) if name == "data" else text
        return event

    def numbers(self, count: int) -> list[int]:
        """The numbers of the next messages."""
        return [int(self.next()["data"]["number"]) for _ in range(count)]

    def close(self) -> None:
        """Go."""
        self._stack.close()


def send(monitor: MonitorProcess, numbers: range) -> None:
    broker = find_running(monitor.state_dir)
    assert broker is not None
    connection = StompConnection(lambda: broker)
    connection.start()
    session = connection.wait_up(10)
    content = {"msg_type": "stf_gen", "namespace": "epic", "sender": "daq", "run_id": "100010"}
    connection.send(session, [make(EPICTOPIC, {**content, "number": number}) for number in numbers])
    connection.send(session, [make(EPICTOPIC, {"msg_type": "done", "namespace": "epic", "number": -1})])
    database = database_of(monitor)

    def recorded() -> bool:
        with database.read() as reading:
            return messages.count(reading, messages_of("epic")) >= numbers.stop - numbers.start

    wait_for(recorded, 20)
    database.close()
    connection.stop()


def messages_of(namespace: str) -> Any:
    from swf_console.backend.database.records.messages import MessageFilter

    return MessageFilter(namespace=namespace)


def test_ingest_broker_messages_are_recorded_streamed_and_replayed(monitor: MonitorProcess) -> None:
    monitor.wait_ready()
    all_of_them = StreamFollower(monitor.url)
    some = StreamFollower(monitor.url, query="msg_types=stf_gen&agents=daq&run_ids=100010&namespace=epic")
    none = StreamFollower(monitor.url, query="namespace=other")
    send(monitor, range(20))
    events = [all_of_them.next() for _ in range(21)]
    assert [event["data"]["number"] for event in events] == [*range(20), -1]
    assert events[0]["event"] == "stf_gen"
    assert {name: events[0]["data"][name] for name in ("sender_agent", "namespace", "queue_name")} == {
        "sender_agent": "daq",
        "namespace": "epic",
        "queue_name": EPICTOPIC,
    }
    assert some.numbers(20) == list(range(20))
    status = httpx.get(f"{monitor.url}/api/messages/stream/status/").json()
    assert status["connected_clients"] == len(status["client_ids"]) == 3
    recorded = httpx.get(f"{monitor.url}/api/workflow-messages/?namespace=epic&msg_type=stf_gen").json()
    assert [row["message_content"]["number"] for row in recorded] == list(range(19, -1, -1))
    again = StreamFollower(monitor.url, events[9]["id"])
    assert again.numbers(11) == [*range(10, 20), -1]
    for each in (all_of_them, some, none, again):
        each.close()
    assert monitor.stop() == 0
    monitor.start()
    after_restart = StreamFollower(monitor.url, events[9]["id"], "msg_types=stf_gen")
    assert after_restart.numbers(10) == list(range(10, 20))
    after_restart.close()


def test_monitor_token_is_required_and_not_logged(tmp_path: Path) -> None:
    token = "a-token-that-nobody-may-see"
    monitor = MonitorProcess(tmp_path, SWF_API_TOKEN=token).start()
    try:
        assert httpx.get(f"{monitor.url}/api/runs/").status_code == 401
        wrong = {"Authorization": "Token another"}
        assert httpx.get(f"{monitor.url}/api/runs/", headers=wrong).status_code == 401
        right = {"Authorization": f"Token {token}"}
        assert httpx.get(f"{monitor.url}/api/runs/", headers=right).status_code == 200
        assert httpx.get(f"{monitor.url}/api/runs/?token={token}", headers=wrong).status_code == 401
    finally:
        monitor.stop()
        monitor.end()
    for path in [*monitor.state_dir.glob("*.log"), *(monitor.state_dir / "logs").glob("*")]:
        assert token not in path.read_text(errors="replace")


@pytest.mark.postgresql
def test_monitor_database_outage_is_503_until_it_returns(
    tmp_path: Path, private_postgresql: PostgreSQL
) -> None:
    url = private_postgresql.url(private_postgresql.create_database())
    monitor = MonitorProcess(tmp_path, url).start()
    try:
        monitor.wait_ready()
        http = httpx.Client(base_url=monitor.url, timeout=30)
        assert http.post("/api/runs/", json={"run_number": 1}).status_code == 201
        private_postgresql.stop()
        answer = http.post("/api/runs/", json={"run_number": 2})
        assert answer.status_code == 503
        assert "swf_database_up 0.0" in http.get("/metrics").text.splitlines()
        assert http.get("/readyz").json()["database"] is False
        assert http.get("/healthz").status_code == 200
        private_postgresql.start()
        assert http.post("/api/runs/", json={"run_number": 2}).status_code == 201
        assert http.get("/readyz").status_code == 200
        http.close()
        assert monitor.stop() == 0
    finally:
        monitor.end()
