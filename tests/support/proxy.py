"""A TCP proxy that can freeze: connections stay open, and not a byte passes."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

CHUNK = 4096
LOOPBACK = "127.0.0.1"


class Proxy:
    """Listens on a free port of the address `listen` and passes everything on to `host`:`port`."""

    def __init__(self, host: str, port: int, listen: str = LOOPBACK) -> None:
        self._target = (host, port)
        self._listener = socket.create_server((listen, 0))
        self._flowing = threading.Event()
        self._flowing.set()
        self._sockets: list[socket.socket] = []
        self.host = listen
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._flowing.set()
        self.cut()

    def freeze(self) -> None:
        """Pass nothing more on, in either direction."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Pass on what has come meanwhile, and go on."""
        self._flowing.set()

    def cut(self) -> None:
        """Close every connection."""
        sockets, self._sockets = self._sockets, []
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                far = socket.create_connection(self._target)
            except OSError:
                near.close()
                continue
            self._sockets += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._flowing.wait()
                data = source.recv(CHUNK)
                self._flowing.wait()
                if not data:
                    break
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
