"""Requests of an administrator to a running embedded broker."""

import json
from typing import Any

import pytest

from tests.support.processes.broker import BrokerProcess
from tests.support.stomp_socket import StompSocket

from .conftest import LimitedBroker

ADMIN = "/queue/SWF.Broker.Admin"
REPLIES = "/temp-queue/replies"
PERSISTENT = {"persistent": "true"}
INDIVIDUAL = {"ack": "client-individual"}
DURABLE = INDIVIDUAL | {"activemq.subscriptionName": "mine"}


class Administrator:
    """A client that sends requests and reads the replies."""

    def __init__(self, broker: BrokerProcess) -> None:
        self.client = broker.connect()
        self.client.subscribe(REPLIES, "admin")

    def request(self, command: str, **parameters: object) -> dict[str, Any]:
        body = json.dumps({"command": command} | parameters)
        self.client.send(ADMIN, body, {"reply-to": REPLIES, "correlation-id": command})
        message = self.client.message()
        assert message.headers["correlation-id"] == command
        reply: dict[str, Any] = json.loads(message.text)
        return reply


def send_all(client: StompSocket, destination: str, bodies: list[str], **headers: object) -> None:
    for body in bodies:
        assert client.put(destination, body, **PERSISTENT, **headers).command == "RECEIPT"


def test_admin_queues_lists_counts_ages_sizes_and_consumers(broker: BrokerProcess) -> None:
    client = broker.connect(client_id="worker")
    send_all(client, "/queue/b", ["1", "2", "3"])
    client.subscribe("/queue/b", "7", INDIVIDUAL | {"activemq.prefetchSize": 1, "selector": "a IS NULL"})
    client.message()
    send_all(client, "/queue/a", ["x"])
    reply = Administrator(broker).request("queues")
    assert reply["ok"] is True
    assert reply["more"] is False
    first, second = (one for one in reply["queues"] if one["destination"].startswith("/queue/"))
    assert (first["destination"], first["messages"], first["consumers"]) == ("/queue/a", 1, [])
    assert (second["destination"], second["messages"], second["in_flight"]) == ("/queue/b", 3, 1)
    assert second["bytes"] > 300
    assert second["full"] is False
    assert 0 <= second["oldest_seconds"] < 60
    (consumer,) = second["consumers"]
    assert consumer["client_id"] == "worker"
    assert (consumer["subscription"], consumer["ack"], consumer["prefetch"]) == ("7", "client-individual", 1)
    assert (consumer["unacknowledged"], consumer["selector"]) == (1, "a IS NULL")


def test_admin_lists_are_paged(broker: BrokerProcess) -> None:
    client = broker.connect()
    for name in "abc":
        client.put(f"/queue/{name}")
    administrator = Administrator(broker)
    first = administrator.request("queues", limit=2)
    assert [one["destination"] for one in first["queues"]] == ["/queue/a", "/queue/b"]
    assert first["more"] is True
    second = administrator.request("queues", limit=1, after="/queue/b")
    assert [one["destination"] for one in second["queues"]] == ["/queue/c"]


def test_admin_subscriptions_shows_active_and_abandoned(broker: BrokerProcess) -> None:
    broker.connect(client_id="me").subscribe("/topic/a", headers=DURABLE)
    send_all(broker.connect(), "/topic/a", ["x" * 1000] * 3)
    administrator = Administrator(broker)
    (active,) = administrator.request("subscriptions")["subscriptions"]
    assert (active["client_id"], active["name"], active["destination"]) == ("me", "mine", "/topic/a")
    assert (active["active"], active["messages"], active["in_flight"]) == (True, 3, 3)
    broker.kill()
    broker.start()
    (abandoned,) = Administrator(broker).request("subscriptions")["subscriptions"]
    assert (abandoned["active"], abandoned["messages"], abandoned["in_flight"]) == (False, 3, 0)
    assert abandoned["bytes"] == active["bytes"]
    assert abandoned["oldest_seconds"] >= active["oldest_seconds"]


def test_admin_drop_removes_abandoned_subscription(broker: BrokerProcess) -> None:
    client = broker.connect(client_id="me")
    client.subscribe("/topic/a", headers=DURABLE)
    administrator = Administrator(broker)
    refused = administrator.request("drop", client_id="me", name="mine")
    assert (refused["ok"], refused["error"]) == (False, "Durable consumer is in use")
    client.ask("UNSUBSCRIBE", {"id": "1"})
    send_all(broker.connect(), "/topic/a", ["1", "2"])
    assert administrator.request("drop", client_id="me", name="mine") == {"ok": True, "removed": 2}
    assert administrator.request("subscriptions")["subscriptions"] == []
    assert administrator.request("drop", client_id="me", name="mine")["ok"] is False
    administrator.client.put("/queue/any", **PERSISTENT)
    broker.kill()
    broker.start()
    assert Administrator(broker).request("subscriptions")["subscriptions"] == []


def test_admin_purge_removes_waiting_and_leaves_delivered(limited_broker: LimitedBroker) -> None:
    broker = limited_broker(window_messages=50)
    client = broker.connect()
    for number in range(200):
        client.send("/queue/a", str(number), PERSISTENT)
    client.put("/queue/a", "200", **PERSISTENT)
    client.subscribe("/queue/a", headers=INDIVIDUAL | {"activemq.prefetchSize": 2})
    delivered = client.messages(2)
    administrator = Administrator(broker)
    assert administrator.request("purge", destination="/queue/a") == {"ok": True, "removed": 199}
    client.put("/queue/a", "new", **PERSISTENT)
    for message in delivered:
        client.acknowledge(message)
    assert client.message().text == "new"
    assert client.silent()


def test_admin_browse_shows_messages_in_memory_and_on_disk(limited_broker: LimitedBroker) -> None:
    broker = limited_broker(window_messages=50)
    client = broker.connect()
    send_all(client, "/queue/a", [f"{number}:{'x' * 100}" for number in range(100)], kind="k")
    client.subscribe("/queue/a", headers=INDIVIDUAL | {"activemq.prefetchSize": 1})
    client.message()
    administrator = Administrator(broker)
    reply = administrator.request("browse", destination="/queue/a", limit=80, body_bytes=50)
    messages = reply["messages"]
    assert reply["more"] is True
    assert [one["body"].partition(":")[0] for one in messages] == [str(number) for number in range(80)]
    assert [one["state"] for one in messages] == ["delivered"] + ["waiting"] * 79
    assert messages[0]["headers"]["kind"] == "k"
    assert messages[0]["body_truncated"] is True
    reply = administrator.request("browse", destination="/queue/a", after=messages[-1]["sequence"])
    assert [one["body"].partition(":")[0] for one in reply["messages"]] == [str(n) for n in range(80, 100)]
    assert reply["more"] is False


def dead_letters(broker: BrokerProcess, bodies: list[str]) -> list[dict[str, Any]]:
    """Bring messages to /queue/work to the dead-letter queue, and browse it."""
    client = broker.connect()
    send_all(client, "/queue/work", bodies)
    client.subscribe("/queue/work", headers=INDIVIDUAL)
    for _ in range(7 * len(bodies)):
        client.acknowledge(client.message(), "NACK")
    client.ask("UNSUBSCRIBE", {"id": "1"})
    messages: list[dict[str, Any]] = Administrator(broker).request(
        "browse", destination="/queue/ActiveMQ.DLQ"
    )["messages"]
    return messages


def test_admin_resend_sends_dead_letters_to_original_destination(broker: BrokerProcess) -> None:
    first, second = dead_letters(broker, ["one", "two"])
    assert first["headers"]["original-destination"] == "/queue/work"
    administrator = Administrator(broker)
    reply = administrator.request("resend", destination="/queue/ActiveMQ.DLQ", ids=[second["id"], "unknown"])
    assert reply == {"ok": True, "resent": 1}
    (left,) = administrator.request("browse", destination="/queue/ActiveMQ.DLQ")["messages"]
    assert left["body"] == "one"
    client = broker.connect()
    client.subscribe("/queue/work")
    message = client.message()
    assert (message.text, message.headers["message-id"]) == ("two", second["id"])
    assert "dlqDeliveryFailureCause" not in message.headers
    assert client.silent()


def test_admin_discard_removes_single_messages(broker: BrokerProcess) -> None:
    first, _ = dead_letters(broker, ["one", "two"])
    administrator = Administrator(broker)
    reply = administrator.request("discard", destination="/queue/ActiveMQ.DLQ", ids=[first["id"]])
    assert reply == {"ok": True, "removed": 1}
    (left,) = administrator.request("browse", destination="/queue/ActiveMQ.DLQ")["messages"]
    assert left["body"] == "two"


def test_admin_compact_gives_space_back(broker: BrokerProcess) -> None:
    reply = Administrator(broker).request("compact")
    assert reply["ok"] is True
    assert reply["after_bytes"] <= reply["before_bytes"]


def test_admin_status_accepting_has_no_reason(broker: BrokerProcess) -> None:
    status = Administrator(broker).request("status")["status"]
    assert (status["accepts"], status["reason"]) == (True, "")
    assert status["disk_free_bytes"] > 0
    assert status["connections"] == 1


def test_admin_topics_counts_subscribers(broker: BrokerProcess) -> None:
    broker.connect(client_id="me").subscribe("/topic/a", headers=DURABLE)
    broker.connect().subscribe("/topic/a")
    (topic,) = Administrator(broker).request("topics")["topics"]
    assert (topic["destination"], topic["subscribers"], topic["durable_subscriptions"]) == ("/topic/a", 1, 1)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("no json", "The request is not JSON"),
        ("[" * 100_000, "The request is not JSON"),
        ("[]", "The request is not a JSON object"),
        ("{}", "command: None not found"),
        ('{"command": ["queues"]}', "command: ['queues'] not found"),
        ('{"command": "queues", "limit": -1}', "limit: -1 is not a number of 0 or more"),
        ('{"command": "queues", "after": 1}', "after: 1 is not a string"),
        ('{"command": "subscriptions", "after": "x"}', "after: not a list of client id and name"),
        ('{"command": "purge", "destination": "/queue/none"}', "/queue/none not found"),
        ('{"command": "discard", "destination": "/queue/none"}', "/queue/none not found"),
    ],
)
def test_admin_request_wrong_gets_error_reply(broker: BrokerProcess, body: str, error: str) -> None:
    client = broker.connect()
    client.subscribe(REPLIES)
    client.send(ADMIN, body, {"reply-to": REPLIES})
    reply = json.loads(client.message().text)
    assert (reply["ok"], reply["error"]) == (False, error)


def test_admin_request_without_reply_to_is_an_error(broker: BrokerProcess) -> None:
    answer = broker.connect().put(ADMIN, '{"command": "status"}')
    assert answer.command == "ERROR"
    assert "reply-to" in answer.headers["message"]


def test_admin_destination_takes_no_subscriber(broker: BrokerProcess) -> None:
    assert broker.connect().subscribe(ADMIN).command == "ERROR"
