"""The connection over stomp.py against servers that do not behave."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from swf_console.backend.core.errors import BrokerUnreachable, PortInUse
from swf_console.backend.core.settings import BrokerSettings
from swf_console.backend.messaging.connection import StompConnection
from swf_console.backend.messaging.message import OutgoingMessage, make
from swf_console.backend.messaging.ports import ConnectionState, ConnectRefused, NotConnected, Phase
from tests.support.stomp_server import CONNECTED, Server, deaf, mute, refuse, say
from tests.support.waiting import wait_for

Open = Callable[..., StompConnection]
PASSWORD = "pass:word secret"


@pytest.fixture
def connect() -> Iterator[Open]:
    """Start a Connection to a Server, and stop it at the end."""
    with ExitStack() as stack:

        def start(server: Server, **options: object) -> StompConnection:
            broker = BrokerSettings(server.host, server.port, "user", PASSWORD)
            made = StompConnection(lambda: broker, **{"backoff": (0.01, 0.05), **options})  # type: ignore[arg-type]
            stack.callback(made.stop)
            made.start()
            return made

        yield start


def big(number: int = 1) -> OutgoingMessage:
    return make("/topic/t", {"number": number, "filler": "x" * 1_000_000})


def held_up(connection: StompConnection) -> bool:
    """Whether a send is in progress, seen twice so that it is one that blocks."""
    lock = connection._current.transport._sending if connection._current else None
    for _ in range(20):
        if lock is None or lock.acquire(timeout=0.01):
            if lock is not None:
                lock.release()
            return False
    return True


def test_connection_server_without_answer_times_out(connect: Open) -> None:
    with Server(mute) as server:
        connection = connect(server, connect_timeout=0.1)

        wait_for(lambda: connection.state().last_error)
        with pytest.raises(BrokerUnreachable, match="sent nothing within"):
            connection.wait_up(0.1)
        wait_for(lambda: server.connections >= 2)


def test_connection_unreachable_server_is_retried(connect: Open) -> None:
    gone = socket.create_server(("127.0.0.1", 0))
    port = gone.getsockname()[1]
    gone.close()
    addresses = [BrokerSettings("127.0.0.1", port)]
    connection = StompConnection(lambda: addresses[-1], backoff=(0.01, 0.05))
    connection.start()
    try:
        with pytest.raises(BrokerUnreachable, match="no program listens on that port"):
            connection.wait_up(0.2)
        down = connection.state()
        with Server(say()) as server:
            addresses.append(BrokerSettings(server.host, server.port))
            connection.wait_up(5)
            assert connection.state().broker == f"{server.host}:{server.port}"
            connection.stop()
    finally:
        connection.stop()

    assert down.attempts >= 2
    assert down.up_since is None


def test_connection_refused_credentials_are_reported_and_never_shown(
    connect: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with Server(refuse(f"User name [user] or password {PASSWORD} is invalid.".replace(":", "\\c"))) as server:
        connection = connect(server)
        began = time.monotonic()

        with pytest.raises(ConnectRefused, match="password \\*\\*\\* is invalid") as caught:
            connection.wait_up(30)
        assert time.monotonic() - began < 5
        wait_for(lambda: server.connections >= 2)
        connection.stop()

    assert PASSWORD not in f"{caught.value} {connection.state()} {caplog.text}"


def test_connection_client_id_in_use_is_retried(connect: Open) -> None:
    with Server(refuse("Broker\\c swf - Client\\c me already connected")) as server:
        connection = connect(server, client_id="me")

        with pytest.raises(BrokerUnreachable) as caught:
            connection.wait_up(0.3)
        assert not isinstance(caught.value, ConnectRefused)


def test_connection_address_error_is_shown_and_retried() -> None:
    asked = threading.Semaphore(0)

    def address() -> BrokerSettings:
        asked.release()
        raise PortInUse("port 61613 is taken")

    connection = StompConnection(address, backoff=(0.01, 0.02))
    connection.start()
    try:
        with pytest.raises(PortInUse):
            connection.wait_up(30)
        for _ in range(3):
            assert asked.acquire(timeout=5)
    finally:
        connection.stop()


def test_connection_silent_broker_is_detected_and_unblocks_send(connect: Open) -> None:
    messages = [big(number) for number in range(100)]
    errors: list[str] = []
    with Server(deaf) as server:
        connection = connect(server, heartbeats=(100, 100))
        # a later attempt replaces the error in the state: every one is recorded
        connection.watch(lambda state: errors.append(state.last_error or ""))
        session = connection.wait_up(30)
        began = time.monotonic()

        with pytest.raises(NotConnected):
            connection.send(session, messages)

        assert time.monotonic() - began < 3
        wait_for(lambda: any("silent" in error for error in errors))
        wait_for(lambda: server.connections >= 2)


def test_connection_stop_unblocks_a_send_within_a_second(connect: Open) -> None:
    def deaf_without_heartbeats(accepted: socket.socket) -> None:
        accepted.recv(4096)
        accepted.sendall(CONNECTED % (0, 0))
        threading.Event().wait(30)

    outcome: list[BaseException] = []
    with Server(deaf_without_heartbeats) as server:
        connection = connect(server)
        session = connection.wait_up(5)

        def send() -> None:
            try:
                for number in range(100):
                    connection.send(session, [big(number)])
            except NotConnected as error:
                outcome.append(error)

        thread = threading.Thread(target=send, daemon=True)
        thread.start()
        wait_for(lambda: held_up(connection))
        began = time.monotonic()
        connection.stop()
        took = time.monotonic() - began
        thread.join(5)

    assert took < 1.1
    assert outcome
    assert connection.state().phase is Phase.CLOSED


def test_connection_stop_while_connecting_leaves_no_socket() -> None:
    with ExitStack() as stack:
        crowded = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = crowded.getsockname()
        stack.enter_context(socket.create_connection(address))  # the only place of its queue
        connection = StompConnection(lambda: BrokerSettings(*address), connect_timeout=10)
        connection.start()
        wait_for(lambda: connection._current is not None and connection._current.transport.running)
        assert connection._current is not None
        transport = connection._current.transport

        connection.stop(timeout=0)
        for _ in range(2):
            stack.enter_context(crowded.accept()[0])

        connection._thread.join(10)
        wait_for(lambda: transport.io_thread and not transport.io_thread.is_alive())
        assert transport._socket is None


def test_connection_stop_ends_a_waiting_attempt(connect: Open) -> None:
    with Server(mute) as server:
        connection = connect(server, connect_timeout=60.0)
        wait_for(lambda: server.connections)
        began = time.monotonic()

        connection.stop()

        assert time.monotonic() - began < 1.1


def test_connection_error_frame_ends_the_session_and_is_shown(connect: Open) -> None:
    with Server(say(b"ERROR\nmessage:you may not\n\n\0")) as server:
        connection = connect(server)

        wait_for(lambda: "you may not" in (connection.state().last_error or ""))
        wait_for(lambda: server.connections >= 2)


@pytest.mark.parametrize("garbage", [b"NONSENSE\n\n\0", b"\xff\xfe\0", b"HTTP/1.1 200 OK\r\n\r\n\0"])
def test_connection_data_not_stomp_ends_the_session(connect: Open, garbage: bytes) -> None:
    with Server(say(b"MESSAGE\nno-colon\n\nbody\0", garbage)) as server:
        connection = connect(server)

        wait_for(lambda: "sent data that is not STOMP" in (connection.state().last_error or ""))
        wait_for(lambda: server.connections >= 2)


def test_connection_receipt_without_id_ends_only_the_session(connect: Open) -> None:
    with Server(say(b"RECEIPT\n\n\0")) as server:
        connect(server)

        wait_for(lambda: server.connections >= 2)


@pytest.mark.parametrize("version", [b"version:1.1\n", b""])
def test_connection_other_stomp_version_is_refused(connect: Open, version: bytes) -> None:
    def talk(accepted: socket.socket) -> None:
        accepted.recv(4096)
        accepted.sendall(b"CONNECTED\n" + version + b"\n\0")
        mute(accepted)

    with Server(talk) as server, pytest.raises(ConnectRefused, match=r"uses STOMP 1\.[01]; 1\.2"):
        connect(server).wait_up(30)


@pytest.mark.parametrize("heartbeat", [b"", b"heart-beat:\n", b"heart-beat:a,b\n", b"heart-beat:1\n"])
def test_connection_invalid_heartbeat_header_means_none(connect: Open, heartbeat: bytes) -> None:
    def talk(accepted: socket.socket) -> None:
        accepted.recv(4096)
        accepted.sendall(b"CONNECTED\nversion:1.2\n" + heartbeat + b"\n\0")
        mute(accepted)

    with Server(talk) as server:
        assert connect(server).wait_up(5) == 1


def test_connection_many_attempts_leave_no_thread(connect: Open) -> None:
    def receivers() -> int:
        return sum(thread.name == "stomp-receiver" for thread in threading.enumerate())

    with Server(refuse("no")) as server:
        connection = connect(server, backoff=(0.001, 0.001))
        wait_for(lambda: server.connections >= 60)
        connection.stop()

        wait_for(lambda: receivers() == 0)


def test_connection_watch_reports_changes_of_phase(connect: Open) -> None:
    phases: list[Phase] = []

    def watch(state: ConnectionState) -> None:
        phases.append(state.phase)
        raise RuntimeError("a watcher that fails")

    with Server(say()) as server:
        connection = StompConnection(lambda: BrokerSettings(server.host, server.port))
        connection.watch(watch)
        connection.start()
        connection.wait_up(5)
        connection.stop()

    assert phases[:2] == [Phase.CONNECTING, Phase.UP]
    assert phases[-1] is Phase.CLOSED


def test_connection_ended_session_accepts_nothing(connect: Open) -> None:
    with Server(say()) as server:
        connection = connect(server)
        session = connection.wait_up(5)

        with pytest.raises(NotConnected):
            connection.send(session + 1, [make("/topic/t", {})])
        connection.stop()
        with pytest.raises(NotConnected):
            connection.send(session, [make("/topic/t", {})])


def test_connection_tls_with_plain_server_is_an_error() -> None:
    heard: list[bytes] = []

    def listen(accepted: socket.socket) -> None:
        heard.append(accepted.recv(4096))
        accepted.sendall(b"ERROR\nmessage:what\n\n\0")

    with Server(listen) as server:
        broker = BrokerSettings(server.host, server.port, "user", PASSWORD, tls=True)
        connection = StompConnection(lambda: broker)
        connection.start()
        try:
            with pytest.raises(ConnectRefused, match="no TLS with"):
                connection.wait_up(30)
        finally:
            connection.stop()

    assert PASSWORD.encode() not in b"".join(heard)
    assert heard[0][0] == 0x16


def test_connection_idle_uses_no_cpu_and_stays_up(connect: Open) -> None:
    def beating(accepted: socket.socket) -> None:
        accepted.recv(4096)
        accepted.sendall(CONNECTED % (50, 50))
        pause = threading.Event()
        while not pause.wait(0.02):
            accepted.sendall(b"\n")

    with Server(beating) as server:
        connection = connect(server, heartbeats=(50, 50))
        connection.wait_up(5)
        wait_for(lambda: connection.state().last_frame_at is not None)
        first = connection.state().up_since
        threading.Event().wait(0.5)

        assert connection.state().up_since == first


class Told:
    """A channel that keeps what it is told."""

    def __init__(self) -> None:
        self.receipts: list[str] = []

    def on_up(self, session: int) -> None: ...

    def on_down(self, session: int, error: str) -> None: ...

    def on_receipt(self, session: int, receipt: str) -> bool:
        self.receipts.append(receipt)
        return True

    def on_refusal(self, session: int, receipt: str, error: str) -> bool:
        return False


@pytest.mark.parametrize("count", [30, 510])
def test_connection_many_messages_are_one_transaction_each_confirmed(connect: Open, count: int) -> None:
    heard: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(CONNECTED % (0, 0))
        rest = b""
        while data := connection.recv(65536):
            *frames, rest = (rest + data).split(b"\0")
            heard.extend(frame.lstrip(b"\n") for frame in frames)
            for line in b"\n".join(frames).split(b"\n"):
                if line.startswith(b"receipt:"):
                    connection.sendall(b"RECEIPT\nreceipt-id:%s\n\n\0" % line.removeprefix(b"receipt:"))

    messages = [make("/queue/q", {"number": number}) for number in range(count)]
    told = Told()
    with Server(talk) as server:
        connection = connect(server)
        connection.attach(told)
        connection.send(connection.wait_up(5), messages)
        wait_for(lambda: len(told.receipts) == count)
    assert told.receipts == [message.id for message in messages]
    sent = [frame for frame in heard if frame.startswith(b"SEND")]
    assert len(sent) == count
    assert all(b"\ntransaction:" in frame and b"\nreceipt:" not in frame for frame in sent)
    commands = [frame.split(b"\n")[0] for frame in heard]
    assert commands.count(b"BEGIN") == commands.count(b"COMMIT") == 2 - (count == 30)
