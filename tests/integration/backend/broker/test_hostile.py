"""The embedded broker under hostile clients: its memory is bounded, and other clients are not delayed."""

import multiprocessing
import re
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from swf_console.backend.broker.address import BrokerAddress
from tests.support.processes.broker import BrokerProcess
from tests.support.stomp_socket import StompSocket, encode
from tests.support.waiting import wait_for

MIB = 1024 * 1024
INDIVIDUAL = {"ack": "client-individual"}
SLOWEST_P99 = 0.1
PERIOD = 0.005
FEWEST = 300
Attack = Callable[[BrokerProcess, ExitStack], None]


class Bystander:
    """A client in a process of its own that sends itself 200 messages a second through a topic."""

    def __init__(self, broker: BrokerProcess) -> None:
        self._connection, other = multiprocessing.Pipe()
        spawn = multiprocessing.get_context("spawn")
        self._process = spawn.Process(target=measure_delays, args=(broker.address, other), daemon=True)
        self._process.start()
        assert self._connection.recv() == "started"

    def p99(self) -> float:
        """End, and return how many seconds the slowest hundredth took."""
        self._connection.send("stop")
        assert self._connection.poll(20)
        delays = sorted(self._connection.recv())
        self._process.join(5)
        return float(delays[int(len(delays) * 0.99)])


def measure_delays(address: BrokerAddress, connection: Connection) -> None:
    """Send messages and wait for each, until a stop is requested, and FEWEST of them at least."""
    delays: list[float] = []
    started = False
    with StompSocket(address.host, address.port) as client:
        client.connect(address.user, address.password)
        client.subscribe("/topic/bystander")
        while not connection.poll(PERIOD) or len(delays) < FEWEST:
            sent = time.perf_counter()
            client.send("/topic/bystander", "x" * 500)
            client.message(10)
            delays.append(time.perf_counter() - sent)
            while delays[-1] > PERIOD:  # those that were due meanwhile would have been late as well
                delays.append(delays[-1] - PERIOD)
            if not started:
                started = True
                connection.send("started")
    connection.send(delays)


def raw_connection(broker: BrokerProcess, stack: ExitStack) -> socket.socket:
    """A connection that has sent nothing."""
    return stack.enter_context(socket.create_connection(("127.0.0.1", broker.address.port), 5))


@contextmanager
def unaffected_bystander(broker: BrokerProcess, memory: int) -> Iterator[None]:
    """Another client's p99 and the broker's memory while this holds."""
    bystander = Bystander(broker)
    yield
    held = broker.memory()
    assert bystander.p99() < SLOWEST_P99
    assert held < memory


def partial_frames(broker: BrokerProcess, stack: ExitStack) -> None:
    """200 connections that send the beginning of a large frame before they log in."""
    for _ in range(200):
        connection = raw_connection(broker, stack)
        with suppress(OSError):
            connection.sendall(b"CONNECT\naccept-version:1.2\nlogin:" + b"x" * 500_000)


def partial_bodies(broker: BrokerProcess, stack: ExitStack) -> None:
    """Clients that announce a body and send a part of it."""
    for _ in range(4):
        client = broker.connect()
        client.raw(b"SEND\ndestination:/queue/a\ncontent-length:16000000\n\n" + b"x" * 4 * MIB)


def slow_senders(broker: BrokerProcess, stack: ExitStack) -> None:
    """Clients that send a frame byte by byte."""
    clients = [broker.connect() for _ in range(50)]
    for byte in b"SEND\ndestination:/topic/slow\n\nbody\0":
        for client in clients:
            client.raw(bytes([byte]))


def giant_headers(broker: BrokerProcess, stack: ExitStack) -> None:
    """Clients that send headers without end."""
    for _ in range(20):
        client = broker.connect()
        with suppress(OSError):
            for number in range(1000):
                client.raw(b"SEND\n" if not number else b"h%d:" % number + b"x" * 9000 + b"\n")


def wrong_lengths(broker: BrokerProcess, stack: ExitStack) -> None:
    """Clients whose content-length is not that of the body."""
    for number in range(200):
        client = broker.connect()
        client.raw(b"SEND\ndestination:/queue/a\ncontent-length:%d\n\nbody\0" % (number % 4))


def pipelined_frames(broker: BrokerProcess, stack: ExitStack) -> None:
    """Clients that send as many small frames as their sockets take, with receipts that they do not read."""
    frames = b"SEND\ndestination:/topic/none\nreceipt:1\n\n\0" * 20_000

    def flood(client: StompSocket) -> None:
        with suppress(OSError):
            client.raw(frames)

    threads = [threading.Thread(target=flood, args=(broker.connect(),), daemon=True) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)


def silent_connections(broker: BrokerProcess, stack: ExitStack) -> None:
    """2,000 connections that send nothing."""
    for _ in range(2000):
        raw_connection(broker, stack)


def subscribe_storm(broker: BrokerProcess, stack: ExitStack) -> None:
    """Ten clients with 1,000 subscriptions each, patterns among them, that come and go."""
    for number in range(10):
        client = broker.connect()
        storm = b"".join(
            encode(
                "SUBSCRIBE", {"id": one, "destination": f"/topic/storm.{number}.{'*' if one % 2 else one}"}
            )
            for one in range(1000)
        )
        client.raw(storm)
        assert client.put("/topic/storm.x", "x").command == "RECEIPT"
        client.raw(b"".join(encode("UNSUBSCRIBE", {"id": one}) for one in range(0, 1000, 2)))


def consumer_storm(broker: BrokerProcess, stack: ExitStack) -> None:
    """As many consumers of one queue as there may be, all without room, and messages for them."""
    client = broker.connect()
    headers = {"destination": "/queue/crowd", "ack": "client-individual", "activemq.prefetchSize": 1}
    client.raw(b"".join(encode("SUBSCRIBE", headers | {"id": number}) for number in range(1000)))
    client.raw(encode("SEND", {"destination": "/queue/crowd"}, b"x") * 3000)
    assert client.ask("DISCONNECT", {}).command == "RECEIPT"


def foreign_acknowledgements(broker: BrokerProcess, stack: ExitStack) -> None:
    """Clients that acknowledge what others were sent."""
    owner = broker.connect()
    owner.subscribe("/queue/owned", headers=INDIVIDUAL)
    owner.put("/queue/owned", "x", persistent="true")
    message = owner.message()
    for _ in range(300):
        other = broker.connect()
        assert other.ask("ACK", {"id": message.headers["ack"]}).command == "ERROR"
    owner.acknowledge(message)
    assert owner.put("/topic/still.there").command == "RECEIPT"


def many_destinations(broker: BrokerProcess, stack: ExitStack) -> None:
    """Four clients that name 2,500 destinations each, and advisories and statistics of them all."""
    for number in range(4):
        client = broker.connect()
        sends = [encode("SEND", {"destination": f"/queue/many.{number}.{one}"}, b"x") for one in range(2400)]
        client.raw(b"".join(sends))
        assert client.put(f"/topic/many.{number}").command == "RECEIPT"
    curious = broker.connect()
    curious.subscribe("/topic/ActiveMQ.Advisory.>", "advisories")
    curious.subscribe("/temp-queue/statistics", "statistics")
    curious.send("/queue/ActiveMQ.Statistics.Destination.>", "", {"reply-to": "/temp-queue/statistics"})
    for _ in range(2 * 9600):
        assert curious.frame(10).command == "MESSAGE"


def uncommitted_messages(broker: BrokerProcess, stack: ExitStack) -> None:
    """20 clients with transactions of 30 MB that they never commit."""
    for _ in range(20):
        client = broker.connect()
        client.ask("BEGIN", {"transaction": "t"})
        with suppress(OSError):
            for _ in range(30):
                client.send("/queue/a", b"x" * 1_000_000, {"transaction": "t"})


@pytest.mark.parametrize(
    ("attack", "memory"),
    [
        (partial_frames, 80 * MIB),
        (partial_bodies, 110 * MIB),
        (slow_senders, 80 * MIB),
        (giant_headers, 110 * MIB),
        (wrong_lengths, 80 * MIB),
        (pipelined_frames, 130 * MIB),
        (silent_connections, 90 * MIB),
        (subscribe_storm, 100 * MIB),
        (consumer_storm, 100 * MIB),
        (foreign_acknowledgements, 80 * MIB),
        (many_destinations, 130 * MIB),
        (uncommitted_messages, 260 * MIB),
    ],
)
def test_broker_hostile_client_does_not_delay_others(
    broker: BrokerProcess, attack: Attack, memory: int
) -> None:
    with ExitStack() as stack, unaffected_bystander(broker, memory):
        attack(broker, stack)


def test_login_frame_over_16_kb_is_refused(broker: BrokerProcess) -> None:
    address = broker.address
    with StompSocket(address.host, address.port) as client:
        answer = client.connect(address.user, address.password, note="x" * 9000, more="x" * 9000)
        assert answer.command == "ERROR"
        assert "16384 bytes" in answer.headers["message"]
    assert broker.connect().put("/queue/a", "x" * 1_000_000).command == "RECEIPT"


def test_login_with_too_many_silent_connections_gets_in(tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path, limits={"login_connections": 8})
    broker.start()
    with ExitStack() as stack:
        silent = [raw_connection(broker, stack) for _ in range(9)]
        assert broker.connect().put("/topic/a").command == "RECEIPT"
        assert b"waited the longest" in silent[0].recv(1000)
    broker.end()


def test_transactions_of_one_connection_share_its_limit(tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path, limits={"transaction_bytes": 10_000})
    broker.start()
    client = broker.connect()
    for name in "ab":
        client.ask("BEGIN", {"transaction": name})
    assert client.put("/queue/a", "x" * 6000, transaction="a").command == "RECEIPT"
    assert client.ask("ABORT", {"transaction": "a"}).command == "RECEIPT"
    assert client.put("/queue/a", "x" * 6000, transaction="b").command == "RECEIPT"
    client.ask("BEGIN", {"transaction": "a"})
    assert client.put("/queue/a", "x" * 6000, transaction="a").command == "ERROR"
    broker.end()


def test_transactions_of_all_connections_share_a_limit(tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path, limits={"transactions_bytes": 10_000})
    broker.start()
    first, second = broker.connect(), broker.connect()
    for client in (first, second):
        client.ask("BEGIN", {"transaction": "t"})
    assert first.put("/queue/a", "x" * 6000, transaction="t").command == "RECEIPT"
    assert second.put("/queue/a", "x" * 6000, transaction="t").command == "ERROR"
    first.close()
    third = broker.connect()
    third.ask("BEGIN", {"transaction": "t"})
    wait_for(lambda: _fits(broker))
    broker.end()


def _fits(broker: BrokerProcess) -> bool:
    client = broker.connect()
    client.ask("BEGIN", {"transaction": "t"})
    return client.put("/queue/a", "x" * 6000, transaction="t").command == "RECEIPT"


def test_destinations_over_the_connection_limit_are_refused(tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path, limits={"connection_destinations": 100})
    broker.start()
    client = broker.connect()
    for number in range(100):
        assert client.put(f"/queue/full.{number}", "x").command == "RECEIPT"
    assert client.put("/queue/one.more", "x").command == "ERROR"
    assert broker.connect().put("/queue/one.more", "x").command == "RECEIPT"
    broker.end()


def test_destinations_over_the_broker_limit_are_refused_and_unused_ones_reused(tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path, limits={"destinations": 100})
    broker.start()
    first, second = broker.connect(), broker.connect()
    for number in range(50):
        assert first.put(f"/queue/full.{number}", "x").command == "RECEIPT"
        assert second.put(f"/topic/unused.{number}", "x").command == "RECEIPT"
    for number in range(50):
        assert second.put(f"/queue/later.{number}", "x").command == "RECEIPT"
    assert second.put("/queue/one.more", "x").command == "ERROR"
    broker.end()


def test_queue_with_too_many_consumers_refuses_another(tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path, limits={"queue_consumers": 2})
    broker.start()
    assert broker.connect().subscribe("/queue/a").command == "RECEIPT"
    assert broker.connect().subscribe("/queue/a").command == "RECEIPT"
    answer = broker.connect().subscribe("/queue/a")
    assert answer.command == "ERROR"
    assert "/queue/a has 2 consumers" in answer.headers["message"]
    broker.end()


def test_half_closed_connection_gets_its_receipts(broker: BrokerProcess) -> None:
    client = broker.connect()
    client.send_frame(
        "SEND", {"destination": "/queue/a", "persistent": "true", "receipt": "1"}, "x" * 100_000
    )
    client.send_frame("SEND", {"destination": "/topic/a", "receipt": "2"}, "x")
    client.socket.shutdown(socket.SHUT_WR)
    assert [frame.headers["receipt-id"] for frame in client.until_closed()] == ["1", "2"]


def test_half_closed_connection_that_disconnected_gets_its_receipt(broker: BrokerProcess) -> None:
    client = broker.connect()
    client.send_frame("SEND", {"destination": "/queue/a", "persistent": "true"}, "x" * 100_000)
    client.send_frame("DISCONNECT", {"receipt": "bye"})
    client.socket.shutdown(socket.SHUT_WR)
    assert [frame.headers["receipt-id"] for frame in client.until_closed()] == ["bye"]


def test_error_reaches_a_client_that_goes_on_sending(broker: BrokerProcess) -> None:
    client = broker.connect()
    client.raw(b"FLY\nreceipt:1\n\n\0" + b"SEND\ndestination:/topic/a\n\n" + b"x" * 200_000 + b"\0")
    (error,) = client.until_closed()
    assert (error.command, error.headers["receipt-id"]) == ("ERROR", "1")


def test_error_comes_behind_the_receipts_of_earlier_frames(broker: BrokerProcess) -> None:
    client = broker.connect()
    send = encode("SEND", {"destination": "/queue/a", "persistent": "true", "receipt": "1"}, b"x" * 1000)
    client.raw(send + encode("FLY", {"receipt": "2"}))
    frames = [(frame.command, frame.headers["receipt-id"]) for frame in client.until_closed()]
    assert frames == [("RECEIPT", "1"), ("ERROR", "2")]


def test_accept_without_descriptors_pauses_and_logs_few_lines(tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path)
    broker.start()
    assert broker.process is not None
    client = broker.connect()
    used = len(list(Path(f"/proc/{broker.process.pid}/fd").iterdir()))
    resource.prlimit(broker.process.pid, resource.RLIMIT_NOFILE, (used + 5, used + 5))
    with ExitStack() as stack:
        for _ in range(60):
            raw_connection(broker, stack)
        wait_for(lambda: "accept paused" in broker.log.read_text())
        assert client.put("/topic/a").command == "RECEIPT"
        assert client.silent(1.2)
    assert len(re.findall("accept paused", broker.log.read_text())) == 1
    assert wait_for(broker.connect).put("/topic/a").command == "RECEIPT"
    broker.end()
