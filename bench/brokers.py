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

TITLE = "The embedded broker beside ActiveMQ: bare sockets, 500-byte bodies, a topic"
BODY = 500
CHUNK = 65_536
SUBSCRIBERS = 20
LATENCY = 0.010
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
            _latency(stage, ours, real),
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


def _latency(stage: Stage, ours: Address, real: Address) -> Row:
    seconds = stage.amount(10, 2)
    taken = interleaved(
        stage.amount(3, 1),
        {"ours": lambda: latency(ours, seconds), "activemq": lambda: latency(real, seconds)},
    )
    measured, control = median(taken["ours"]), median(taken["activemq"])
    return Row(
        "p99 from send to delivery at 200/s",
        shown(measured, "s"),
        shown(control, "s"),
        measured / control,
        f"< {shown(LATENCY, 's')}",
        measured < LATENCY,
    )


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


def latency(broker: Address, seconds: int) -> float:
    """The p99 in seconds at 200 messages a second, sent and received by one thread."""
    destination = f"/topic/bench.{os.urandom(4).hex()}"
    taken: list[float] = []
    with _connection(broker) as publisher, _connection(broker) as subscriber:
        subscribe(subscriber, destination)
        due = time.perf_counter()
        for _ in range(seconds * 200):
            time.sleep(max(0.0, due - time.perf_counter()))
            due += 0.005
            sent = time.perf_counter()
            publisher.sendall(_frame(destination, struct.pack("d", sent).hex().encode().ljust(BODY, b".")))
            data = b""
            while b"\0" not in data:
                data += subscriber.recv(CHUNK)
            taken.append(time.perf_counter() - sent)
    return percentile(taken, 0.99)


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


def _frame(destination: str, body: bytes) -> bytes:
    head = f"SEND\ndestination:{destination}\npersistent:true\ncontent-length:{len(body)}\n\n"
    return head.encode() + body + b"\0"


def _chunks(destination: str, count: int) -> Iterator[bytes]:
    frame = _frame(destination, b"x" * BODY)
    each = CHUNK // len(frame)
    whole = frame * each
    for _ in range(count // each):
        yield whole
    yield frame * (count % each)
