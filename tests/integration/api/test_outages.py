"""Reports during outages of database and broker: refused with a reason or stored, never in part."""

import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from swf_console.backend.database import agents, open_database, runs
from swf_console.backend.database import slices as slice_rows
from swf_console.backend.database.records.pages import Window
from swf_console.backend.messaging.connection import StompConnection
from swf_console.backend.messaging.embedded import find_running
from swf_console.backend.messaging.message import make
from tests.support.activemq import ActiveMQ
from tests.support.monitor import SAMPLE, STF
from tests.support.postgresql import PostgreSQL
from tests.support.processes.monitor import MonitorProcess
from tests.support.waiting import wait_for

ARRAYS, EACH = 40, 50
BEAT = {"instance_name": "a", "agent_type": "data", "status": "OK"}


def make_sample(http: httpx.Client) -> None:
    run = http.post("/runs/", json={"run_number": 100_010}).json()["run_id"]
    http.post("/run-states/", json={"run_number": 100_010, "phase": "run", "state": "run"})
    http.post("/stf-files/", json={"run": run, "stf_filename": STF})
    assert http.post("/fastmon-files/", json={"stf_file": STF, "tf_filename": SAMPLE}).status_code == 201


def slices(array: int) -> list[dict[str, Any]]:
    span = {"tf_first": 0, "tf_last": 1, "tf_count": 2, "run_number": 100_010, "fastmon_file": SAMPLE}
    return [{**span, "slice_id": array * EACH + number} for number in range(EACH)]


class ReportingAgent:
    """An agent that reports arrays of slices, each again until it is taken."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self.refusals: list[httpx.Response] = []
        self.taken = 0
        self._thread = threading.Thread(target=self._report, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join(60)
        assert self.taken == ARRAYS

    def _report(self) -> None:
        for array in range(ARRAYS):
            while (answer := self._http.post("/tf-slices/", json=slices(array))).status_code not in (
                200,
                201,
            ):
                self.refusals.append(answer)
            self.taken += 1


@pytest.mark.postgresql
def test_monitor_database_crashes_store_arrays_atomically(
    tmp_path: Path, private_postgresql: PostgreSQL
) -> None:
    monitor = MonitorProcess(tmp_path, private_postgresql.url(private_postgresql.create_database())).start()
    try:
        with httpx.Client(base_url=f"{monitor.url}/api", timeout=30) as http:
            make_sample(http)
            agent = ReportingAgent(http)
            agent.start()
            for part in (1, 2, 3):
                wait_for(lambda part=part: agent.taken >= part * ARRAYS // 4, 60, every=0.001)  # type: ignore[misc]
                private_postgresql.kill()
                known = len(agent.refusals)
                wait_for(lambda known=known: len(agent.refusals) > known, 30, every=0.01)  # type: ignore[misc]
                assert httpx.get(f"{monitor.url}/readyz").json() == {
                    "status": "not ready",
                    "database": False,
                    "broker": True,
                }
                private_postgresql.start()
            agent.join()
            for refusal in agent.refusals:
                assert refusal.status_code == 503
                assert int(refusal.headers["retry-after"]) > 0
                assert refusal.json() == {"detail": "the database cannot be used now"}
            rows = http.get("/tf-slices/?run_number=100010").json()
            assert sorted(row["slice_id"] for row in rows) == list(range(ARRAYS * EACH))
            assert http.get("/run-states/100010/").json()["slices_created"] == ARRAYS * EACH
    finally:
        monitor.end()


@pytest.mark.postgresql
def test_ingest_database_outage_records_messages_afterwards(
    tmp_path: Path, private_postgresql: PostgreSQL
) -> None:
    url = private_postgresql.url(private_postgresql.create_database())
    monitor = MonitorProcess(tmp_path, url).start()
    try:
        monitor.wait_ready()
        private_postgresql.stop()
        broker = find_running(monitor.state_dir)
        assert broker is not None
        connection = StompConnection(lambda: broker)
        connection.start()
        session = connection.wait_up(10)
        common = {"msg_type": "stf_gen", "namespace": "outage", "sender": "daq", "run_id": "1"}
        sent = [make("/topic/epictopic", {**common, "number": number}) for number in range(50)]
        connection.send(session, sent)
        connection.stop()
        assert httpx.post(f"{monitor.url}/api/systemagents/heartbeat/", json=BEAT).status_code == 503
        private_postgresql.start()

        def recorded() -> list[dict[str, Any]]:
            answer = httpx.get(f"{monitor.url}/api/workflow-messages/?namespace=outage")
            rows: list[dict[str, Any]] = answer.json() if answer.status_code == 200 else []
            return rows if len(rows) >= len(sent) else []

        rows = wait_for(recorded, 30)
        assert sorted(row["message_id"] for row in rows) == sorted(message.id for message in sent)
    finally:
        monitor.end()


@pytest.mark.activemq
def test_monitor_broker_outage_stores_reports_and_is_not_ready(
    tmp_path: Path, private_activemq: ActiveMQ
) -> None:
    monitor = MonitorProcess(tmp_path, **private_activemq.environment()).start()
    try:
        monitor.wait_ready()
        private_activemq.stop()
        with httpx.Client(base_url=monitor.url, timeout=30) as http:
            wait_for(lambda: http.get("/readyz").json()["broker"] is False, 30)
            assert http.get("/readyz").status_code == 503
            assert "swf_broker_up 0.0" in http.get("/metrics").text
            message = {"msg_type": "x", "namespace": "n", "message_content": {"kept": True}}
            with http.stream("GET", "/api/messages/stream/") as stream:
                lines = stream.iter_lines()
                assert next(lines) == "event: connected"
                assert http.post("/api/systemagents/heartbeat/", json=BEAT).status_code == 200
                assert http.post("/api/workflow-messages/", json=message).status_code == 201
                assert next(line for line in lines if '"kept":true' in line)
            private_activemq.start()
            wait_for(lambda: http.get("/readyz").status_code == 200, 40)
        monitor.kill()
        database = open_database(f"sqlite:///{monitor.state_dir / 'swf.db'}")
        with database.read() as connection:
            assert agents.get(connection, "a") is not None
        database.close()
    finally:
        monitor.end()


def test_monitor_killed_has_stored_every_answered_request(tmp_path: Path) -> None:
    monitor = MonitorProcess(tmp_path).start()
    answered: list[int] = []

    def report(first: int) -> None:
        with httpx.Client(base_url=f"{monitor.url}/api", timeout=30) as http:
            for number in range(first, 10_000, 8):
                try:
                    answer = http.post("/tf-slices/", json=slices(number)[0])
                except httpx.TransportError:
                    return
                assert answer.status_code == 201
                answered.append(answer.json()["slice_id"])

    try:
        with httpx.Client(base_url=f"{monitor.url}/api", timeout=30) as http:
            make_sample(http)
        threads = [threading.Thread(target=report, args=(number,), daemon=True) for number in range(8)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(answered) > 200, 30, every=0.001)
        monitor.kill()
        for thread in threads:
            thread.join(30)
    finally:
        monitor.end()
    database = open_database(f"sqlite:///{monitor.state_dir / 'swf.db'}")
    with database.read() as connection:
        rows = slice_rows.rows.listed(connection, {"run_number": 100_010}, Window(20_000)).items
        state = runs.run_state(connection, 100_010)
    database.close()
    assert {row.slice_id for row in rows} >= set(answered)
    assert len(rows) <= len(answered) + len(threads)
    assert state is not None
    assert state.slices_created == state.slices_queued == len(rows)
