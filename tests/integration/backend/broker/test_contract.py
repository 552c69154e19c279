"""What a STOMP broker does, checked on the embedded one and on a real ActiveMQ over bare sockets."""

import itertools
import json
import time
from collections.abc import Callable

import pytest

from tests.support.broker_access import BrokerAccess, Connect
from tests.support.stomp_socket import Closed, Frame, StompSocket
from tests.support.waiting import wait_for

INDIVIDUAL = {"ack": "client-individual"}


def bodies(messages: list[Frame]) -> list[str]:
    return [message.text for message in messages]


def put_all(client: StompSocket, destination: str, texts: list[str], **headers: object) -> None:
    for text in texts:
        assert client.put(destination, text, **headers).command == "RECEIPT"


# connecting


@pytest.mark.parametrize(
    ("offered", "agreed"), [("1.0", "1.0"), ("1.1", "1.1"), ("1.0,1.1,1.2", "1.2"), ("1.2,9.9", "1.2")]
)
def test_connect_versions_offered_agrees_on_highest(access: BrokerAccess, offered: str, agreed: str) -> None:
    with access.open() as client:
        answer = client.connect(access.user, access.password, offered)
        assert answer.command == "CONNECTED"
        assert answer.headers["version"] == agreed
        assert "/" in answer.headers["server"]
        assert answer.headers["session"]


def test_connect_no_common_version_is_an_error(access: BrokerAccess) -> None:
    with access.open() as client:
        assert client.connect(access.user, access.password, "9.9").command == "ERROR"


def test_connect_as_stomp_is_answered(access: BrokerAccess) -> None:
    with access.open() as client:
        headers = {"accept-version": "1.2", "host": "x", "login": access.user, "passcode": access.password}
        client.send_frame("STOMP", headers)
        assert client.frame().command == "CONNECTED"


@pytest.mark.parametrize("password", ["wrong", "", "pässwörd"])
def test_connect_wrong_password_is_refused_and_closed(access: BrokerAccess, password: str) -> None:
    with access.open() as client:
        assert client.connect(access.user, password).command == "ERROR"
        assert list(client.until_closed()) == []


def test_connect_client_id_in_use_is_refused(access: BrokerAccess, connect: Connect, name: str) -> None:
    first = connect(client_id=name)
    with access.open() as second:
        answer = second.connect(access.user, access.password, client_id=name)
        assert answer.command == "ERROR"
        assert name in answer.headers["message"]
    first.ask("DISCONNECT", {})
    wait_for(lambda: _can_connect(access, name))


def _can_connect(access: BrokerAccess, client_id: str) -> bool:
    with access.open() as client:
        return client.connect(access.user, access.password, client_id=client_id).command == "CONNECTED"


def test_send_before_connect_is_an_error(access: BrokerAccess) -> None:
    with access.open() as client:
        client.send("/queue/never", "x")
        assert client.frame().command == "ERROR"


def test_disconnect_gives_receipt_and_closes(connect: Connect) -> None:
    client = connect()
    assert client.ask("DISCONNECT", {}).command == "RECEIPT"
    with pytest.raises(Closed):
        client.frame()


# frames


def test_receipt_of_every_command_comes(connect: Connect, name: str) -> None:
    client = connect()
    queue = f"/queue/{name}"
    assert client.subscribe(queue, headers=INDIVIDUAL).command == "RECEIPT"
    assert client.put(queue, "one").headers["receipt-id"]
    message = client.message()
    assert client.ask("BEGIN", {"transaction": "t"}).command == "RECEIPT"
    assert client.ask("ACK", {"id": message.headers["ack"], "transaction": "t"}).command == "RECEIPT"
    assert client.ask("COMMIT", {"transaction": "t"}).command == "RECEIPT"
    assert client.ask("BEGIN", {"transaction": "t"}).command == "RECEIPT"
    assert client.ask("ABORT", {"transaction": "t"}).command == "RECEIPT"
    assert client.put(queue, "two").command == "RECEIPT"
    assert client.ask("NACK", {"id": client.message().headers["ack"]}).command == "RECEIPT"
    assert client.ask("UNSUBSCRIBE", {"id": "1"}).command == "RECEIPT"


def test_header_special_characters_are_kept(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}")
    client.send(f"/topic/{name}", "x", {"odd": "a:b\\c\nd", "when": "2026-01-01T10:00:00", "ümlaut": "grüß"})
    headers = client.message().headers
    assert headers["odd"] == "a:b\\c\nd"
    assert headers["when"] == "2026-01-01T10:00:00"
    assert headers["ümlaut"] == "grüß"


@pytest.mark.parametrize(
    ("sender", "receiver"), [("1.0", "1.2"), ("1.2", "1.0"), ("1.2", "1.1"), ("1.1", "1.2")]
)
def test_header_colon_is_kept_between_versions(
    connect: Connect, name: str, sender: str, receiver: str
) -> None:
    listener, client = connect(receiver), connect(sender)
    listener.subscribe(f"/topic/{name}")
    client.send(f"/topic/{name}", "x", {"when": "10:00:00"})
    assert listener.message().headers["when"] == "10:00:00"


def test_body_with_nuls_arrives_whole(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}")
    body = b"a\0b\n\n\0\0c" * 1000
    client.send(f"/topic/{name}", body)
    message = client.message()
    assert message.body == body
    assert message.headers["content-length"] == str(len(body))


def test_body_large_arrives_whole(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/queue/{name}")
    body = bytes(range(256)) * 4096 * 4
    client.send(f"/queue/{name}", body, {"persistent": "true"})
    assert client.message(20).body == body


def test_frame_in_single_bytes_is_read(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}")
    for byte in f"SEND\ndestination:/topic/{name}\n\nslow\0\n".encode():
        client.raw(bytes([byte]))
    assert client.message().text == "slow"


def test_frame_with_carriage_returns_is_read(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}")
    client.raw(f"SEND\r\ndestination:/topic/{name}\r\nodd:yes\r\n\r\nbody\0\r\n\r\n".encode())
    message = client.message()
    assert (message.text, message.headers["odd"]) == ("body", "yes")


def test_header_repeated_first_counts(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}")
    client.raw(f"SEND\ndestination:/topic/{name}\nodd:first\nodd:second\n\nx\0".encode())
    assert client.message().headers["odd"] == "first"


def test_message_has_standard_headers(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}", "s:1")
    headers = {
        "persistent": "true",
        "priority": "7",
        "type": "T",
        "correlation-id": "c",
        "reply-to": "/queue/r",
    }
    client.send(f"/topic/{name}", "x", headers | {"expires": "0"})
    got = client.message().headers
    assert got["subscription"] == "s:1"
    assert got["destination"] == f"/topic/{name}"
    assert got["message-id"]
    assert abs(int(got["timestamp"]) / 1000 - time.time()) < 60
    assert {name: got[name] for name in headers} == headers
    assert "receipt" not in got


@pytest.mark.parametrize("length", ["abc", "-5", "2"])
def test_content_length_wrong_closes(connect: Connect, name: str, length: str) -> None:
    client = connect()
    client.raw(f"SEND\ndestination:/queue/{name}\ncontent-length:{length}\n\nbody\0".encode())
    assert [frame.command for frame in client.until_closed()] in (["ERROR"], [])


def test_command_unknown_is_an_error(connect: Connect) -> None:
    client = connect()
    assert client.ask("FLY", {}).command == "ERROR"


@pytest.mark.parametrize(
    ("command", "headers"),
    [
        ("SEND", {}),
        ("SUBSCRIBE", {"id": "1"}),
        ("SUBSCRIBE", {"destination": "/topic/x"}),
        ("UNSUBSCRIBE", {"id": "nothing"}),
        ("ACK", {"id": "nothing"}),
        ("NACK", {"id": "nothing"}),
        ("COMMIT", {"transaction": "nothing"}),
        ("ABORT", {"transaction": "nothing"}),
        ("SEND", {"destination": "/queue/never", "transaction": "nothing"}),
        ("CONNECT", {}),
    ],
)
def test_frame_invalid_is_an_error_with_receipt_id(
    connect: Connect, command: str, headers: dict[str, object]
) -> None:
    client = connect()
    answer = client.ask(command, headers)
    assert answer.command == "ERROR"
    assert answer.headers["receipt-id"] == "r1"
    assert answer.headers["message"]


def test_begin_twice_is_an_error(connect: Connect) -> None:
    client = connect()
    assert client.ask("BEGIN", {"transaction": "t"}).command == "RECEIPT"
    assert client.ask("BEGIN", {"transaction": "t"}).command == "ERROR"


# heartbeats


def test_heartbeat_requested_is_sent(connect: Connect) -> None:
    client = connect(heart_beat="0,400")
    client.socket.settimeout(2)
    assert [client.socket.recv(1) for _ in range(4)] == [b"\n"] * 4


def test_heartbeat_answer_mirrors_request(access: BrokerAccess) -> None:
    with access.open() as client:
        answer = client.connect(access.user, access.password, heart_beat="1000,2000")
        assert answer.headers["heart-beat"] == "2000,1000"


def test_heartbeat_missing_closes(connect: Connect) -> None:
    client = connect(heart_beat="300,0")
    assert all(frame.command == "ERROR" for frame in client.until_closed())


def test_heartbeat_sent_keeps_connection(connect: Connect, name: str) -> None:
    client = connect(heart_beat="500,0")
    for _ in range(8):
        assert client.silent(0.25)
        client.raw(b"\n")
    assert client.put(f"/topic/{name}").command == "RECEIPT"


# topics


def test_topic_subscribers_get_every_message_in_order(connect: Connect, name: str) -> None:
    listeners = [connect() for _ in range(3)]
    for listener in listeners:
        listener.subscribe(f"/topic/{name}")
    texts = [str(number) for number in range(50)]
    put_all(connect(), f"/topic/{name}", texts)
    received = [listener.messages(50) for listener in listeners]
    assert all(bodies(messages) == texts for messages in received)
    assert len({message.headers["message-id"] for messages in received for message in messages}) == 50


def test_topic_later_subscriber_gets_no_earlier_message(connect: Connect, name: str) -> None:
    client = connect()
    client.put(f"/topic/{name}", "early", persistent="true")
    client.subscribe(f"/topic/{name}")
    assert client.silent()


def test_unsubscribe_ends_delivery(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}")
    client.ask("UNSUBSCRIBE", {"id": "1"})
    client.put(f"/topic/{name}", "x")
    assert client.silent()


def test_topic_wildcards_match_one_element_or_the_rest(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}.*", "one")
    client.subscribe(f"/topic/{name}.>", "rest")
    client.subscribe(f"/topic/{name}.*.c", "middle")
    for end in ("", ".a", ".a.c", "x"):
        client.put(f"/topic/{name}{end}", end)
    got = sorted((message.headers["subscription"], message.text) for message in client.messages(5))
    assert got == [("middle", ".a.c"), ("one", ".a"), ("rest", ""), ("rest", ".a"), ("rest", ".a.c")]
    assert client.silent()


def test_topic_prefetch_limits_unacknowledged_messages(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}", headers=INDIVIDUAL | {"activemq.prefetchSize": 2})
    put_all(connect(), f"/topic/{name}", list("abcd"))
    first, second = client.messages(2)
    assert client.silent()
    client.acknowledge(first)
    client.acknowledge(second)
    assert bodies(client.messages(2)) == ["c", "d"]


# queues


def test_queue_without_consumer_keeps_messages_in_order(connect: Connect, name: str) -> None:
    texts = [str(number) for number in range(30)]
    put_all(connect(), f"/queue/{name}", texts, persistent="true")
    client = connect()
    client.subscribe(f"/queue/{name}")
    messages = client.messages(30)
    assert bodies(messages) == texts
    assert all("redelivered" not in message.headers for message in messages)


def test_queue_consumers_take_turns(connect: Connect, name: str) -> None:
    consumers = [connect(), connect()]
    for consumer in consumers:
        consumer.subscribe(f"/queue/{name}")
    put_all(connect(), f"/queue/{name}", list("abcdef"))
    shares = [bodies(consumer.messages(3)) for consumer in consumers]
    assert sorted(itertools.chain(*shares)) == list("abcdef")
    assert all(share == sorted(share) for share in shares)


def test_queue_prefetch_of_one_gives_one_at_a_time(connect: Connect, name: str) -> None:
    one, other = connect(), connect()
    for consumer in (one, other):
        consumer.subscribe(f"/queue/{name}", headers=INDIVIDUAL | {"activemq.prefetchSize": 1})
    put_all(connect(), f"/queue/{name}", list("abcd"))
    first, second = one.message(), other.message()
    assert one.silent()
    assert other.silent(0.05)
    one.acknowledge(first)
    third = one.message()
    other.acknowledge(second)
    assert sorted([first.text, second.text, third.text, other.message().text]) == list("abcd")


def test_queue_consumer_lost_messages_are_redelivered_in_order(connect: Connect, name: str) -> None:
    first = connect()
    first.subscribe(f"/queue/{name}", headers=INDIVIDUAL)
    put_all(connect(), f"/queue/{name}", list("abcd"), persistent="true")
    messages = first.messages(4)
    first.acknowledge(messages[1])
    assert first.put(f"/topic/{name}").command == "RECEIPT"
    first.close()
    second = connect()
    second.subscribe(f"/queue/{name}", headers=INDIVIDUAL)
    again = second.messages(3)
    assert bodies(again) == ["a", "c", "d"]
    assert all(message.headers["redelivered"] == "true" for message in again)
    assert [message.headers["message-id"] for message in again] == [
        messages[number].headers["message-id"] for number in (0, 2, 3)
    ]


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_ack_mode_client_is_cumulative(connect: Connect, name: str, version: str) -> None:
    first = connect(version)
    first.subscribe(f"/queue/{name}", headers={"ack": "client"})
    put_all(connect(), f"/queue/{name}", list("abcd"))
    messages = first.messages(4)
    first.acknowledge(messages[2], receipt="done")
    assert first.answer("done").command == "RECEIPT"
    first.close()
    second = connect()
    second.subscribe(f"/queue/{name}")
    assert second.message().text == "d"
    assert second.silent()


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_ack_mode_individual_is_for_one_message(connect: Connect, name: str, version: str) -> None:
    first = connect(version)
    first.subscribe(f"/queue/{name}", headers=INDIVIDUAL)
    put_all(connect(), f"/queue/{name}", list("abc"))
    messages = first.messages(3)
    assert ("ack" in messages[1].headers) == (version == "1.2")
    first.acknowledge(messages[1], receipt="done")
    assert first.answer("done").command == "RECEIPT"
    first.close()
    second = connect()
    second.subscribe(f"/queue/{name}")
    assert bodies(second.messages(2)) == ["a", "c"]
    assert second.silent()


def test_unsubscribe_returns_unacknowledged_messages(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/queue/{name}", headers=INDIVIDUAL)
    client.put(f"/queue/{name}", "x")
    client.message()
    client.ask("UNSUBSCRIBE", {"id": "1"})
    client.subscribe(f"/queue/{name}", "2")
    assert client.message().headers["redelivered"] == "true"


def test_nack_repeated_moves_message_to_dead_letter_queue(connect: Connect, name: str) -> None:
    client, dead_letters = connect(), connect()
    dead_letters.subscribe("/queue/ActiveMQ.DLQ", headers={"selector": f"test = '{name}'"})
    client.subscribe(f"/queue/{name}", headers=INDIVIDUAL)
    client.put(f"/queue/{name}", "poison", persistent="true", test=name)
    refused = 0
    while dead_letters.silent(0.2):
        client.acknowledge(client.message(), "NACK")
        refused += 1
        assert refused <= 7
    dead = dead_letters.message()
    assert dead.text == "poison"
    assert dead.headers["original-destination"] == f"/queue/{name}"
    assert client.silent()


def test_queue_expired_message_is_not_delivered(connect: Connect, name: str) -> None:
    client = connect()
    soon = int(time.time() * 1000) + 300
    client.put(f"/queue/{name}", "late", expires=soon)
    client.put(f"/queue/{name}", "in time", expires=soon + 60_000)
    wait_for(lambda: time.time() * 1000 > soon + 50)
    client.subscribe(f"/queue/{name}")
    message = client.message()
    assert message.text == "in time"
    assert message.headers["expires"] == str(soon + 60_000)


def test_browser_takes_no_message(connect: Connect, name: str) -> None:
    client = connect()
    put_all(client, f"/queue/{name}", list("abc"), persistent="true")
    client.subscribe(f"/queue/{name}", "look", {"browser": "true"})
    seen = client.messages(4)
    assert bodies(seen) == ["a", "b", "c", ""]
    assert seen[3].headers["browser"] == "end"
    assert seen[3].headers["subscription"] == "look"
    client.ask("UNSUBSCRIBE", {"id": "look"})
    client.subscribe(f"/queue/{name}", "take")
    assert bodies(client.messages(3)) == list("abc")


# transactions


def test_commit_delivers_messages_of_transaction(connect: Connect, name: str) -> None:
    listener, client = connect(), connect()
    listener.subscribe(f"/queue/{name}")
    client.ask("BEGIN", {"transaction": "t"})
    put_all(client, f"/queue/{name}", list("ab"), transaction="t")
    assert listener.silent()
    client.ask("COMMIT", {"transaction": "t"})
    assert bodies(listener.messages(2)) == ["a", "b"]


def test_abort_drops_messages_of_transaction(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/queue/{name}")
    client.ask("BEGIN", {"transaction": "t"})
    client.put(f"/queue/{name}", "never", transaction="t")
    client.ask("ABORT", {"transaction": "t"})
    client.put(f"/queue/{name}", "yes")
    assert client.message().text == "yes"


def test_transaction_ends_with_its_connection(connect: Connect, name: str) -> None:
    client, other = connect(), connect()
    client.ask("BEGIN", {"transaction": "t"})
    client.put(f"/queue/{name}", "never", transaction="t")
    client.close()
    other.subscribe(f"/queue/{name}")
    assert other.silent()


def test_abort_undoes_acknowledgements(connect: Connect, name: str) -> None:
    client, other = connect(), connect()
    client.subscribe(f"/queue/{name}", headers=INDIVIDUAL)
    client.put(f"/queue/{name}", "x")
    message = client.message()
    client.ask("BEGIN", {"transaction": "t"})
    client.acknowledge(message, transaction="t")
    client.ask("ABORT", {"transaction": "t"})
    client.ask("UNSUBSCRIBE", {"id": "1"})
    other.subscribe(f"/queue/{name}")
    assert other.message().text == "x"


def test_commit_keeps_acknowledgements(connect: Connect, name: str) -> None:
    client, other = connect(), connect()
    client.subscribe(f"/queue/{name}", headers=INDIVIDUAL)
    client.put(f"/queue/{name}", "x")
    message = client.message()
    client.ask("BEGIN", {"transaction": "t"})
    client.acknowledge(message, transaction="t")
    client.ask("COMMIT", {"transaction": "t"})
    client.close()
    other.subscribe(f"/queue/{name}")
    assert other.silent()


# durable subscriptions and virtual topics


def test_durable_subscription_inactive_keeps_messages(connect: Connect, name: str) -> None:
    topic, durable = f"/topic/{name}", INDIVIDUAL | {"activemq.subscriptionName": "mine"}
    client = connect(client_id=name)
    client.subscribe(topic, headers=durable)
    sender = connect()
    sender.put(topic, "a", persistent="true")
    first = client.message()
    client.ask("ACK", {"id": first.headers["ack"]})
    client.close()
    put_all(sender, topic, list("bcd"), persistent="true")
    wait_for(lambda: _free(connect, name))
    again = connect(client_id=name)
    again.subscribe(topic, headers=durable)
    messages = again.messages(3)
    assert (first.text, *bodies(messages)) == ("a", "b", "c", "d")
    assert again.silent()
    _end_durable(again)


def _free(connect: Connect, client_id: str) -> bool:
    try:
        return connect(client_id=client_id).ask("DISCONNECT", {}).command == "RECEIPT"
    except AssertionError:
        return False


def _end_durable(client: StompSocket) -> None:
    assert client.ask("UNSUBSCRIBE", {"id": "1"}).command == "RECEIPT"
    ended = client.ask("UNSUBSCRIBE", {"id": "1", "activemq.subscriptionName": "mine"})
    assert ended.command == "RECEIPT"


def test_durable_subscription_active_twice_is_an_error(connect: Connect, name: str) -> None:
    client = connect(client_id=name)
    durable = {"activemq.subscriptionName": "mine"}
    assert client.subscribe(f"/topic/{name}", "1", durable).command == "RECEIPT"
    assert client.subscribe(f"/topic/{name}", "2", durable).command == "ERROR"


def test_durable_subscription_removed_keeps_no_message(connect: Connect, name: str) -> None:
    client = connect(client_id=name)
    durable = {"activemq.subscriptionName": "mine"}
    client.subscribe(f"/topic/{name}", headers=durable)
    _end_durable(client)
    client.put(f"/topic/{name}", "lost", persistent="true")
    client.subscribe(f"/topic/{name}", headers=durable)
    assert client.silent()
    _end_durable(client)


def test_virtual_topic_queue_gets_every_message(connect: Connect, name: str) -> None:
    client, sender = connect(), connect()
    queue, topic = f"/queue/Consumer.A.{name}", f"/topic/{name}"
    client.subscribe(queue, "q", INDIVIDUAL)
    client.subscribe(topic, "t")
    sender.put(topic, "a", persistent="true")
    copies = {message.headers["subscription"]: message for message in client.messages(2)}
    assert copies["q"].headers["destination"] == queue
    assert copies["t"].headers["destination"] == topic
    client.acknowledge(copies["q"])
    client.ask("UNSUBSCRIBE", {"id": "q"})
    sender.put(topic, "b", persistent="true")
    assert client.message().headers["subscription"] == "t"
    client.subscribe(queue, "q")
    assert client.message().text == "b"
    assert client.silent()


# selectors


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        ("kind = 'a'", "ac"),
        ("kind <> 'a'", "b"),
        ("number = 2", "b"),
        ("number = '2'", "b"),
        ("number > 1", "bc"),
        ("number >= 2 AND number < 3", "b"),
        ("number <= 1 OR kind IN ('b', 'z')", "ab"),
        ("kind NOT IN ('a')", "b"),
        ("NOT (kind = 'a')", "b"),
        ("name LIKE 'stf%'", "ac"),
        ("name LIKE '_f%'", "b"),
        ("name LIKE 'tf!_%' ESCAPE '!'", "b"),
        ("name NOT LIKE 'stf%'", "b"),
        ("extra IS NULL", "ab"),
        ("extra IS NOT NULL", "c"),
        ("extra = 'x'", "c"),
        ("NOT (extra = 'x')", ""),
        ("extra <> 'y' OR kind = 'b'", "bc"),
        ("number BETWEEN 2 AND 3", "bc"),
        ("quote = 'it''s'", "c"),
        ("JMSType = 'T'", "b"),
        ("kind = 'a' and name like '%2' or number = 2", "bc"),
        ("1 = 1", "abc"),
    ],
)
def test_selector_selects_messages(connect: Connect, name: str, selector: str, wanted: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}", headers={"selector": f"({selector}) OR last = 'yes'"})
    client.send(f"/topic/{name}", "a", {"kind": "a", "number": 1, "name": "stf_1"})
    client.send(f"/topic/{name}", "b", {"kind": "b", "number": 2, "name": "tf_1", "type": "T"})
    third = {"kind": "a", "number": 3, "name": "stf_2", "extra": "x", "quote": "it's"}
    client.send(f"/topic/{name}", "c", third)
    client.send(f"/topic/{name}", "last", {"last": "yes"})
    texts = iter(lambda: client.message().text, "last")
    assert "".join(texts) == wanted


@pytest.mark.parametrize("selector", ["a = = 1", "(a = 1", "a = 'x", "a != 1", "a LIKE 1", "a IN ()", ""])
def test_selector_invalid_is_an_error(connect: Connect, name: str, selector: str) -> None:
    assert connect().subscribe(f"/topic/{name}", headers={"selector": selector}).command == "ERROR"


def test_queue_message_not_selected_stays_for_others(connect: Connect, name: str) -> None:
    one, other = connect(), connect()
    one.subscribe(f"/queue/{name}", headers={"selector": "namespace = 'one'"})
    put_all(one, f"/queue/{name}", ["x"], namespace="other")
    put_all(one, f"/queue/{name}", ["y"], namespace="one")
    assert one.message().text == "y"
    other.subscribe(f"/queue/{name}", headers={"selector": "namespace = 'other'"})
    assert other.message().text == "x"


# replies


def test_temporary_queue_receives_reply(connect: Connect, name: str) -> None:
    asker, answerer = connect(), connect()
    asker.subscribe("/temp-queue/answers", "t")
    answerer.subscribe(f"/queue/{name}")
    asker.send(f"/queue/{name}", "question", {"reply-to": "/temp-queue/answers", "correlation-id": "7"})
    question = answerer.message()
    assert (
        answerer.put(question.headers["reply-to"], "answer", **{"correlation-id": "7"}).command == "RECEIPT"
    )
    answer = asker.message()
    assert (answer.text, answer.headers["correlation-id"]) == ("answer", "7")
    assert answer.headers["destination"] == "/temp-queue/answers"
    asker.ask("DISCONNECT", {})
    wait_for(lambda: answerer.put(question.headers["reply-to"], "late").command == "ERROR")


# what exists


def test_advisories_report_connections(connect: Connect, name: str) -> None:
    connect(client_id=name + ".before")
    client = connect()
    client.subscribe("/topic/ActiveMQ.Advisory.Connection")
    _until(client, lambda facts: _client_id(facts) == name + ".before")
    other = connect(client_id=name)
    started = _until(client, lambda facts: _client_id(facts) == name)
    other.ask("DISCONNECT", {})
    other.close()
    number = started["ConnectionInfo"]["connectionId"]["value"]
    _until(client, lambda facts: facts.get("RemoveInfo", {}).get("objectId", {}).get("value") == number)


def _client_id(facts: dict[str, dict[str, object]]) -> object:
    return facts.get("ConnectionInfo", {}).get("clientId")


def _until(client: StompSocket, wanted: Callable[..., bool]) -> dict[str, dict[str, dict[str, object]]]:
    while True:
        message = client.message()
        assert message.headers["type"] == "Advisory"
        facts: dict[str, dict[str, dict[str, object]]] = json.loads(message.body)
        if wanted(facts):
            return facts


@pytest.mark.parametrize("kind", ["Topic", "Queue"])
def test_advisories_report_destinations(connect: Connect, name: str, kind: str) -> None:
    client = connect()
    prefix = f"/{kind.lower()}/{name}"
    client.put(prefix + ".before", "x")
    client.subscribe(f"/topic/ActiveMQ.Advisory.{kind}", "a")
    _until(client, lambda facts: _destination(facts) == ("ActiveMQ" + kind, name + ".before"))
    client.put(prefix + ".after", "x")
    _until(client, lambda facts: _destination(facts) == ("ActiveMQ" + kind, name + ".after"))


def _destination(
    facts: dict[str, dict[str, dict[str, object]]], of: str = "DestinationInfo"
) -> tuple[object, object]:
    destination = facts.get(of, {}).get("destination", {})
    return destination.get("@class"), destination.get("string")


@pytest.mark.parametrize("kind", ["Topic", "Queue"])
def test_advisories_report_consumers(connect: Connect, name: str, kind: str) -> None:
    client, other = connect(), connect()
    other.subscribe(f"/{kind.lower()}/{name}", "before")
    client.subscribe(f"/topic/ActiveMQ.Advisory.Consumer.{kind}.>", "a")
    wanted = ("ActiveMQ" + kind, name)
    _until(client, lambda facts: _destination(facts, "ConsumerInfo") == wanted)
    other.subscribe(f"/{kind.lower()}/{name}", "after")
    number = _until(client, lambda facts: _destination(facts, "ConsumerInfo") == wanted)["ConsumerInfo"][
        "consumerId"
    ]
    other.ask("UNSUBSCRIBE", {"id": "after"})
    gone = _until(client, lambda facts: "RemoveInfo" in facts)["RemoveInfo"]["objectId"]
    assert {key: gone[key] for key in number} == number


def test_statistics_report_a_queue(connect: Connect, name: str) -> None:
    sender, client = connect(), connect()
    put_all(sender, f"/queue/{name}", list("abc"), persistent="true")
    sender.subscribe(f"/queue/{name}", headers=INDIVIDUAL | {"activemq.prefetchSize": 1})
    sender.ask("ACK", {"id": sender.message().headers["ack"]})
    assert sender.message().text == "b"
    facts = _statistics(client, f"Destination.{name}")
    assert facts["destinationName"] == f"queue://{name}"
    expected = {"size": 2, "enqueueCount": 3, "dequeueCount": 1, "consumerCount": 1, "inflightCount": 1}
    assert {key: facts[key] for key in expected} == expected


def test_statistics_report_the_broker(connect: Connect) -> None:
    facts = _statistics(connect(), "Broker")
    assert {"brokerName", "brokerId", "size", "enqueueCount", "memoryUsage", "storeUsage"} <= facts.keys()


def _statistics(client: StompSocket, what: str) -> dict[str, object]:
    client.subscribe("/temp-queue/facts", "facts", {"transformation": "jms-map-json"})
    question = {"reply-to": "/temp-queue/facts", "correlation-id": "42"}
    client.send(f"/queue/ActiveMQ.Statistics.{what}", "", question)
    message = client.message()
    assert message.headers["transformation"] == "jms-map-json"
    facts = {}
    for entry in json.loads(message.body)["map"]["entry"]:
        (name, value) = entry["string"] if isinstance(entry["string"], list) else entry.values()
        facts[name] = value
    return facts
