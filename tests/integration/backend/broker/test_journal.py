"""What the embedded broker promised is there after a kill, and what it cannot keep it does not promise."""

import resource
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes.broker import BrokerProcess
from tests.support.stomp_socket import Closed, StompSocket
from tests.support.waiting import wait_for

from .conftest import LimitedBroker

KEPT = {"persistent": "true"}
INDIVIDUAL = {"ack": "client-individual"}
DURABLE = {"activemq.subscriptionName": "mine", "ack": "client-individual"}


def restarted(broker: BrokerProcess) -> None:
    broker.kill()
    broker.start()


def send_all(client: StompSocket, destination: str, bodies: list[str], **headers: object) -> None:
    """SENDs of which the last has a receipt."""
    for body in bodies[:-1]:
        client.send(destination, body, KEPT | headers)
    assert client.ask("SEND", {"destination": destination} | KEPT | headers, bodies[-1]).command == "RECEIPT"


def test_kill_confirmed_queue_messages_survive_in_order(broker: BrokerProcess) -> None:
    texts = [str(number) for number in range(500)]
    send_all(broker.connect(), "/queue/a", texts)
    restarted(broker)
    client = broker.connect()
    client.subscribe("/queue/a")
    assert [message.text for message in client.messages(500)] == texts
    assert client.silent()


def test_kill_non_persistent_messages_are_lost(broker: BrokerProcess) -> None:
    broker.connect().put("/queue/a", "volatile")
    restarted(broker)
    client = broker.connect()
    client.subscribe("/queue/a")
    assert client.silent()


def test_kill_acknowledged_messages_are_not_redelivered(broker: BrokerProcess) -> None:
    client = broker.connect()
    send_all(client, "/queue/a", list("abc"))
    client.subscribe("/queue/a", headers=INDIVIDUAL)
    messages = client.messages(3)
    client.acknowledge(messages[0], receipt="1")
    client.acknowledge(messages[2], receipt="2")
    assert client.answer("2").command == "RECEIPT"
    restarted(broker)
    again = broker.connect()
    again.subscribe("/queue/a")
    message = again.message()
    assert message.text == "b"
    assert message.headers["message-id"] == messages[1].headers["message-id"]
    assert again.silent()


def test_restart_message_ids_are_unique(broker: BrokerProcess) -> None:
    send_all(broker.connect(), "/queue/a", list("ab"))
    restarted(broker)
    client = broker.connect()
    send_all(client, "/queue/a", list("cd"))
    client.subscribe("/queue/a")
    assert len({message.headers["message-id"] for message in client.messages(4)}) == 4


def test_kill_headers_of_every_kind_survive(broker: BrokerProcess) -> None:
    headers = {"odd": "a:b\\c\nd\re", "expires": "99999999999999", "type": "T"}
    broker.connect().ask("SEND", {"destination": "/queue/a"} | KEPT | headers, "x")
    restarted(broker)
    client = broker.connect()
    client.subscribe("/queue/a", headers={"selector": "JMSType = 'T' AND odd LIKE 'a:b%'"})
    got = client.message().headers
    assert {name: got[name] for name in headers} == headers


@pytest.mark.parametrize("header", ["activemq.subscriptionName", "durable-subscription-name"])
def test_kill_durable_subscription_and_backlog_survive(broker: BrokerProcess, header: str) -> None:
    client = broker.connect(client_id="me")
    client.subscribe("/topic/a", headers=INDIVIDUAL | {header: "mine"})
    send_all(client, "/topic/a", ["first"])
    client.ask("ACK", {"id": client.message().headers["ack"]})
    client.close()
    send_all(broker.connect(), "/topic/a", ["second"])
    restarted(broker)
    send_all(broker.connect(), "/topic/a", ["third"])
    again = broker.connect(client_id="me")
    again.subscribe("/topic/a", headers=DURABLE)
    assert [message.text for message in again.messages(2)] == ["second", "third"]
    assert again.silent()


def test_kill_removed_durable_subscription_stays_removed(broker: BrokerProcess) -> None:
    client = broker.connect(client_id="me")
    client.subscribe("/topic/a", headers=DURABLE)
    client.ask("UNSUBSCRIBE", {"id": "1"} | DURABLE)
    restarted(broker)
    send_all(broker.connect(), "/topic/a", ["lost"])
    again = broker.connect(client_id="me")
    again.subscribe("/topic/a", headers=DURABLE)
    assert again.silent()


def test_durable_subscription_other_selector_starts_empty(broker: BrokerProcess) -> None:
    client = broker.connect(client_id="me")
    client.subscribe("/topic/a", headers=DURABLE | {"selector": "kind = 'a'"})
    client.ask("UNSUBSCRIBE", {"id": "1"})
    send_all(client, "/topic/a", ["old"], kind="a")
    client.subscribe("/topic/a", headers=DURABLE | {"selector": "kind = 'b'"})
    send_all(client, "/topic/a", ["x"], kind="a")
    send_all(client, "/topic/a", ["y"], kind="b")
    assert client.message().text == "y"
    assert client.silent()


def test_kill_virtual_topic_queue_survives_without_consumer(broker: BrokerProcess) -> None:
    broker.connect().subscribe("/queue/Consumer.agent.a.b")
    restarted(broker)
    send_all(broker.connect(), "/topic/a.b", ["x"])
    restarted(broker)
    client = broker.connect()
    client.subscribe("/queue/Consumer.agent.a.b")
    assert client.message().text == "x"


def test_kill_transaction_is_committed_whole_or_not_at_all(broker: BrokerProcess) -> None:
    client = broker.connect()
    client.ask("BEGIN", {"transaction": "t"})
    send_all(client, "/queue/a", list("abc"), transaction="t")
    client.ask("BEGIN", {"transaction": "open"})
    send_all(client, "/queue/a", list("xyz"), transaction="open")
    client.ask("COMMIT", {"transaction": "t"})
    restarted(broker)
    again = broker.connect()
    again.subscribe("/queue/a")
    assert [message.text for message in again.messages(3)] == list("abc")
    assert again.silent()


def test_kill_redelivery_count_survives(broker: BrokerProcess) -> None:
    client = broker.connect()
    send_all(client, "/queue/a", ["poison"])
    client.subscribe("/queue/a", headers=INDIVIDUAL)
    client.ask("NACK", {"id": client.message().headers["ack"]})
    client.ask("UNSUBSCRIBE", {"id": "1"})
    restarted(broker)
    again = broker.connect()
    again.subscribe("/queue/a", headers=INDIVIDUAL)
    assert again.message().headers["redelivered"] == "true"


def test_kill_under_load_every_confirmed_message_survives(broker: BrokerProcess) -> None:
    client = broker.connect()
    confirmed: list[int] = []

    def work() -> None:
        for number in range(100_000):
            client.send("/queue/a", str(number), KEPT | {"receipt": number})

    def listen() -> None:
        try:
            while True:
                confirmed.append(int(client.frame().headers["receipt-id"]))
        except (Closed, OSError):
            return

    threads = [threading.Thread(target=_until_broken, args=(work,)), threading.Thread(target=listen)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(confirmed) > 3000, 20)
    broker.kill()
    for thread in threads:
        thread.join(20)
    broker.start()
    again = broker.connect()
    again.subscribe("/queue/a")
    kept = {int(again.message().text) for _ in confirmed}
    while not again.silent(0.2):
        kept.add(int(again.message().text))
    assert set(confirmed) <= kept


def _until_broken(work: Callable[[], None]) -> None:
    try:
        work()
    except OSError:
        return


def test_backlog_long_uses_bounded_memory_and_is_in_order(broker: BrokerProcess) -> None:
    count, size = 20_000, 4000
    client = broker.connect()
    texts = [f"{number}:".ljust(size, "x") for number in range(count)]
    for first in range(0, count, 1000):
        send_all(client, "/queue/a", texts[first : first + 1000])
    assert broker.memory() < 80 * 1024 * 1024
    restarted(broker)
    again = broker.connect()
    again.subscribe("/queue/a", headers={"ack": "client"})
    for number in range(count):
        message = again.message()
        assert message.text.startswith(f"{number}:")
        if number % 100 == 99:
            again.acknowledge(message)
    assert broker.memory() < 80 * 1024 * 1024


def test_selector_matches_message_after_unmatched_backlog(limited_broker: LimitedBroker) -> None:
    broker = limited_broker(window_messages=50)
    client = broker.connect()
    send_all(client, "/queue/a", ["no"] * 300, namespace="other")
    send_all(client, "/queue/a", ["yes"], namespace="mine")
    client.subscribe("/queue/a", headers={"selector": "namespace = 'mine'"})
    assert client.message().text == "yes"


def test_backlog_of_both_kinds_over_window_is_in_order(limited_broker: LimitedBroker) -> None:
    broker = limited_broker(window_messages=50)
    client = broker.connect()
    for number in range(300):
        client.send("/queue/a", str(number), KEPT if number % 3 else {})
    client.put("/queue/a", "300")
    client.subscribe("/queue/a")
    assert [message.text for message in client.messages(301)] == [str(number) for number in range(301)]


def journal_bytes(broker: BrokerProcess) -> int:
    return sum(file.stat().st_size for file in broker.state_dir.glob("broker.journal*"))


def test_journal_drained_shrinks(broker: BrokerProcess) -> None:
    client = broker.connect()
    send_all(client, "/queue/a", ["x" * 4000] * 3000)
    assert journal_bytes(broker) > 10_000_000
    client.subscribe("/queue/a")
    client.messages(3000)
    wait_for(lambda: journal_bytes(broker) < 100_000)


def test_topic_without_store_writes_nothing(broker: BrokerProcess) -> None:
    client = broker.connect()
    client.subscribe("/topic/a")
    before = journal_bytes(broker)
    send_all(client, "/topic/a", ["x" * 1000] * 500)
    client.messages(500)
    assert journal_bytes(broker) == before


def test_file_size_limit_gives_error_and_no_receipt(broker: BrokerProcess) -> None:
    assert broker.process is not None
    client, bystander = broker.connect(), broker.connect()
    bystander.subscribe("/topic/a")
    send_all(client, "/queue/a", ["kept"])
    limits = resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    answer = client.ask("SEND", {"destination": "/queue/a"} | KEPT, "x" * 1_000_000)
    assert answer.command == "ERROR"
    assert "journal" in answer.headers["message"]
    assert list(client.until_closed()) == []
    bystander.put("/topic/a", "still here")
    assert bystander.message().text == "still here"
    resource.prlimit(broker.process.pid, resource.RLIMIT_FSIZE, limits)
    again = broker.connect()
    send_all(again, "/queue/a", ["after"])
    restarted(broker)
    again = broker.connect()
    again.subscribe("/queue/a")
    assert [message.text for message in again.messages(2)] == ["kept", "after"]
    assert again.silent()


def test_journal_over_limit_refuses_message(limited_broker: LimitedBroker) -> None:
    broker = limited_broker(journal_bytes=1_000_000)
    client = broker.connect()
    assert client.ask("SEND", {"destination": "/queue/a"} | KEPT, "x" * 2_000_000).command == "ERROR"
    again = broker.connect()
    send_all(again, "/queue/a", ["small"])


def test_start_journal_of_newer_version_is_refused_with_one_line(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "broker.journal")
    connection.execute("PRAGMA user_version=99")
    connection.close()
    broker = BrokerProcess(tmp_path)
    with pytest.raises(AssertionError, match="newer version"):
        broker.start()
    assert broker.process is not None
    assert broker.process.wait() == 2
    assert len(broker.log.read_text().splitlines()) == 1


def test_start_journal_of_other_format_is_refused_and_unchanged(tmp_path: Path) -> None:
    (tmp_path / "broker.journal").write_text("something else " * 1000)
    broker = BrokerProcess(tmp_path)
    with pytest.raises(AssertionError, match="cannot be used"):
        broker.start()
    assert (tmp_path / "broker.journal").read_text().startswith("something else")


def test_sigterm_writes_pending_messages_and_exits_zero(broker: BrokerProcess) -> None:
    client = broker.connect()
    send_all(client, "/queue/a", [str(number) for number in range(2000)])
    assert broker.stop() == 0
    broker.start()
    again = broker.connect()
    again.subscribe("/queue/a")
    assert [message.text for message in again.messages(2000)] == [str(number) for number in range(2000)]
