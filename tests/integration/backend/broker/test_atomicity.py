"""A COMMIT is in the journal whole or not at all, wherever between two writes the broker is killed."""

import resource
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.processes.broker import BrokerProcess
from tests.support.stomp_socket import Frame, StompSocket

from .conftest import LimitedBroker

PERSISTENT = {"persistent": "true"}
INDIVIDUAL = {"ack": "client-individual"}
INPUTS, STEPS, WINDOW = 300, 120, 20
WAL_HEADER, FRAME_HEADER, PAGE = 32, 24, 4096


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    process = BrokerProcess(tmp_path / "state", limits={"window_messages": WINDOW})
    process.state_dir.mkdir()
    process.start()
    yield process
    process.end()


def send_inputs(client: StompSocket) -> None:
    client.ask("BEGIN", {"transaction": "inputs"})
    for number in range(INPUTS):
        client.send("/queue/in", f"in {number}", PERSISTENT | {"transaction": "inputs"})
    client.ask("COMMIT", {"transaction": "inputs"})


def commit_step(client: StompSocket, message: Frame) -> None:
    """Acknowledge an input and send its result, in one transaction."""
    transaction = message.text.replace(" ", "-")
    client.send_frame("BEGIN", {"transaction": transaction})
    client.acknowledge(message, transaction=transaction)
    result = message.text.replace("in", "out")
    client.send("/queue/out", result, PERSISTENT | {"transaction": transaction})
    assert client.ask("COMMIT", {"transaction": transaction}).command == "RECEIPT"


def bodies(journal: Path) -> list[str]:
    """The bodies of all messages in a journal."""
    with closing(sqlite3.connect(journal)) as connection:
        rows = connection.execute("SELECT tail FROM entries").fetchall()
    return [row[0].partition(b"\n\n")[2].rstrip(b"\0").decode() for row in rows]


def test_commit_kill_between_any_two_writes_is_whole_or_absent(broker: BrokerProcess, tmp_path: Path) -> None:
    client = broker.connect()
    send_inputs(client)
    assert broker.stop() == 0  # the journal is now one file, and what follows one log
    broker.start()
    client = broker.connect()
    client.subscribe("/queue/in", headers=INDIVIDUAL | {"activemq.prefetchSize": 30})
    for _ in range(STEPS):
        commit_step(client, client.message())
    broker.kill()

    journal = broker.state_dir / "broker.journal"
    log = Path(f"{journal}-wal").read_bytes()
    frames = (len(log) - WAL_HEADER) // (FRAME_HEADER + PAGE)
    assert STEPS < frames < 1000, "more would have been copied into the file meanwhile"
    copy = tmp_path / "copy"
    results_seen = set()
    for count in range(frames + 1):
        # SQLite appends to the log: each beginning of it is what a kill between two writes leaves.
        shutil.copy(journal, copy)
        Path(f"{copy}-wal").write_bytes(log[: WAL_HEADER + count * (FRAME_HEADER + PAGE)])
        found = bodies(copy)
        inputs = {body for body in found if body.startswith("in")}
        results = {body for body in found if body.startswith("out")}
        assert len(found) == len(inputs) + len(results) == INPUTS
        assert not inputs & {result.replace("out", "in") for result in results}
        results_seen.add(len(results))
    assert results_seen == set(range(STEPS + 1)), "every COMMIT was a transaction of its own"


def test_commit_write_failed_is_undone(broker: BrokerProcess) -> None:
    assert broker.process is not None
    client, listener = broker.connect(), broker.connect()
    listener.subscribe("/topic/result")
    send_inputs(client)
    client.subscribe("/queue/in", headers=INDIVIDUAL | {"activemq.prefetchSize": 1})
    message = client.message()
    limits = resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    client.ask("BEGIN", {"transaction": "t"})
    client.acknowledge(message, transaction="t")
    client.send("/topic/result", "done", {"transaction": "t"})
    client.send("/queue/out", "x" * 1_000_000, PERSISTENT | {"transaction": "t"})
    answer = client.ask("COMMIT", {"transaction": "t"})
    assert answer.command == "ERROR"
    assert "journal cannot be written" in answer.headers["message"]
    assert all(frame.command == "MESSAGE" for frame in client.until_closed())
    assert listener.silent(), "what was not committed is delivered to no one"
    resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, limits)
    assert_first_input_is_back(broker, message)
    broker.kill()
    broker.start()
    assert_first_input_is_back(broker, message)
    assert "x" * 1_000_000 not in bodies_after_stop(broker)


def assert_first_input_is_back(broker: BrokerProcess, message: Frame) -> None:
    with broker.connect() as client:
        client.subscribe("/queue/in", headers=INDIVIDUAL | {"activemq.prefetchSize": 1})
        again = client.message()
        assert (again.text, again.headers["message-id"]) == (message.text, message.headers["message-id"])
        assert again.headers["redelivered"] == "true"


def bodies_after_stop(broker: BrokerProcess) -> list[str]:
    assert broker.stop() == 0
    return bodies(broker.state_dir / "broker.journal")


def test_commit_with_refused_send_does_nothing(limited_broker: LimitedBroker) -> None:
    broker = limited_broker(store_bytes=100_000)
    client = broker.connect()
    send_inputs(client)
    client.subscribe("/queue/in", headers=INDIVIDUAL | {"activemq.prefetchSize": 1})
    message = client.message()
    client.ask("BEGIN", {"transaction": "t"})
    client.acknowledge(message, transaction="t")
    client.send("/queue/small", "first", PERSISTENT | {"transaction": "t"})
    client.send("/queue/out", "x" * 200_000, PERSISTENT | {"transaction": "t"})
    answer = client.ask("COMMIT", {"transaction": "t"})
    assert answer.command == "ERROR"
    assert "The queue /queue/out is full" in answer.headers["message"]
    assert_first_input_is_back(broker, message)
    again = broker.connect()
    again.subscribe("/queue/small")
    assert again.silent()


def test_dead_letter_is_written_with_removal_from_queue(limited_broker: LimitedBroker) -> None:
    broker = limited_broker()
    client = broker.connect()
    client.put("/queue/a", "poison", **PERSISTENT)
    assert broker.stop() == 0
    broker.start()
    client = broker.connect()
    client.subscribe("/queue/a", headers=INDIVIDUAL)
    for _ in range(7):
        client.acknowledge(client.message(), "NACK", receipt="nack")
        client.answer("nack")
    broker.kill()
    journal = broker.state_dir / "broker.journal"
    log = Path(f"{journal}-wal").read_bytes()
    copy = broker.state_dir / "copy"
    for count in range((len(log) - WAL_HEADER) // (FRAME_HEADER + PAGE) + 1):
        shutil.copy(journal, copy)
        Path(f"{copy}-wal").write_bytes(log[: WAL_HEADER + count * (FRAME_HEADER + PAGE)])
        assert bodies(copy) == ["poison"]
