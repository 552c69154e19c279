"""STOMP 1.0, 1.1 and 1.2 clause by clause, against the embedded broker and a real ActiveMQ.

Each test names its clause: the version of the specification (the earliest that has it as it is tested), the
section, and what it requires. Where ActiveMQ deviates, `activemq` says how, and the test must fail there.
https://stomp.github.io/stomp-specification-1.2.html
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.support.broker_access import BrokerAccess, Connect
from tests.support.stomp_socket import Closed, Frame, StompSocket, encode

INDIVIDUAL = {"ack": "client-individual"}
ESCAPING = ("1.1", "1.2")
VERSIONS = ("1.0", "1.1", "1.2")
TestFunction = Callable[..., None]


@dataclass(frozen=True)
class Clause:
    """What a test checks. `activemq` is how ActiveMQ deviates, "" where it does not."""

    version: str
    section: str
    requirement: str
    activemq: str = ""


CLAUSES: dict[str, Clause] = {}


def clause(
    version: str, section: str, requirement: str, *, activemq: str = ""
) -> Callable[[TestFunction], TestFunction]:
    """Name the clause of a test."""

    def named(test: TestFunction) -> TestFunction:
        assert test.__name__ not in CLAUSES
        CLAUSES[test.__name__] = Clause(version, section, requirement, activemq)
        return test

    return named


@pytest.fixture(autouse=True)
def _deviation(request: pytest.FixtureRequest, access: BrokerAccess) -> None:
    """A test of a clause from which ActiveMQ always deviates must fail there: else the table is outdated."""
    deviation = CLAUSES[request.node.originalname].activemq
    if access.kind == "activemq" and deviation:
        request.node.add_marker(pytest.mark.xfail(reason=deviation, strict="sometimes" not in deviation))


def commands(client: StompSocket, within: float = 1.5) -> list[str]:
    """The commands of all frames until the broker closes, which it must do."""
    found = []
    while True:
        try:
            found.append(client.frame(within).command)
        except (Closed, ConnectionError):
            return found


def assert_error_closes(client: StompSocket) -> Frame:
    """The next frame is ERROR, and the connection is closed after it."""
    error = client.frame(3)
    assert error.command == "ERROR", error
    assert commands(client) == []
    return error


# STOMP frames


@clause("1.2", "STOMP Frames", "a line ends with an optional carriage return and a required line feed")
def test_frame_lines_with_carriage_returns_are_read(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}")
    client.raw(f"SEND\r\ndestination:/topic/{name}\r\nodd:yes\r\n\r\nx\0".encode())
    assert client.message().headers["odd"] == "yes"


@clause("1.0", "Frames", "any number of line feeds may follow the NULL of a frame")
def test_frame_followed_by_line_feeds_is_read(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}")
    client.raw(f"\n\n\nSEND\ndestination:/topic/{name}\n\nx\0\n\n\n".encode() * 2)
    assert [message.text for message in client.messages(2)] == ["x", "x"]


@clause("1.1", "STOMP Frames", "commands and headers are case-sensitive")
def test_frame_command_in_another_case_is_an_error(connect: Connect) -> None:
    client = connect()
    client.raw(b"send\ndestination:/topic/a\n\nx\0")
    assert_error_closes(client)


@clause("1.1", "STOMP Frames", "headers are case-sensitive", activemq="the connection stays open after ERROR")
def test_frame_header_in_another_case_is_another_header(connect: Connect) -> None:
    client = connect()
    client.raw(b"SEND\nDestination:/topic/a\n\nx\0")
    assert_error_closes(client)


@clause("1.0", "Commands", "an unknown command is an ERROR")
def test_frame_unknown_command_is_an_error(connect: Connect) -> None:
    client = connect()
    client.raw(b"FLY\n\n\0")
    assert_error_closes(client)


# value encoding


@clause("1.1", "Value Encoding", "commands and headers are UTF-8")
@pytest.mark.parametrize("version", ESCAPING)
def test_header_in_utf_8_is_kept(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    client.subscribe(f"/topic/{name}")
    client.send(f"/topic/{name}", "x", {"größe": "ümlaut €"})
    assert client.message().headers["größe"] == "ümlaut €"


@clause("1.1", "Value Encoding", "line feed, colon and backslash are escaped both ways")
@pytest.mark.parametrize("version", ESCAPING)
def test_header_escapes_are_decoded_and_encoded(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    client.subscribe(f"/topic/{name}")
    client.raw(f"SEND\ndestination:/topic/{name}\no\\cd:a\\nb\\cc\\\\d\n\nx\0".encode())
    assert client.message().headers["o:d"] == "a\nb:c\\d"


@clause("1.2", "Value Encoding", "carriage return is escaped as \\r")
def test_header_escaped_carriage_return_is_decoded(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}")
    client.raw(f"SEND\ndestination:/topic/{name}\nodd:a\\rb\n\nx\0".encode())
    assert client.message().headers["odd"] == "a\rb"


@clause(
    "1.1",
    "Value Encoding",
    "an undefined escape is a fatal protocol error",
    activemq="it takes undefined escapes",
)
@pytest.mark.parametrize("version", ESCAPING)
def test_header_undefined_escape_is_fatal(connect: Connect, version: str) -> None:
    client = connect(version)
    client.raw(b"SEND\ndestination:/topic/a\nodd:a\\tb\n\nx\0")
    assert_error_closes(client)


@clause("1.1", "Value Encoding", "\\r is an undefined escape in 1.1", activemq="it decodes \\r")
def test_header_escaped_carriage_return_in_1_1_is_fatal(connect: Connect) -> None:
    client = connect("1.1")
    client.raw(b"SEND\ndestination:/topic/a\nodd:a\\rb\n\nx\0")
    assert_error_closes(client)


@clause("1.0", "Headers", "values are not escaped", activemq="it decodes escapes in 1.0 too")
def test_header_backslash_in_1_0_is_a_backslash(connect: Connect, name: str) -> None:
    client = connect("1.0")
    client.ask("SUBSCRIBE", {"destination": f"/topic/{name}"})
    client.raw(f"SEND\ndestination:/topic/{name}\nodd:a\\nb\n\nx\0".encode())
    assert client.message().headers["odd"] == "a\\nb"


@clause("1.1", "Value Encoding", "headers of CONNECT are not escaped")
def test_header_backslash_of_connect_is_a_backslash(access: BrokerAccess) -> None:
    with access.open() as client:
        assert client.connect(access.user, access.password, note="a\\tb").command == "CONNECTED"


@clause("1.2", "Value Encoding", "blanks around a value belong to it")
def test_header_blanks_are_kept(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}")
    client.raw(f"SEND\ndestination:/topic/{name}\nodd: a \n\nx\0".encode())
    assert client.message().headers["odd"] == " a "


@clause("1.0", "Headers", "blanks around a value do not belong to it")
def test_header_blanks_in_1_0_are_trimmed(connect: Connect, name: str) -> None:
    client = connect("1.0")
    client.ask("SUBSCRIBE", {"destination": f"/topic/{name}"})
    client.raw(f"SEND\ndestination: /topic/{name} \nodd: a \n\nx\0".encode())
    assert client.message().headers["odd"] == "a"


# standard headers


@clause("1.0", "content-length", "it counts the octets of the body, NULs too")
@pytest.mark.parametrize("version", VERSIONS)
def test_content_length_with_nuls_is_read_whole(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    client.ask("SUBSCRIBE", {"destination": f"/topic/{name}", "id": "1"})
    client.send(f"/topic/{name}", b"a\0b\0")
    message = client.message()
    assert (message.body, message.headers["content-length"]) == (b"a\0b\0", "4")


@clause("1.0", "content-length", "without it the body ends at the first NUL")
def test_content_length_absent_body_ends_at_nul(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}")
    client.raw(f"SEND\ndestination:/topic/{name}\n\nabc\0\n".encode())
    assert client.message().body == b"abc"


@clause("1.1", "content-length", "the octet after the body must be NUL")
@pytest.mark.parametrize("length", ["2", "abc"])
def test_content_length_wrong_is_an_error(connect: Connect, length: str) -> None:
    client = connect()
    client.raw(f"SEND\ndestination:/topic/a\ncontent-length:{length}\n\nbody\0".encode())
    assert_error_closes(client)


@clause("1.1", "content-length", "it is a count of octets", activemq="a negative one is ignored")
def test_content_length_negative_is_an_error(connect: Connect) -> None:
    client = connect()
    client.raw(b"SEND\ndestination:/topic/a\ncontent-length:-1\n\nbody\0")
    assert_error_closes(client)


@clause("1.1", "content-type", "it describes the body and comes with the MESSAGE")
def test_content_type_comes_with_the_message(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}")
    client.send(f"/topic/{name}", "{}", {"content-type": "application/json;charset=utf-8"})
    assert client.message().headers["content-type"] == "application/json;charset=utf-8"


@clause("1.0", "receipt", "any client frame but CONNECT may ask for a receipt")
def test_receipt_of_every_command_comes(connect: Connect, name: str) -> None:
    client = connect()
    queue = f"/queue/{name}"
    client.subscribe(queue, headers=INDIVIDUAL)
    client.put(queue, "x")
    acknowledged = {"id": client.message().headers["ack"]}
    transaction = {"transaction": "t"}
    for command, headers in (
        ("BEGIN", transaction),
        ("ACK", acknowledged | transaction),
        ("ABORT", transaction),
        ("NACK", acknowledged),
        ("BEGIN", transaction),
        ("SEND", transaction | {"destination": f"/topic/{name}"}),
        ("COMMIT", transaction),
        ("UNSUBSCRIBE", {"id": "1"}),
        ("DISCONNECT", {}),
    ):
        assert client.ask(command, headers).command == "RECEIPT", command


@clause("1.2", "Repeated Header Entries", "only the first of repeated headers is used")
def test_header_repeated_first_is_used(connect: Connect, name: str) -> None:
    client = connect()
    client.subscribe(f"/topic/{name}")
    client.raw(f"SEND\ndestination:/topic/{name}\nodd:1\nodd:2\ndestination:/topic/no\n\nx\0".encode())
    assert client.message().headers["odd"] == "1"


@clause(
    "1.1",
    "Size Limits",
    "a frame over the limits is an ERROR, and the connection is closed",
    activemq="sometimes it answers what follows with ERROR too",
)
def test_frame_with_too_many_headers_is_an_error(connect: Connect) -> None:
    client = connect()
    headers = "".join(f"h{number}:x\n" for number in range(2000))
    client.raw(f"SEND\ndestination:/topic/a\n{headers}\nx\0".encode())
    assert_error_closes(client)


@clause("1.2", "Connection Lingering", "the last frame reaches a client that is still sending",
        activemq="the connection stays open after ERROR")  # fmt: skip
def test_error_reaches_a_client_that_is_still_sending(access: BrokerAccess) -> None:
    with access.open() as client:
        client.raw(b"SEND\ndestination:/topic/a\n\nx\0" * 5000)
        assert commands(client) == ["ERROR"]


# connecting


@clause("1.0", "CONNECT", "the broker answers CONNECTED")
@pytest.mark.parametrize("version", VERSIONS)
def test_connect_is_answered_with_connected(access: BrokerAccess, version: str) -> None:
    with access.open() as client:
        answer = client.connect(access.user, access.password, version)
        assert answer.command == "CONNECTED"
        assert answer.headers["session"]
        assert answer.body == b""


@clause("1.1", "CONNECT or STOMP Frame", "STOMP is another name of CONNECT")
@pytest.mark.parametrize("version", ESCAPING)
def test_connect_as_stomp_is_answered(access: BrokerAccess, version: str) -> None:
    login = {"login": access.user, "passcode": access.password}
    with access.open() as client:
        client.send_frame("STOMP", {"accept-version": version, "host": "localhost"} | login)
        assert client.frame().headers["version"] == version


@clause("1.1", "Protocol Negotiation", "without accept-version it is 1.0")
def test_version_not_offered_is_1_0(access: BrokerAccess) -> None:
    with access.open() as client:
        answer = client.connect(access.user, access.password, "1.0")
        assert answer.headers.get("version", "1.0") == "1.0"


@clause("1.1", "Protocol Negotiation", "the highest version that both speak is used")
@pytest.mark.parametrize(
    ("offered", "agreed"), [("1.0,1.1,1.2", "1.2"), ("1.1,1.0", "1.1"), ("1.2,2.5", "1.2"), ("1.0", "1.0")]
)
def test_version_is_the_highest_common_one(access: BrokerAccess, offered: str, agreed: str) -> None:
    with access.open() as client:
        client.connect(access.user, access.password, "1.2", accept_version=offered)
        assert client.version == agreed


@clause(
    "1.1",
    "Protocol Negotiation",
    "without a common version: ERROR with the versions that the server speaks, and the end",
    activemq="ERROR has no version header",
)
def test_version_mismatch_is_an_error_with_versions(access: BrokerAccess) -> None:
    with access.open() as client:
        client.send_frame("CONNECT", {"accept-version": "2.1", "host": "localhost"})
        error = assert_error_closes(client)
        assert {"1.0", "1.1", "1.2"} == set(error.headers["version"].split(","))
        assert error.headers["content-type"] == "text/plain"


@clause("1.1", "CONNECTED Frame", "server is name/version; session identifies the session uniquely")
def test_connected_names_server_and_session(connect: Connect, access: BrokerAccess) -> None:
    sessions = set()
    for _ in range(2):
        with access.open() as client:
            answer = client.connect(access.user, access.password)
            assert answer.headers["server"].count("/") == 1
            sessions.add(answer.headers["session"])
    assert len(sessions) == 2


@clause("1.0", "CONNECT", "a wrong login is an ERROR, and the connection is closed")
@pytest.mark.parametrize("version", VERSIONS)
def test_connect_with_wrong_password_is_an_error(access: BrokerAccess, version: str) -> None:
    with access.open() as client:
        assert client.connect(access.user, "wrong", version).command == "ERROR"
        assert commands(client) == []


@clause("1.0", "CONNECT", "nothing else before CONNECT", activemq="the connection stays open after ERROR")
def test_connect_missing_is_an_error(access: BrokerAccess) -> None:
    with access.open() as client:
        client.send("/topic/a", "x")
        assert_error_closes(client)


# heart-beating


@clause("1.1", "Heart-beating", "CONNECTED has what the server can send and wants")
def test_heartbeat_header_is_answered(access: BrokerAccess) -> None:
    with access.open() as client:
        answer = client.connect(access.user, access.password, heart_beat="4000,5000")
        sends, wants = map(int, answer.headers["heart-beat"].split(","))
        assert (sends, wants) == (5000, 4000)


@clause("1.1", "Heart-beating", "the server sends data at least as often as was agreed")
def test_heartbeat_is_sent_in_time(connect: Connect) -> None:
    client = connect(heart_beat="0,400")
    client.socket.settimeout(2)
    began = time.monotonic()
    assert [client.socket.recv(1) for _ in range(3)] == [b"\n"] * 3
    assert time.monotonic() - began < 3


@clause("1.1", "Heart-beating", "a client that is silent for longer than it promised is disconnected")
def test_heartbeat_of_the_client_missing_closes(connect: Connect) -> None:
    client = connect(heart_beat="300,0")
    assert set(commands(client, 5)) <= {"ERROR"}


@clause("1.1", "Heart-beating", "0 is none: neither side sends one or expects one")
def test_heartbeat_of_zero_is_none(connect: Connect) -> None:
    client = connect(heart_beat="0,0")
    assert client.silent(1.5)
    assert client.put("/topic/a").command == "RECEIPT"


# SEND


@clause("1.0", "SEND", "destination is required", activemq="the connection stays open after ERROR")
@pytest.mark.parametrize("version", VERSIONS)
def test_send_without_destination_is_an_error(connect: Connect, version: str) -> None:
    client = connect(version)
    client.send_frame("SEND", {}, "x")
    assert_error_closes(client)


@clause("1.0", "SEND", "all headers of the application come with the MESSAGE")
@pytest.mark.parametrize("version", VERSIONS)
def test_send_headers_come_with_the_message(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    client.ask("SUBSCRIBE", {"destination": f"/topic/{name}", "id": "1"})
    client.send(f"/topic/{name}", "x", {"run": "12", "msg_type": "stf_gen"})
    headers = client.message().headers
    assert (headers["run"], headers["msg_type"]) == ("12", "stf_gen")


@clause("1.1", "SEND", "a SEND that fails is an ERROR", activemq="the connection stays open after ERROR")
def test_send_that_fails_is_an_error(connect: Connect) -> None:
    client = connect()
    client.send("nowhere", "x")
    assert_error_closes(client)


# SUBSCRIBE and UNSUBSCRIBE


@clause("1.1", "SUBSCRIBE", "destination is required", activemq="the connection stays open after ERROR")
def test_subscribe_without_destination_is_an_error(connect: Connect) -> None:
    client = connect()
    client.send_frame("SUBSCRIBE", {"id": "1"})
    assert_error_closes(client)


@clause("1.1", "SUBSCRIBE id Header", "id is required", activemq="the connection stays open after ERROR")
@pytest.mark.parametrize("version", ESCAPING)
def test_subscribe_without_id_is_an_error(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    client.send_frame("SUBSCRIBE", {"destination": f"/topic/{name}"})
    assert_error_closes(client)


@clause("1.0", "SUBSCRIBE", "id is optional in 1.0")
def test_subscribe_without_id_in_1_0_is_made(connect: Connect, name: str) -> None:
    client = connect("1.0")
    assert client.ask("SUBSCRIBE", {"destination": f"/topic/{name}"}).command == "RECEIPT"
    client.send(f"/topic/{name}", "x")
    assert client.message().text == "x"
    assert client.ask("UNSUBSCRIBE", {"destination": f"/topic/{name}"}).command == "RECEIPT"


@clause("1.0", "SUBSCRIBE ack Header", "the default is auto: a message that was sent is acknowledged")
@pytest.mark.parametrize("version", VERSIONS)
def test_subscribe_auto_messages_need_no_ack(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    client.ask("SUBSCRIBE", {"destination": f"/queue/{name}", "id": "1"})
    client.put(f"/queue/{name}", "x")
    assert "ack" not in client.message().headers
    client.ask("DISCONNECT", {})
    other = connect(version)
    other.ask("SUBSCRIBE", {"destination": f"/queue/{name}", "id": "1"})
    assert other.silent()


@clause("1.0", "SUBSCRIBE ack Header", "client: an ACK is for all messages up to that one")
@pytest.mark.parametrize("version", VERSIONS)
def test_subscribe_client_ack_is_cumulative(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    client.ask("SUBSCRIBE", {"destination": f"/queue/{name}", "id": "1", "ack": "client"})
    for text in "abc":
        client.put(f"/queue/{name}", text)
    client.acknowledge(client.messages(3)[1], receipt="done")
    assert client.answer("done").command == "RECEIPT"
    client.close()
    other = connect(version)
    other.ask("SUBSCRIBE", {"destination": f"/queue/{name}", "id": "1"})
    assert other.message().text == "c"
    assert other.silent()


@clause("1.1", "SUBSCRIBE ack Header", "client-individual: an ACK is for that message alone")
@pytest.mark.parametrize("version", ESCAPING)
def test_subscribe_individual_ack_is_for_one(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    client.subscribe(f"/queue/{name}", headers=INDIVIDUAL)
    for text in "abc":
        client.put(f"/queue/{name}", text)
    client.acknowledge(client.messages(3)[1], receipt="done")
    assert client.answer("done").command == "RECEIPT"
    client.close()
    other = connect(version)
    other.subscribe(f"/queue/{name}")
    assert [message.text for message in other.messages(2)] == ["a", "c"]
    assert other.silent()


@clause("1.1", "SUBSCRIBE ack Header", "the values are auto, client and client-individual",
        activemq="another value is auto")  # fmt: skip
def test_subscribe_unknown_ack_is_an_error(connect: Connect, name: str) -> None:
    client = connect()
    client.send_frame("SUBSCRIBE", {"destination": f"/topic/{name}", "id": "1", "ack": "sometimes"})
    assert_error_closes(client)


@clause("1.0", "UNSUBSCRIBE", "no further message of the subscription comes")
@pytest.mark.parametrize("version", VERSIONS)
def test_unsubscribe_ends_the_subscription(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    client.ask("SUBSCRIBE", {"destination": f"/topic/{name}", "id": "1"})
    assert client.ask("UNSUBSCRIBE", {"id": "1"}).command == "RECEIPT"
    client.put(f"/topic/{name}", "x")
    assert client.silent()


@clause("1.1", "UNSUBSCRIBE", "id is required", activemq="the connection stays open after ERROR")
@pytest.mark.parametrize("version", ESCAPING)
def test_unsubscribe_without_id_is_an_error(connect: Connect, version: str) -> None:
    client = connect(version)
    client.send_frame("UNSUBSCRIBE", {})
    assert_error_closes(client)


# ACK and NACK


@clause("1.0", "ACK", "by message-id (1.0), message-id and subscription (1.1), id (1.2)")
@pytest.mark.parametrize("version", VERSIONS)
def test_ack_consumes_the_message(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    client.ask("SUBSCRIBE", {"destination": f"/queue/{name}", "id": "1", "ack": "client"})
    client.put(f"/queue/{name}", "x")
    message = client.message()
    assert ("ack" in message.headers) == (version == "1.2")
    client.acknowledge(message, receipt="done")
    assert client.answer("done").command == "RECEIPT"
    client.close()
    other = connect(version)
    other.ask("SUBSCRIBE", {"destination": f"/queue/{name}", "id": "1"})
    assert other.silent()


@clause("1.0", "ACK", "a message that is not acknowledged goes to another consumer")
@pytest.mark.parametrize("version", VERSIONS)
def test_ack_missing_message_goes_to_another(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    client.ask("SUBSCRIBE", {"destination": f"/queue/{name}", "id": "1", "ack": "client"})
    client.put(f"/queue/{name}", "x")
    client.message()
    client.close()
    other = connect(version)
    other.ask("SUBSCRIBE", {"destination": f"/queue/{name}", "id": "1"})
    assert other.message().text == "x"


@clause("1.2", "ACK", "id is required", activemq="the connection stays open after ERROR")
def test_ack_without_id_is_an_error(connect: Connect) -> None:
    client = connect()
    client.send_frame("ACK", {})
    assert_error_closes(client)


@clause("1.0", "ACK", "message-id is required", activemq="the connection stays open after ERROR")
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_ack_without_message_id_is_an_error(connect: Connect, version: str) -> None:
    client = connect(version)
    client.send_frame("ACK", {"subscription": "1"})
    assert_error_closes(client)


@clause("1.1", "NACK", "the client did not consume the message: it is not lost to others",
        activemq="the message goes to the dead-letter queue immediately")  # fmt: skip
@pytest.mark.parametrize("version", ESCAPING)
def test_nack_message_comes_again(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    client.subscribe(f"/queue/{name}", headers=INDIVIDUAL)
    client.put(f"/queue/{name}", "x", persistent="true")
    client.acknowledge(client.message(), "NACK")
    assert client.message().text == "x"


@clause("1.0", "Commands", "1.0 has no NACK", activemq="the connection stays open after ERROR")
def test_nack_in_1_0_is_an_error(connect: Connect) -> None:
    client = connect("1.0")
    client.send_frame("NACK", {"message-id": "1"})
    assert_error_closes(client)


# transactions


@clause("1.0", "BEGIN", "transaction is required", activemq="the connection stays open after ERROR")
@pytest.mark.parametrize("command", ["BEGIN", "COMMIT", "ABORT"])
def test_transaction_frame_without_name_is_an_error(connect: Connect, command: str) -> None:
    client = connect()
    client.send_frame(command, {})
    assert_error_closes(client)


@clause(
    "1.0", "COMMIT", "an unknown transaction is an ERROR", activemq="the connection stays open after ERROR"
)
@pytest.mark.parametrize("command", ["COMMIT", "ABORT", "SEND"])
def test_transaction_unknown_is_an_error(connect: Connect, command: str) -> None:
    client = connect()
    client.send_frame(command, {"transaction": "none", "destination": "/topic/a"})
    assert_error_closes(client)


@clause("1.0", "BEGIN", "frames of a transaction are handled together with COMMIT")
@pytest.mark.parametrize("version", VERSIONS)
def test_transaction_committed_messages_come(connect: Connect, name: str, version: str) -> None:
    client, other = connect(version), connect(version)
    other.ask("SUBSCRIBE", {"destination": f"/queue/{name}", "id": "1"})
    client.ask("BEGIN", {"transaction": "t"})
    client.put(f"/queue/{name}", "a", transaction="t")
    client.put(f"/queue/{name}", "b", transaction="t")
    assert other.silent()
    client.ask("COMMIT", {"transaction": "t"})
    assert [message.text for message in other.messages(2)] == ["a", "b"]


@clause("1.0", "ABORT", "frames of an aborted transaction have no effect")
@pytest.mark.parametrize("version", VERSIONS)
def test_transaction_aborted_messages_do_not_come(connect: Connect, name: str, version: str) -> None:
    client, other = connect(version), connect(version)
    other.ask("SUBSCRIBE", {"destination": f"/queue/{name}", "id": "1"})
    client.ask("BEGIN", {"transaction": "t"})
    client.put(f"/queue/{name}", "a", transaction="t")
    assert client.ask("ABORT", {"transaction": "t"}).command == "RECEIPT"
    assert other.silent()


@clause("1.0", "BEGIN", "the end of the connection aborts its transactions")
@pytest.mark.parametrize("disconnect", [True, False])
def test_transaction_ends_with_its_connection(connect: Connect, name: str, disconnect: bool) -> None:
    client, other = connect(), connect()
    other.subscribe(f"/queue/{name}")
    client.ask("BEGIN", {"transaction": "t"})
    client.put(f"/queue/{name}", "a", transaction="t")
    if disconnect:
        assert client.ask("DISCONNECT", {}).command == "RECEIPT"
    client.close()
    assert other.silent()


# DISCONNECT


@clause("1.0", "DISCONNECT", "its receipt says that all frames before it are handled; then it ends")
@pytest.mark.parametrize("version", VERSIONS)
def test_disconnect_receipt_is_the_last_frame(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    for _ in range(20):
        client.send(f"/queue/{name}", "x", {"persistent": "true"})
    client.send_frame("DISCONNECT", {"receipt": "bye"})
    assert client.frame().headers["receipt-id"] == "bye"
    assert commands(client) == []
    other = connect(version)
    other.ask("SUBSCRIBE", {"destination": f"/queue/{name}", "id": "1"})
    assert len(other.messages(20)) == 20


@clause("1.2", "DISCONNECT", "a client that has shut down its sending side gets the receipt")
def test_disconnect_half_closed_gets_its_receipt(connect: Connect, name: str) -> None:
    client = connect()
    client.send(f"/queue/{name}", "x" * 100_000, {"persistent": "true", "receipt": "sent"})
    client.socket.shutdown(1)
    assert commands(client) == ["RECEIPT"]


# MESSAGE, RECEIPT and ERROR


@clause("1.0", "MESSAGE", "it has destination, a unique message-id and (with an id) its subscription")
@pytest.mark.parametrize("version", VERSIONS)
def test_message_names_destination_id_and_subscription(connect: Connect, name: str, version: str) -> None:
    client = connect(version)
    client.ask("SUBSCRIBE", {"destination": f"/topic/{name}", "id": "mine"})
    for _ in range(2):
        client.send(f"/topic/{name}", "x")
    messages = client.messages(2)
    assert {message.headers["destination"] for message in messages} == {f"/topic/{name}"}
    assert {message.headers["subscription"] for message in messages} == {"mine"}
    assert len({message.headers["message-id"] for message in messages}) == 2


@clause("1.2", "MESSAGE", "ack comes where the subscription must acknowledge, and is unique")
@pytest.mark.parametrize("mode", ["client", "client-individual"])
def test_message_to_acknowledge_has_an_ack_header(connect: Connect, name: str, mode: str) -> None:
    client = connect()
    client.subscribe(f"/queue/{name}", headers={"ack": mode})
    for _ in range(2):
        client.put(f"/queue/{name}", "x")
    assert len({message.headers["ack"] for message in client.messages(2)}) == 2


@clause("1.0", "RECEIPT", "receipt-id is the value of receipt; it comes after the frames before it")
def test_receipts_come_in_order(connect: Connect, name: str) -> None:
    client = connect()
    frames = [
        encode(
            "SEND", {"destination": f"/queue/{name}", "receipt": f"r:{number}", "persistent": "true"}, b"x"
        )
        for number in range(20)
    ]
    client.raw(b"".join(frames))
    receipts = [client.frame() for _ in range(20)]
    assert [frame.headers["receipt-id"] for frame in receipts] == [f"r:{number}" for number in range(20)]
    assert all(frame.command == "RECEIPT" and not frame.body for frame in receipts)


@clause(
    "1.1",
    "ERROR",
    "message says what is wrong, receipt-id names the frame that caused it; then it closes",
    activemq="the connection stays open after ERROR",
)
@pytest.mark.parametrize("version", ESCAPING)
def test_error_names_the_frame_and_closes(connect: Connect, version: str) -> None:
    client = connect(version)
    client.send_frame("ACK", {"id": "none", "message-id": "none", "subscription": "1", "receipt": "r1"})
    error = assert_error_closes(client)
    assert error.headers["receipt-id"] == "r1"
    assert error.headers["message"]
    assert int(error.headers["content-length"]) == len(error.body)


@clause(
    "1.2",
    "ERROR",
    "nothing that follows the frame in error is handled",
    activemq="sometimes it handles what follows",
)
def test_error_ends_the_handling_of_frames(connect: Connect, name: str) -> None:
    client, other = connect(), connect()
    other.subscribe(f"/queue/{name}")
    client.raw(b"FLY\n\n\0" + encode("SEND", {"destination": f"/queue/{name}"}, b"x"))
    assert_error_closes(client)
    assert other.silent()
