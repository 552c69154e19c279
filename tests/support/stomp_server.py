"""A server that speaks just the STOMP a test wants: mute, refusing, silent after CONNECTED."""

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"
CONNECTED = b"CONNECTED\nversion:1.2\nheart-beat:%d,%d\n\n\0"


class Server:
    """Listens on a port of the loopback; `talk` is called with each connection on a thread of its own."""

    def __init__(self, talk: Callable[[socket.socket], None]) -> None:
        self._talk = talk
        self._listener = socket.create_server((LOOPBACK, 0))
        self._sockets: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self.host = LOOPBACK
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _close(self._listener)
        self._accepting.join()
        for each in self._sockets:
            _close(each)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._sockets.append(accepted)
            threading.Thread(target=self._converse, args=(accepted,), daemon=True).start()

    def _converse(self, accepted: socket.socket) -> None:
        with contextlib.suppress(OSError):
            self._talk(accepted)


def mute(connection: socket.socket) -> None:
    """Read everything and never answer."""
    while connection.recv(4096):
        pass


def deaf(connection: socket.socket) -> None:
    """Answer CONNECTED and read nothing more; the connection stays open, without heart-beats."""
    connection.recv(4096)
    connection.sendall(CONNECTED % (100, 100))
    threading.Event().wait(60)


def refuse(text: str) -> Callable[[socket.socket], None]:
    """Answer every CONNECT with an ERROR."""

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(f"ERROR\nmessage:{text}\n\nat java.lang.Thread\0".encode())

    return talk


def say(*frames: bytes) -> Callable[[socket.socket], None]:
    """Answer CONNECTED, then send these frames, then read on."""

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(CONNECTED % (0, 0) + b"".join(frames))
        mute(connection)

    return talk


def _close(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
