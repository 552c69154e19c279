"""Queues and durable subscriptions with long backlogs: bounds, time to live, selectors, space."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes.broker import BrokerProcess
from tests.support.stomp_socket import Frame, StompSocket
from tests.support.waiting import wait_for

from .conftest import LimitedBroker

MIB = 1024 * 1024
PERSISTENT = {"persistent": "true"}
INDIVIDUAL = {"ack": "client-individual"}
DURABLE = INDIVIDUAL | {"activemq.subscriptionName": "mine"}


@pytest.fixture
def small_broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    """A broker with a window of 50 messages and stores of 100 KB."""
    process = BrokerProcess(tmp_path, limits={"window_messages": 50, "store_bytes": 100_000})
    process.start()
    yield process
    process.end()


def send_all(client: StompSocket, destination: str, bodies: list[str], **headers: object) -> None:
    for body in bodies[:-1]:
        client.send(destination, body, PERSISTENT | headers)
    assert client.put(destination, bodies[-1], **PERSISTENT, **headers).command == "RECEIPT"


def fill(broker: BrokerProcess, destination: str) -> tuple[Frame, int]:
    """Send until it is refused: the error, and how many messages were confirmed."""
    client = broker.connect()
    for count in range(1000):
        answer = client.put(destination, "x" * 4000, **PERSISTENT)
        if answer.command == "ERROR":
            return answer, count
    raise AssertionError("never refused")


def abandoned(broker: BrokerProcess) -> None:
    """A durable subscription that has no subscriber any more."""
    client = broker.connect(client_id="me")
    client.subscribe("/topic/a", headers=DURABLE)
    client.close()
    wait_for(lambda: not administrate(broker, "subscriptions")["subscriptions"][0]["active"])


def administrate(broker: BrokerProcess, command: str, **parameters: object) -> dict[str, Any]:
    with broker.connect() as client:
        client.subscribe("/temp-queue/replies")
        body = json.dumps({"command": command} | parameters)
        client.send("/queue/SWF.Broker.Admin", body, {"reply-to": "/temp-queue/replies"})
        reply: dict[str, Any] = json.loads(client.message().text)
        return reply


# bounds


def test_queue_full_is_named_in_error_and_others_accept(small_broker: BrokerProcess) -> None:
    answer, count = fill(small_broker, "/queue/a")
    assert 20 < count < 25
    assert answer.headers["message"].startswith(f"The queue /queue/a is full: {count} messages of ")
    (queue,) = (one for one in administrate(small_broker, "queues")["queues"] if one["messages"])
    assert (queue["full"], queue["messages"]) == (True, count)
    client = small_broker.connect()
    assert client.put("/queue/b", "x", **PERSISTENT).command == "RECEIPT"
    client.subscribe("/queue/a")
    assert len(client.messages(count)) == count
    assert client.put("/queue/a", "x", **PERSISTENT).command == "RECEIPT"


def test_durable_subscription_full_is_named_in_error_and_dropped(
    small_broker: BrokerProcess,
) -> None:
    abandoned(small_broker)
    answer, count = fill(small_broker, "/topic/a")
    assert answer.headers["message"].startswith(
        f"The durable subscription 'mine' of client 'me' to /topic/a is full: {count} messages"
    )
    small_broker.kill()
    small_broker.start()
    assert fill(small_broker, "/topic/a")[1] == 0
    assert small_broker.connect().put("/topic/b", "x", **PERSISTENT).command == "RECEIPT"
    assert administrate(small_broker, "drop", client_id="me", name="mine")["removed"] == count
    assert small_broker.connect().put("/topic/a", "x", **PERSISTENT).command == "RECEIPT"


def test_topic_message_refused_by_store_is_not_delivered(small_broker: BrokerProcess) -> None:
    abandoned(small_broker)
    listener = small_broker.connect()
    listener.subscribe("/topic/a")
    _, count = fill(small_broker, "/topic/a")
    assert len(listener.messages(count)) == count
    for _ in range(15):  # as a publisher that tries again
        assert small_broker.connect().put("/topic/a", "x" * 4000, **PERSISTENT).command == "ERROR"
    assert listener.silent()


def test_topic_with_store_delivers_both_kinds_in_order(broker: BrokerProcess) -> None:
    abandoned(broker)
    listener, publisher = broker.connect(), broker.connect()
    listener.subscribe("/topic/>")
    for number in range(500):
        publisher.send("/topic/a", str(number), PERSISTENT if number % 3 else {})
    assert [message.text for message in listener.messages(500)] == [str(number) for number in range(500)]


def test_queue_delivers_both_kinds_in_order(broker: BrokerProcess) -> None:
    listener, publisher = broker.connect(), broker.connect()
    listener.subscribe("/queue/a")
    for number in range(500):
        publisher.send("/queue/a", str(number), PERSISTENT if number % 3 else {})
    assert [message.text for message in listener.messages(500)] == [str(number) for number in range(500)]


def test_queue_message_is_written_before_it_is_delivered(broker: BrokerProcess) -> None:
    for number in range(10):
        client = broker.connect()
        client.subscribe(f"/queue/{number}", headers=INDIVIDUAL)
        client.send(f"/queue/{number}", "x", PERSISTENT)
        client.message()
        broker.kill()
        broker.start()
    client = broker.connect()
    for number in range(10):
        client.subscribe(f"/queue/{number}", str(number))
    assert len(client.messages(10)) == 10


# time to live


@pytest.mark.parametrize("persistent", [True, False])
def test_expired_messages_are_removed_from_memory_and_disk(
    small_broker: BrokerProcess, persistent: bool
) -> None:
    client = small_broker.connect()
    kind: dict[str, object] = dict(PERSISTENT) if persistent else {}
    client.put("/queue/a", "first", **kind)
    for number in range(200):
        client.send("/queue/a", str(number), kind | {"expires": 1})
    client.put("/queue/a", "last", **kind)

    def counts() -> dict[str, int]:
        queues = administrate(small_broker, "queues")["queues"]
        return {one["destination"]: one["messages"] for one in queues if one["messages"]}

    expected = {"/queue/a": 2} | ({"/queue/ActiveMQ.DLQ": 200} if persistent else {})
    wait_for(lambda: counts() == expected, 30, 0.2)
    small_broker.kill()
    small_broker.start()
    assert counts() == (expected if persistent else {})


# selectors


def test_selector_matches_message_after_any_number_of_others(limited_broker: LimitedBroker) -> None:
    broker = limited_broker(window_messages=50)
    client = broker.connect()
    for block in range(30):
        send_all(client, "/queue/a", [f"no {block}"] * 1000, kind="no")
    send_all(client, "/queue/a", ["yes 1", "yes 2"], kind="yes")
    client.subscribe("/queue/a", headers=INDIVIDUAL | {"selector": "kind = 'yes'"})
    first, second = client.messages(2)
    assert (first.text, second.text) == ("yes 1", "yes 2")
    assert client.silent()
    client.acknowledge(first, "NACK")
    assert client.message().text == "yes 1"
    send_all(client, "/queue/a", ["yes 3"], kind="yes")
    assert client.message().text == "yes 3"
    assert broker.memory() < 80 * MIB


def test_selector_scan_does_not_delay_others(limited_broker: LimitedBroker) -> None:
    broker = limited_broker(window_messages=50)
    client, other = broker.connect(), broker.connect()
    for _ in range(20):
        send_all(client, "/queue/a", ["x"] * 1000, kind="no")
    send_all(client, "/queue/a", ["found"], kind="yes")
    client.send_frame("SUBSCRIBE", {"destination": "/queue/a", "id": "1", "selector": "kind = 'yes'"})
    answered = 0
    while client.silent(0.001):
        assert other.put("/topic/b").command == "RECEIPT"
        answered += 1
    assert client.message().text == "found"
    assert answered > 20


def test_selectors_of_several_consumers_leave_rest_in_order(
    small_broker: BrokerProcess,
) -> None:
    client = small_broker.connect()
    for number in range(300):
        client.send("/queue/a", str(number), PERSISTENT | {"kind": "abc"[number % 3]})
    client.put("/topic/end")
    consumers = {kind: small_broker.connect() for kind in "ab"}
    for kind, consumer in consumers.items():
        consumer.subscribe("/queue/a", headers={"selector": f"kind = '{kind}'"})
    for start, consumer in enumerate(consumers.values()):
        texts = [message.text for message in consumer.messages(100)]
        assert texts == [str(number) for number in range(start, 300, 3)]
        assert consumer.silent(0.05)
    rest = small_broker.connect()
    rest.subscribe("/queue/a")
    assert [message.text for message in rest.messages(100)] == [str(number) for number in range(2, 300, 3)]
    assert rest.silent()


def test_selector_consumer_leaving_returns_messages_to_next(small_broker: BrokerProcess) -> None:
    client = small_broker.connect()
    for number in range(200):
        client.send("/queue/a", str(number), PERSISTENT | {"kind": "ab"[number % 2]})
    client.put("/topic/end")
    first, second = small_broker.connect(), small_broker.connect()
    for consumer in (first, second):
        consumer.subscribe(
            "/queue/a", headers=INDIVIDUAL | {"selector": "kind = 'b'", "activemq.prefetchSize": 70}
        )
    first.messages(70)
    taken = second.messages(30)
    first.close()
    for message in taken:
        second.acknowledge(message)
    returned = second.messages(70)
    texts = sorted(int(message.text) for message in (*taken, *returned))
    assert texts == list(range(1, 200, 2))
    assert {message.headers.get("redelivered") for message in returned} == {"true"}


# space


def test_space_of_peak_is_given_back_while_messages_wait(broker: BrokerProcess) -> None:
    client = broker.connect()
    send_all(client, "/queue/kept", ["x" * 4000] * 100)
    send_all(client, "/queue/a", ["x" * 4000] * 5000)
    peak = administrate(broker, "status")["status"]["journal_bytes"]
    assert peak > 20 * MIB
    client.subscribe("/queue/a")
    client.messages(5000)
    wait_for(lambda: administrate(broker, "status")["status"]["journal_bytes"] < 2 * MIB, 20, 0.2)


def test_space_of_dropped_subscription_is_given_back(broker: BrokerProcess) -> None:
    abandoned(broker)
    send_all(broker.connect(), "/topic/a", ["x" * 4000] * 5000)
    assert administrate(broker, "drop", client_id="me", name="mine")["removed"] == 5000
    wait_for(lambda: administrate(broker, "status")["status"]["journal_bytes"] < MIB, 20, 0.2)


def test_dropped_subscription_kill_during_removal_stays_dropped(
    broker: BrokerProcess,
) -> None:
    abandoned(broker)
    send_all(broker.connect(), "/topic/a", ["x" * 1000] * 20_000)
    administrate(broker, "drop", client_id="me", name="mine")
    broker.kill()
    broker.start()
    assert administrate(broker, "subscriptions")["subscriptions"] == []
    wait_for(lambda: administrate(broker, "status")["status"]["journal_bytes"] < MIB, 20, 0.2)


def test_journal_limit_is_named_in_error(limited_broker: LimitedBroker) -> None:
    broker = limited_broker(journal_bytes=MIB)
    answer = broker.connect().put("/queue/a", "x" * 2 * MIB, **PERSISTENT)
    assert answer.command == "ERROR"
    assert answer.headers["message"] == "The broker's journal is full: it has reached its limit of 1.05 MB"
    assert broker.connect().put("/queue/a", "x", **PERSISTENT).command == "RECEIPT"


def test_selector_consumer_added_after_redelivery_misses_nothing(broker: BrokerProcess) -> None:
    """The positions of an earlier time with selectors do not hide a message."""
    plain, selecting = broker.connect(), broker.connect()
    send_all(plain, "/queue/a", ["1", "2"], kind="a")
    plain.subscribe("/queue/a", headers=INDIVIDUAL | {"activemq.prefetchSize": 2})
    first, _ = plain.messages(2)
    for number in "12":
        selecting.subscribe("/queue/a", number, INDIVIDUAL | {"selector": "kind = 'b'"})
        if number == "1":
            selecting.ask("UNSUBSCRIBE", {"id": "1"})
            plain.acknowledge(first, "NACK")
            assert plain.message().text == "1"
    plain.close()
    with broker.connect() as other:
        other.subscribe("/queue/a")
        assert [message.text for message in other.messages(2)] == ["1", "2"]


def test_temporary_queue_does_not_survive_its_connection(broker: BrokerProcess) -> None:
    client = broker.connect()
    client.subscribe("/temp-queue/mine", headers=INDIVIDUAL)
    client.put("/temp-queue/mine", "x", **PERSISTENT)
    broker.kill()
    broker.start()
    queues = administrate(broker, "queues")["queues"]
    assert [one["messages"] for one in queues if "temp" in one["destination"]] == [0]
