"""A disk that is full: nothing is confirmed that was not written, and nothing but publishing stops."""

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes.broker import BrokerProcess
from tests.support.stomp_socket import Frame, StompSocket
from tests.support.waiting import wait_for

MIB = 1024 * 1024
PERSISTENT = {"persistent": "true"}
INDIVIDUAL = {"ack": "client-individual"}
LIMITS: dict[str, float] = {"disk_free_bytes": MIB, "reserve_bytes": MIB // 2, "window_messages": 50}
WAITING = 600


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 12 MiB."""
    folder = Path(tempfile.mkdtemp(prefix="swf-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("only the superuser can mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


@pytest.fixture
def broker(small_disk: Path) -> Iterator[BrokerProcess]:
    process = BrokerProcess(small_disk, limits=LIMITS)
    process.start()
    yield process
    process.end()


def fill(folder: Path) -> Path:
    """Take every byte that is left."""
    filler = folder / "filler"
    with filler.open("ab", buffering=0) as file:
        for size in (65_536, 4096, 512, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return filler


def send_all(client: StompSocket, count: int) -> None:
    for number in range(count):
        client.send("/queue/a", f"{number}:{'x' * 1000}", PERSISTENT)
    assert client.put("/topic/end").command == "RECEIPT"


def status(broker: BrokerProcess) -> dict[str, object]:
    with broker.connect() as client:
        client.subscribe("/temp-queue/replies")
        client.send("/queue/SWF.Broker.Admin", '{"command": "status"}', {"reply-to": "/temp-queue/replies"})
        found: dict[str, object] = json.loads(client.message().text)["status"]
        return found


def publish_persistent(broker: BrokerProcess) -> Frame:
    with broker.connect() as client:
        return client.put("/queue/b", "x" * 1000, **PERSISTENT)


def test_full_disk_persistent_send_is_refused_with_reason(broker: BrokerProcess, small_disk: Path) -> None:
    send_all(broker.connect(), 10)
    assert status(broker)["accepts"] is True
    fill(small_disk)
    for _ in range(3):
        answer = publish_persistent(broker)
        assert answer.command == "ERROR"
        assert re.fullmatch(
            f"The broker's disk is full: .* are free at {small_disk}, 1.05 MB are needed",
            answer.headers["message"],
        )
    found = status(broker)
    assert found["accepts"] is False
    assert str(found["reason"]).startswith("The broker's disk is full")
    assert broker.connect().put("/topic/a", "not persistent").command == "RECEIPT"
    assert "persistent messages are refused" in broker.log.read_text()


def test_full_disk_new_durable_subscription_is_refused(broker: BrokerProcess, small_disk: Path) -> None:
    fill(small_disk)
    assert publish_persistent(broker).command == "ERROR"
    answer = broker.connect(client_id="me").subscribe(
        "/topic/a", headers=INDIVIDUAL | {"activemq.subscriptionName": "mine"}
    )
    assert answer.command == "ERROR"
    assert "disk is full" in answer.headers["message"]


def test_full_disk_backlog_acknowledged_stays_so_after_kill(broker: BrokerProcess, small_disk: Path) -> None:
    send_all(broker.connect(), WAITING)
    fill(small_disk)
    client = broker.connect()
    client.subscribe("/queue/a", headers=INDIVIDUAL | {"activemq.prefetchSize": 100})
    for number in range(WAITING // 2):
        message = client.message()
        assert message.text.startswith(f"{number}:")
        client.acknowledge(message, receipt=number)
        assert client.answer(str(number)).command == "RECEIPT"
    broker.kill()
    fill(small_disk)
    broker.start()
    again = broker.connect()
    again.subscribe("/queue/a", headers=INDIVIDUAL)
    assert again.message().text.startswith(f"{WAITING // 2}:")


def test_full_disk_start_serves_reading_and_acknowledging(broker: BrokerProcess, small_disk: Path) -> None:
    send_all(broker.connect(), WAITING)
    broker.kill()
    fill(small_disk)
    broker.start()
    assert publish_persistent(broker).command == "ERROR"
    client = broker.connect()
    client.subscribe("/queue/a", headers=INDIVIDUAL)
    for _ in range(WAITING):
        client.acknowledge(client.message())
    assert client.ask("UNSUBSCRIBE", {"id": "1"}).command == "RECEIPT"
    broker.kill()
    broker.start()
    again = broker.connect()
    again.subscribe("/queue/a")
    assert again.silent()


def test_full_disk_freed_accepts_again(broker: BrokerProcess, small_disk: Path) -> None:
    filler = fill(small_disk)
    assert publish_persistent(broker).command == "ERROR"
    filler.unlink()
    wait_for(lambda: status(broker)["accepts"])
    assert publish_persistent(broker).command == "RECEIPT"
    wait_for((small_disk / "broker.reserve").exists)
    assert "persistent messages are accepted again" in broker.log.read_text()


def test_full_disk_acknowledgement_is_confirmed_once_written(broker: BrokerProcess, small_disk: Path) -> None:
    send_all(broker.connect(), 100)
    client = broker.connect()
    client.subscribe("/queue/a", headers=INDIVIDUAL)
    messages = client.messages(100)
    (small_disk / "broker.reserve").unlink()
    filler = fill(small_disk)
    # The log of the journal grows until it needs a block that the disk does not have.
    answered = 0
    for number, message in enumerate(messages):
        client.acknowledge(message, receipt=number)
        if client.silent(0.3):
            break
        assert client.frame().headers["receipt-id"] == str(number)
        answered += 1
    assert answered < len(messages)
    assert broker.connect().put("/topic/a", "not persistent").command == "RECEIPT"
    filler.unlink()
    assert client.answer(str(answered)).command == "RECEIPT"
    broker.kill()
    broker.start()
    again = broker.connect()
    again.subscribe("/queue/a")
    left = [message.text.partition(":")[0] for message in again.messages(len(messages) - answered - 1)]
    assert left == [str(number) for number in range(answered + 1, len(messages))]
    assert again.silent()


def test_full_disk_expired_message_waits_for_dead_letter_queue(
    broker: BrokerProcess, small_disk: Path
) -> None:
    client = broker.connect()
    client.put("/queue/a", "late", **PERSISTENT, expires=1)
    filler = fill(small_disk)
    assert publish_persistent(broker).command == "ERROR"
    client.subscribe("/queue/a")
    assert client.silent()
    filler.unlink()
    with broker.connect() as reader:
        reader.subscribe("/queue/ActiveMQ.DLQ")
        assert reader.message(20).text == "late"


def test_full_disk_transaction_of_acknowledgements_is_committed(
    broker: BrokerProcess, small_disk: Path
) -> None:
    send_all(broker.connect(), 10)
    fill(small_disk)
    client = broker.connect()
    client.subscribe("/queue/a", headers=INDIVIDUAL)
    client.ask("BEGIN", {"transaction": "t"})
    for message in client.messages(10):
        client.acknowledge(message, transaction="t")
    assert client.ask("COMMIT", {"transaction": "t"}).command == "RECEIPT"
    broker.kill()
    broker.start()
    again = broker.connect()
    again.subscribe("/queue/a")
    assert again.silent()
