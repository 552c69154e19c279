"""The embedded broker as a process: where it listens, who may enter, and how it ends."""

import json
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from swf_console.backend.broker.address import read_address
from tests.support.homes import CHECKOUT
from tests.support.processes.broker import BrokerProcess
from tests.support.stomp_socket import StompSocket
from tests.support.waiting import wait_for

Start = Callable[..., BrokerProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts brokers of one state directory."""
    with ExitStack() as stack:

        def started(*arguments: str, stdin: int = subprocess.DEVNULL, **limits: float) -> BrokerProcess:
            broker = BrokerProcess(tmp_path, *arguments, limits=limits or None)
            stack.callback(broker.end)
            broker.start(stdin)
            return broker

        yield started


def outcome(broker: BrokerProcess) -> tuple[int, str]:
    """Exit code and standard error of a broker that cannot start."""
    done = subprocess.run(
        broker.command(), cwd=CHECKOUT, capture_output=True, text=True, timeout=10, check=False
    )
    return done.returncode, done.stderr


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_address_file_is_readable_by_owner_only(start: Start, tmp_path: Path) -> None:
    broker = start()
    path = tmp_path / "broker.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    written = json.loads(path.read_text())
    assert set(written) == {"host", "port", "user", "password", "pid", "until_idle"}
    assert (written["host"], written["pid"]) == ("127.0.0.1", broker.process and broker.process.pid)
    assert len(written["password"]) >= 32
    for name in ("broker.journal", "broker.lock"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_restart_keeps_credentials_and_port(start: Start) -> None:
    broker = start()
    before = broker.address
    assert broker.stop() == 0
    broker.start()
    assert broker.address._replace(pid=0) == before._replace(pid=0)


def test_restart_previous_port_in_use_takes_another(start: Start) -> None:
    broker = start()
    before = broker.address
    broker.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", before.port))
        other.listen()
        broker.start()
    assert broker.address.port != before.port
    assert broker.address.password == before.password


def test_start_invalid_address_file_is_replaced(start: Start, tmp_path: Path) -> None:
    (tmp_path / "broker.json").write_text('{"host": 1, "port": "x"')
    assert start().connect().put("/topic/a").command == "RECEIPT"


def test_start_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        code, text = outcome(BrokerProcess(tmp_path, "--port", port))
    assert code == 2
    assert text.count("\n") == 1
    assert port in text
    assert "--port" in text
    assert not (tmp_path / "broker.json").exists()


def test_start_second_broker_is_refused(start: Start, tmp_path: Path) -> None:
    broker = start()
    before = broker.address
    code, text = outcome(BrokerProcess(tmp_path))
    assert code == 5
    assert text.count("\n") == 1
    assert read_address(tmp_path) == before


def test_start_unusable_directory_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, text = outcome(BrokerProcess(tmp_path / "file"))
    assert code == 2
    assert text.count("\n") == 1


def test_broker_listens_on_loopback_only(start: Start) -> None:
    port = start().address.port
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = [local for _, local, _, state, *_ in lines if state == "0A"]
    assert [local for local in listening if local.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


@pytest.mark.parametrize("signal_name", ["terminate", "interrupt"])
def test_signal_stops_broker_within_a_second(start: Start, signal_name: str) -> None:
    broker = start()
    client = broker.connect()
    client.subscribe("/topic/a")
    assert broker.process is not None
    began = time.monotonic()
    broker.process.send_signal(15 if signal_name == "terminate" else 2)
    assert broker.process.wait(5) == 0
    assert time.monotonic() - began < 1
    assert list(client.until_closed()) == []


def test_log_option_writes_log_file(start: Start, tmp_path: Path) -> None:
    broker = start("--log")
    broker.connect(client_id="me")
    broker.stop()
    lines = (tmp_path / "logs" / "broker.log").read_text().splitlines()
    assert ["listening" in lines[0], "stopped" in lines[-1]] == [True, True]
    assert broker.log.read_text() == ""


def test_broker_module_needs_standard_library_only() -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import swf_console.backend.broker.__main__"
    subprocess.run([sys.executable, "-S", "-c", code, str(CHECKOUT)], check=True, timeout=20)


# until idle


@pytest.fixture
def pipe() -> Iterator[tuple[int, Callable[[], None]]]:
    """A pipe's reading end, and the parent's death."""
    reading, writing = os.pipe()
    with ExitStack() as stack:
        stack.callback(os.close, reading)
        closing = stack.enter_context(ExitStack())
        closing.callback(os.close, writing)
        yield reading, closing.close


def test_until_idle_parent_gone_and_no_client_stops(
    start: Start, pipe: tuple[int, Callable[[], None]]
) -> None:
    broker = start("--until-idle", stdin=pipe[0])
    broker.connect().close()
    assert broker.process is not None
    assert broker.connect().put("/topic/a").command == "RECEIPT"
    for client in broker.clients:
        client.close()
    pipe[1]()
    assert broker.process.wait(5) == 0
    assert not listens(broker.address.port)


def test_until_idle_parent_gone_and_client_connected_runs_on(
    start: Start, pipe: tuple[int, Callable[[], None]]
) -> None:
    broker = start("--until-idle", stdin=pipe[0])
    first = broker.connect()
    pipe[1]()
    second = broker.connect()
    first.close()
    second.subscribe("/topic/a")
    assert second.silent(0.5)
    assert broker.process is not None
    assert broker.process.poll() is None
    second.close()
    assert broker.process.wait(5) == 0


def test_until_idle_parent_gone_waits_for_first_client(
    start: Start, pipe: tuple[int, Callable[[], None]]
) -> None:
    broker = start("--until-idle", stdin=pipe[0], first_client_seconds=0.8)
    pipe[1]()
    began = time.monotonic()
    assert broker.process is not None
    assert broker.process.wait(5) == 0
    assert time.monotonic() - began > 0.5


def test_until_idle_without_standard_input_stops_after_last_client(start: Start) -> None:
    broker = start("--until-idle")
    broker.connect().close()
    assert broker.process is not None
    assert broker.process.wait(5) == 0


def test_start_after_stop_takes_the_same_port(start: Start, pipe: tuple[int, Callable[[], None]]) -> None:
    broker = start("--until-idle", stdin=pipe[0])
    port = broker.address.port
    assert broker.process is not None
    broker.process.terminate()
    broker.process.wait(5)
    assert start().address.port == port


# limits


def test_connection_without_connect_frame_is_closed(start: Start) -> None:
    broker = start(connect_seconds=0.3)
    with StompSocket(broker.address.host, broker.address.port) as silent:
        assert [frame.command for frame in silent.until_closed()] == ["ERROR"]


def test_connections_over_limit_are_refused(start: Start) -> None:
    broker = start(connections=2)
    one, _two = broker.connect(), broker.connect()
    with StompSocket(broker.address.host, broker.address.port) as third:
        assert [frame.command for frame in third.until_closed()] == ["ERROR"]
    one.close()
    wait_for(lambda: _enters(broker))


def _enters(broker: BrokerProcess) -> bool:
    address = broker.address
    with StompSocket(address.host, address.port) as client:
        try:
            return client.connect(address.user, address.password).command == "CONNECTED"
        except OSError:
            return False


@pytest.mark.parametrize(
    "data",
    [
        b"SEND\ndestination:/queue/a\ncontent-length:99999999\n\n",
        b"SEND\n" + b"".join(b"h%d:x\n" % number for number in range(100)),
        b"SEND\nlong:" + b"x" * 20_000 + b"\n\n\0",
        b"SEND\nnever-ending:" + b"x" * 800_000,
        b"SEND\ndestination:/queue/a\n\n" + b"x" * 3_000_000,
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\0",
        b"x" * 1000,
        b"SEND\ndestination:/queue/a\0",
        b"SEND\nno colon\n\n\0",
        b"SEND\nodd:\\t\n\n\0",
        b"SEND\nodd:\xff\xfe\n\n\0",
    ],
)
def test_frame_over_limits_closes_its_connection_only(start: Start, data: bytes) -> None:
    broker = start(body_bytes=1_000_000)
    bystander, client = broker.connect(), broker.connect()
    with suppress(ConnectionError):
        client.raw(data + (b"\n\n\0" if data.endswith(b"x\n") else b""))
    assert [frame.command for frame in client.until_closed()] in (["ERROR"], [])
    assert bystander.put("/topic/a").command == "RECEIPT"


@pytest.mark.parametrize(
    "destination",
    ["epictopic", "", "/topic/", "topic/x", "/exchange/x", "/queue/a.*", "/queue/\t", "/topic/>"],
)
def test_destination_invalid_is_an_error(start: Start, destination: str) -> None:
    broker = start()
    assert broker.connect().put(destination, "x").command == "ERROR"
    if destination != "/topic/>":
        assert broker.connect().subscribe(destination).command == "ERROR"
    assert broker.connect().put("/topic/a").command == "RECEIPT"


def test_durable_subscription_without_client_id_is_an_error(start: Start) -> None:
    client = start().connect()
    assert client.subscribe("/topic/a", headers={"activemq.subscriptionName": "x"}).command == "ERROR"


def test_temporary_queue_of_another_connection_is_refused(start: Start) -> None:
    broker = start()
    owner, other = broker.connect(), broker.connect()
    other.subscribe("/queue/a")
    owner.send("/queue/a", "x", {"reply-to": "/temp-queue/mine"})
    assert other.subscribe(other.message().headers["reply-to"], "2").command == "ERROR"


def test_transaction_over_limit_is_an_error(start: Start) -> None:
    client = start(transaction_bytes=10_000).connect()
    client.ask("BEGIN", {"transaction": "t"})
    assert client.put("/queue/a", "x" * 5000, transaction="t").command == "RECEIPT"
    assert client.put("/queue/a", "x" * 5000, transaction="t").command == "ERROR"
    assert list(client.until_closed()) == []


def test_destinations_unused_are_forgotten_for_new_ones(start: Start) -> None:
    broker = start(destinations=50)
    client = broker.connect()
    client.subscribe("/topic/used")
    client.put("/queue/full", "x")
    for number in range(200):
        assert client.put(f"/topic/t{number}").command == "RECEIPT"
    client.put("/topic/used", "still")
    assert client.message().text == "still"
    client.subscribe("/queue/full", "2")
    assert client.message().text == "x"
