"""Many clients of the live stream, idle or reading nothing, beside reporting agents."""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.processes.monitor import MonitorProcess
from tests.support.waiting import wait_for

IDLE, SLOW = 1_000, 20
# what waits for a client before it is cut off: far more than a socket's buffers hold
MESSAGES, SIZE = 120, 500_000
PATIENCE = 2.0


@pytest.fixture
def roomy_monitor(tmp_path: Path) -> Iterator[MonitorProcess]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    found = MonitorProcess(tmp_path).start()
    yield found
    found.end()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def follow(url: str, query: str, *, buffer: int | None = None) -> socket.socket:
    """A stream that has begun; nothing more of it is read."""
    parts = urlsplit(url)
    stream = socket.socket()
    if buffer is not None:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    stream.settimeout(30)
    stream.connect((parts.hostname, parts.port))
    stream.sendall(f"GET /api/messages/stream/?{query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    received = b""
    while b"event: connected" not in received:
        more = stream.recv(1000)
        assert more, received
        received += more
    return stream


def report(http: httpx.Client, number: int) -> float:
    """A heart-beat and a message, as an agent sends them; the seconds they took."""
    began = time.monotonic()
    beat = {"instance_name": f"a-{number}", "agent_type": "data", "status": "OK"}
    assert http.post("/systemagents/heartbeat/", json=beat).json()["status"] == "OK"
    assert http.post("/state/next-agent-id/").json()["status"] == "success"
    return time.monotonic() - began


def test_stream_thousand_idle_clients_do_not_delay_agents(roomy_monitor: MonitorProcess) -> None:
    with ExitStack() as stack:
        http = stack.enter_context(httpx.Client(base_url=f"{roomy_monitor.url}/api", timeout=10))
        for _ in range(IDLE):
            stack.callback(follow(roomy_monitor.url, "namespace=none").close)
        assert http.get("/messages/stream/status/").json()["connected_clients"] == IDLE
        assert max(report(http, number) for number in range(50)) < PATIENCE
        message = {"msg_type": "x", "namespace": "none", "message_content": {"to": "all"}}
        one = follow(roomy_monitor.url, "namespace=none")
        stack.callback(one.close)
        http.post("/workflow-messages/", json=message)
        wait_for(lambda: b"event: x" in one.recv(4000))
    wait_for(lambda: _clients(roomy_monitor) == 0, 20)
    assert roomy_monitor.stop() == 0


def test_stream_clients_that_read_nothing_are_cut_off(roomy_monitor: MonitorProcess) -> None:
    with ExitStack() as stack:
        http = stack.enter_context(httpx.Client(base_url=f"{roomy_monitor.url}/api", timeout=30))
        for _ in range(SLOW):
            stack.callback(follow(roomy_monitor.url, "namespace=flood", buffer=4096).close)
        longest = 0.0
        for number in range(MESSAGES):
            content = {"text": "x" * SIZE, "number": number}
            message = {"msg_type": "x", "namespace": "flood", "message_content": content}
            assert http.post("/workflow-messages/", json=message).status_code == 201
            longest = max(longest, report(http, number))
        assert longest < PATIENCE
        status = http.get("/messages/stream/status/").json()
        assert (status["connected_clients"], status["cut_off"]) == (0, SLOW)
    assert roomy_monitor.stop() == 0


def _clients(roomy_monitor: MonitorProcess) -> int:
    received = httpx.get(f"{roomy_monitor.url}/api/messages/stream/status/").json()
    return int(received["connected_clients"])
