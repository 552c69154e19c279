"""A proxy before a server, and what can go wrong on the way: silence, cuts, refusals, slowness, garbage."""

import contextlib
import random
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

CHUNK = 4096
LOOPBACK = "127.0.0.1"
NOISE_BYTES = 2000
Address = tuple[str, int] | str  # a path is that of a unix socket


class Proxy:
    """Listens on a free port of the address `listen` and passes everything on to `host`:`port`."""

    def __init__(self, host: str, port: int, listen: str = LOOPBACK) -> None:
        self._between((host, port), (listen, 0))
        self._place = self._listener.getsockname()[:2]
        self.host, self.port = listen, int(self._place[1])

    @classmethod
    def before(cls, path: Path) -> Self:
        """One in the place of the unix socket at `path`, where a server listens."""
        behind = path.with_name("behind.sock")
        path.rename(behind)
        made = cls.__new__(cls)
        made._between(str(behind), str(path))
        return made

    def _between(self, target: Address, place: Address) -> None:
        self._target, self._place = target, place
        self._flowing, self._hurried = threading.Event(), threading.Event()
        self._flowing.set()
        self._sockets: list[socket.socket] = []
        self._keeping = threading.Lock()
        self._delay = 0.0
        self._noise: random.Random | None = None
        self.connections = 0
        self._listener: socket.socket = self._listen()

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hurried.set()
        self._flowing.set()
        self.refuse()

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
            _close(each)

    def refuse(self) -> None:
        """Be a server that has died: no connection is left, and none is accepted."""
        with self._keeping:
            _close(self._listener)
        self.cut()

    def slow(self, seconds: float) -> None:
        """Every answer takes so much longer."""
        self._hurried.clear()
        self._delay = seconds

    def garble(self) -> None:
        """Answer with noise from now on, on the connections that are there and on new ones."""
        self._noise = random.Random(1)

    def heal(self) -> None:
        """Be a good way again, after whatever it was."""
        self._delay, self._noise = 0.0, None
        self._hurried.set()
        self.thaw()
        if self._listener.fileno() < 0:
            self._listener = self._listen()
            self._begin()

    def _listen(self) -> socket.socket:
        if isinstance(self._place, tuple):
            return socket.create_server(self._place)
        Path(self._place).unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self._place)
        listener.listen()
        return listener

    def _begin(self) -> None:
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                far = self._connect()
            except OSError:
                near.close()
                continue
            if not self._keep(listener, near, far):
                return
            for source, sink, back in ((near, far, False), (far, near, True)):
                threading.Thread(target=self._pass, args=(source, sink, back), daemon=True).start()

    def _keep(self, listener: socket.socket, *pair: socket.socket) -> bool:
        """Whether they may live on: what was on its way when the listener closed is closed too."""
        with self._keeping:
            if open_still := listener.fileno() >= 0:
                self._sockets += pair
        if not open_still:
            for each in pair:
                _close(each)
        return open_still

    def _connect(self) -> socket.socket:
        if isinstance(self._target, tuple):
            return socket.create_connection(self._target)
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(self._target)
        except OSError:
            far.close()
            raise
        return far

    def _pass(self, source: socket.socket, sink: socket.socket, back: bool) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._flowing.wait()
                data = source.recv(CHUNK)
                self._flowing.wait()
                if not data:
                    break
                sink.sendall(self._answered(data) if back else data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _answered(self, data: bytes) -> bytes:
        if self._delay:
            self._hurried.wait(self._delay)
        return data if self._noise is None else self._noise.randbytes(NOISE_BYTES)


def _close(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
