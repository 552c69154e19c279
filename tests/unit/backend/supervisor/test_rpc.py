"""XML-RPC over a unix socket against everything that is no healthy supervisord."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, dumps

import pytest

from swf_console.backend.supervisor.base import DaemonState
from swf_console.backend.supervisor.rpc import NoAnswer, call, multicall

Answer = Callable[[socket.socket], None]


@contextmanager
def server(path: Path, answer: Answer) -> Iterator[Path]:
    """A listener that gives each caller `answer`, in a thread."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(10)
        thread = threading.Thread(target=serve, args=(listener, answer), daemon=True)
        thread.start()
        yield path
    thread.join(5)


def serve(listener: socket.socket, answer: Answer) -> None:
    """Take one caller."""
    caller, _ = listener.accept()
    with caller:
        caller.settimeout(5)
        asked = b""
        while b"</methodCall>" not in asked:
            asked += caller.recv(65536)
        with contextlib.suppress(BrokenPipeError):
            answer(caller)


def http(body: bytes) -> Answer:
    """An answer of status 200."""
    return lambda caller: caller.sendall(
        b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    )


def state_of(path: Path, timeout: float = 1.0) -> DaemonState:
    """Which NoAnswer a call ends in."""
    with pytest.raises(NoAnswer) as caught:
        call(path, "supervisor.getState", timeout=timeout)
    assert caught.value.advice
    assert caught.value.exit_code == 3
    return caught.value.state


def test_call_returns_the_answer(tmp_path: Path) -> None:
    with server(tmp_path / "s", http(dumps(({"é": [1, "two"]},), methodresponse=True).encode())) as path:
        assert call(path, "anything", 1, "x") == {"é": [1, "two"]}


def test_call_control_characters_are_replaced(tmp_path: Path) -> None:
    body = dumps(("MARK",), methodresponse=True).encode().replace(b"MARK", b"\x1b[31mred\x00")
    with server(tmp_path / "s", http(body)) as path:
        assert call(path, "anything") == "?[31mred?"


def test_call_fault_is_raised_and_multicall_fault_is_returned(tmp_path: Path) -> None:
    fault = Fault(10, "BAD_NAME: x")
    with (
        server(tmp_path / "s", http(dumps(fault, methodresponse=True).encode())) as path,
        pytest.raises(Fault, match="BAD_NAME"),
    ):
        call(path, "anything")
    answers = [True, {"faultCode": 10, "faultString": "BAD_NAME: x"}, "", 0]
    with server(tmp_path / "m", http(dumps((answers,), methodresponse=True).encode())) as path:
        first, second, *rest = multicall(path, [("a", ()), ("b", ()), ("c", ()), ("d", ())])
    assert first is True
    assert isinstance(second, Fault)
    assert rest == ["", 0]


def test_multicall_without_calls_sends_nothing(tmp_path: Path) -> None:
    assert multicall(tmp_path / "nothing there", []) == []


def test_call_without_socket_is_absent_without_listener_is_stale(tmp_path: Path) -> None:
    assert state_of(tmp_path / "absent") is DaemonState.ABSENT
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "stale"))
    assert state_of(tmp_path / "stale") is DaemonState.STALE


def test_call_supervisord_ending_is_stale_not_foreign(tmp_path: Path) -> None:
    with server(tmp_path / "s", lambda _: (tmp_path / "s").unlink()) as path:
        assert state_of(path) is DaemonState.ABSENT


def test_call_plain_file_as_socket_is_not_supervisord(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert state_of(tmp_path / "file") in (DaemonState.STALE, DaemonState.FOREIGN)


def test_call_without_answer_times_out(tmp_path: Path) -> None:
    done = threading.Event()
    with server(tmp_path / "s", lambda _: (done.wait(5), None)[1]) as path:
        began = time.monotonic()
        assert state_of(path, timeout=0.2) is DaemonState.FROZEN
        assert time.monotonic() - began < 2
        done.set()


def test_call_slow_answer_times_out(tmp_path: Path) -> None:
    done = threading.Event()

    def drip(caller: socket.socket) -> None:
        caller.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        while not done.wait(0.02):
            caller.sendall(b" ")

    with server(tmp_path / "s", drip) as path:
        assert state_of(path, timeout=0.3) is DaemonState.FROZEN
        done.set()


@pytest.mark.parametrize(
    "answer",
    [
        lambda caller: caller.sendall(b"SSH-2.0-OpenSSH\r\n"),
        lambda caller: caller.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n"),
        lambda caller: caller.sendall(b""),
        http(b"<html>a page</html>"),
        http(b"not even that \xff"),
        http(b""),
        http(b"<?xml version='1.0'?><methodResponse></methodResponse>"),
    ],
)
def test_call_not_xml_rpc_is_foreign(answer: Answer, tmp_path: Path) -> None:
    with server(tmp_path / "s", answer) as path:
        assert state_of(path) is DaemonState.FOREIGN


@pytest.mark.parametrize("value", [[], "text", [1, 2]])
def test_multicall_answer_of_wrong_shape_is_foreign(value: Any, tmp_path: Path) -> None:
    with (
        server(tmp_path / "s", http(dumps((value,), methodresponse=True).encode())) as path,
        pytest.raises(NoAnswer, match="wrong form"),
    ):
        multicall(path, [("a", ())])
