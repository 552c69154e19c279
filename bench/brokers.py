"""The embedded broker beside ActiveMQ: the same client on bare sockets, the same 500-byte messages."""

import multiprocessing
import os
import selectors
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe

from swf_console.backend.core.settings import BrokerSettings

from .harness import Row, interleaved, median, peak_rss, percentile, shown
from .stage import Stage, embedded_broker

TITLE = "The embedded broker beside ActiveMQ: bare sockets, 500-byte bodies"
BODY = 500
CHUNK = 65_536
SUBSCRIBERS = 20
RATE = 300
MEMORY = 60e6


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is."""

    host: str
    port: int
    user: str
    password: str


def rows(stage: Stage) -> list[Row]:
    """Every row; needs ActiveMQ."""
    server = stage.activemq
    real = Address(server.host, server.port, server.user, server.password)
    with stage.home() as home, embedded_broker(home) as pid:
        ours = _address(home.broker())
        found = [
            _rate(stage, "publish rate to 1 subscriber", ours, real, 1, stage.amount(60_000, 2_000), 0.5),
            _rate(
                stage,
                f"delivery rate to {SUBSCRIBERS} subscribers",
                ours,
                real,
                SUBSCRIBERS,
                stage.amount(20_000, 1_000),
                1.0,
            ),
            *_latency(stage, "topic", ours, real),
            *_latency(stage, "queue", ours, real),
        ]
        memory = peak_rss(pid)
    note = "the most it ever held, after all of the above"
    return [
        *found,
        Row("memory", shown(memory, "B"), "", None, f"< {shown(MEMORY, 'B')}", memory < MEMORY, note),
    ]


def _address(broker: BrokerSettings) -> Address:
    return Address(broker.host, broker.port, broker.user, broker.password)


def _rate(
    stage: Stage, what: str, ours: Address, real: Address, subscribers: int, count: int, limit: float
) -> Row:
    taken = interleaved(
        stage.amount(5, 1),
        {
            "ours": lambda: throughput(ours, subscribers, count),
            "activemq": lambda: throughput(real, subscribers, count),
        },
    )
    measured, control = median(taken["ours"]), median(taken["activemq"])
    ratio = measured / control
    return Row(what, shown(measured, "/s"), shown(control, "/s"), ratio, f">= {limit:g} x", ratio >= limit)


def _latency(stage: Stage, kind: str, ours: Address, real: Address) -> list[Row]:
    seconds = stage.amount(5, 2)
    taken = interleaved(
        stage.amount(5, 1),
        {"ours": lambda: latency(ours, kind, seconds), "activemq": lambda: latency(real, kind, seconds)},
    )
    found = []
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        measured = median([percentile(delays, share) for delays in taken["ours"]])
        control = median([percentile(delays, share) for delays in taken["activemq"]])
        ratio = measured / control
        what = f"{name} from send to delivery at {RATE}/s, a {kind}"
        found.append(Row(what, shown(measured, "s"), shown(control, "s"), ratio, "<= 1 x", ratio <= 1))
    return found


def throughput(broker: Address, subscribers: int, count: int) -> float:
    """Deliveries a second (1/s), from the first send until every subscriber has every message."""
    destination = f"/topic/bench.{os.urandom(4).hex()}"
    ready, told = multiprocessing.Pipe()
    spawn = multiprocessing.get_context("spawn")
    receiver = spawn.Process(target=receive, args=(broker, destination, subscribers, count, told))
    receiver.start()
    ready.recv()
    with _connection(broker) as publisher:
        began = time.monotonic()
        for chunk in _chunks(destination, count):
            publisher.sendall(chunk)
        ended: float = ready.recv()
    receiver.join()
    return subscribers * count / (ended - began)


def receive(broker: Address, destination: str, subscribers: int, count: int, told: Pipe) -> None:
    """Subscribe that many times, say so, and say when the last message has come."""
    selector = selectors.DefaultSelector()
    connections = [connect(broker) for _ in range(subscribers)]
    for connection in connections:
        subscribe(connection, destination)
        selector.register(connection, selectors.EVENT_READ)
    told.send(None)
    left = subscribers * count
    while left > 0:
        for key, _ in selector.select():
            data = key.fileobj.recv(CHUNK * 4)  # type: ignore[union-attr]
            assert data, "the broker closed the connection"
            left -= data.count(b"\0")
    told.send(time.monotonic())
    for connection in connections:
        connection.close()


def latency(broker: Address, kind: str, seconds: int) -> list[float]:
    """Seconds from each send to its delivery in another process, at RATE messages a second."""
    destination = f"/{kind}/bench.{os.urandom(4).hex()}"
    count = seconds * RATE
    ready, reports = multiprocessing.Pipe()
    spawn = multiprocessing.get_context("spawn")
    receiver = spawn.Process(target=receive_timed, args=(broker, destination, count, reports))
    receiver.start()
    ready.recv()
    with _connection(broker) as publisher:
        due = time.monotonic()
        for _ in range(count):
            time.sleep(max(0.0, due - time.monotonic()))
            due += 1 / RATE
            stamp = struct.pack("d", time.monotonic()).hex().encode()
            publisher.sendall(_frame(destination, stamp.ljust(BODY, b"."), persistent=kind == "topic"))
        taken: list[float] = ready.recv()
    receiver.join()
    return taken


def receive_timed(broker: Address, destination: str, count: int, reports: Pipe) -> None:
    """Subscribe, and report how many seconds each message was on its way."""
    taken: list[float] = []
    with _connection(broker) as connection:
        subscribe(connection, destination)
        reports.send(None)
        rest = b""
        while len(taken) < count:
            data = connection.recv(CHUNK)
            now = time.monotonic()
            assert data, "the broker closed the connection"
            *frames, rest = (rest + data).split(b"\0")
            for frame in frames:
                body = frame.partition(b"\n\n")[2]
                taken.append(now - struct.unpack("d", bytes.fromhex(body[:16].decode()))[0])
    reports.send(taken)


def connect(broker: Address) -> socket.socket:
    """A STOMP 1.2 connection."""
    connection = socket.create_connection((broker.host, broker.port), 10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    hello = (
        f"CONNECT\naccept-version:1.2\nhost:localhost\nlogin:{broker.user}\npasscode:{broker.password}\n\n\0"
    )
    connection.sendall(hello.encode())
    answer = connection.recv(CHUNK)
    assert answer.startswith(b"CONNECTED"), answer
    return connection


def subscribe(connection: socket.socket, destination: str) -> None:
    """Subscribe, and wait for the receipt."""
    connection.sendall(f"SUBSCRIBE\nid:1\ndestination:{destination}\nack:auto\nreceipt:1\n\n\0".encode())
    answer = connection.recv(CHUNK).lstrip(b"\n")
    assert answer.startswith(b"RECEIPT"), answer


@contextmanager
def _connection(broker: Address) -> Iterator[socket.socket]:
    connection = connect(broker)
    try:
        yield connection
    finally:
        connection.close()


def _frame(destination: str, body: bytes, *, persistent: bool = True) -> bytes:
    head = f"SEND\ndestination:{destination}\ncontent-length:{len(body)}\n"
    head += "persistent:true\n\n" if persistent else "\n"
    return head.encode() + body + b"\0"


def _chunks(destination: str, count: int) -> Iterator[bytes]:
    frame = _frame(destination, b"x" * BODY)
    each = CHUNK // len(frame)
    whole = frame * each
    for _ in range(count // each):
        yield whole
    yield frame * (count % each)
