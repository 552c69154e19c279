"""The socket under stomp.py: with a deadline, TLS, and sends that can be aborted.

The Transport of stomp.py 9.0.0 hangs in a send to a frozen peer, with its heartbeat thread behind it, and
over TLS it uses a whole core when the peer is gone; its BaseTransport leaves the socket to us.
"""

import contextlib
import logging
import os
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

os.environ.setdefault("STOMP_SKIP_HOSTNAME_SCAN", "1")

from stomp.exception import ConnectionClosedException
from stomp.protocol import Protocol12
from stomp.transport import BaseTransport
from stomp.utils import convert_frame

from ..core.settings import BrokerSettings
from .ports import NotConnected
from .tls import TlsCodec, tls_context

SERVER_COMMANDS = {"CONNECTED", "MESSAGE", "RECEIPT", "ERROR", "heartbeat"}
RECEIVE_BYTES = 65536
FLUSH_BYTES = 65536

# at lower levels stomp.py logs frames, and its mask for the password does not match the frames it writes
logging.getLogger("stomp.py").setLevel(logging.ERROR)


class SocketTransport(BaseTransport):
    """One socket, used for one connection; frames are sent whole and in order from any thread."""

    vhost = None

    def __init__(self, broker: BrokerSettings, timeout: float) -> None:
        init: Any = super().__init__
        init()
        self._broker = broker
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._tls: TlsCodec | None = None
        # guards the socket's write side, _rest and TLS order; reentrant, because buffered() sends inside it
        self._sending = threading.RLock()
        self._buffering_thread: int | None = None
        self._allowed: Callable[[], bool] | None = None
        self._buffered: list[bytes] = []
        self._buffered_bytes = 0
        self._posted: deque[bytes] = deque()
        self._rest = b""
        self.current_host_and_port = (broker.host, broker.port)
        self.create_thread_fc = self._start_receiver
        self.received_at = self.sent_at = time.monotonic()
        self.tls_error: ssl.SSLError | None = None
        self.not_stomp = False

    def attempt_connection(self) -> None:
        """Connect, with the TLS handshake if configured. OSError (also ssl.SSLError) or ConnectRefused."""
        deadline = time.monotonic() + self._timeout
        context = tls_context(self._broker) if self._broker.tls else None
        address = (self._broker.host, self._broker.port)
        connected = socket.create_connection(address, self._timeout)
        self._socket = connected
        if connected.getsockname() == connected.getpeername():
            # the kernel may choose the target as source port on loopback (TCP simultaneous open)
            connected.close()
            raise ConnectionRefusedError("connected to itself: no program listens on that port")
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if context is not None:
            self._tls = TlsCodec(context, self._broker.host)
            self._handshake(self._tls, connected, deadline)
        connected.settimeout(None)
        self.received_at = self.sent_at = time.monotonic()

    def _handshake(self, tls: TlsCodec, connected: socket.socket, deadline: float) -> None:
        try:
            tls.handshake(connected, deadline)
        except TimeoutError as error:
            raise TimeoutError(f"no answer to the TLS handshake within {self._timeout:g} s") from error

    def transmit(self, frame: Any) -> None:
        """Encode and send a frame; only SENDs may block: that is the flow control for a fast sender."""
        packed = b"".join(convert_frame(frame))
        if frame.cmd not in ("SEND", "BEGIN", "COMMIT"):
            self.post(packed)
        elif self._buffering_thread == threading.get_ident():
            self._buffer(packed)
        else:
            self.send(packed)

    def send(self, encoded_frame: bytes) -> None:
        """Send, waiting for room; NotConnected if the connection ends meanwhile."""
        with self._sending:
            self._write(encoded_frame)
        self._flush_posted()

    @contextlib.contextmanager
    def buffered(self, allowed: Callable[[], bool] | None = None) -> Iterator[None]:
        """Join the frames that this thread sends inside into few large writes.

        Before each of them `allowed` is called: a process that was stopped for long must not send what it had
        ready. A transaction is then not committed, because its COMMIT comes with the last write.
        """
        with self._sending:
            self._allowed = allowed
            self._buffering_thread, self._buffered, self._buffered_bytes = threading.get_ident(), [], 0
            try:
                yield
                self._write_buffered()
            finally:
                self._buffering_thread = self._allowed = None
        self._flush_posted()

    def post(self, data: bytes) -> None:
        """Send without waiting: what finds no room is sent with the next send or heartbeat."""
        self._posted.append(data)
        self._flush_posted()

    def receive(self) -> bytes:
        """Wait for bytes; empty if the peer has closed."""
        while True:
            connected = self._socket
            if connected is None:
                return b""
            data = connected.recv(RECEIVE_BYTES)
            self.received_at = time.monotonic()
            if self._tls is None or not data:
                return data
            plain, ended = self._decrypted(self._tls, data)
            if plain or ended:
                return plain

    def process_frame(self, f: Any, frame_str: Any) -> None:
        """Pass a frame on; a command that no broker sends ends the session: frames may be lost with it."""
        if f.cmd not in SERVER_COMMANDS:
            self.not_stomp = True
            raise ConnectionClosedException
        pass_on: Any = super().process_frame
        pass_on(f, frame_str)

    def abort(self) -> None:
        """End the connection now; a thread that is blocked in a send or a receive returns from it."""
        connected = self._socket
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def cleanup(self) -> None:
        """Close the socket, once no thread is in a send."""
        self.abort()
        with self._sending:
            connected, self._socket = self._socket, None
            if connected is not None:
                connected.close()

    def disconnect_socket(self) -> None:
        """Called by stomp.py on the receipt of a DISCONNECT."""
        self.abort()

    def _start_receiver(self, run: Callable[[], None]) -> threading.Thread:
        def receive_and_close() -> None:
            run()
            self.cleanup()  # stomp.py does it only where its loop started before abort()

        thread = threading.Thread(target=receive_and_close, name="stomp-receiver", daemon=True)
        thread.start()
        return thread

    def _buffer(self, packed: bytes) -> None:
        self._buffered.append(packed)
        self._buffered_bytes += len(packed)
        if self._buffered_bytes >= FLUSH_BYTES:
            self._write_buffered()

    def _write_buffered(self) -> None:
        if self._buffered:
            if self._allowed is not None and not self._allowed():
                self.abort()
                raise NotConnected("the lease of the sender has expired")
            self._write(b"".join(self._buffered))
            self._buffered, self._buffered_bytes = [], 0

    def _write(self, data: bytes) -> None:
        connected = self._socket
        if connected is None:
            raise NotConnected("the connection is closed")
        rest, self._rest = self._rest, b""
        try:
            connected.sendall(rest + self._encoded(self._take_posted() + data))
        except OSError as error:
            self.abort()
            raise NotConnected(f"the connection ended in a send: {error}") from error
        self.sent_at = time.monotonic()

    def _decrypted(self, tls: TlsCodec, data: bytes) -> tuple[bytes, bool]:
        try:
            return tls.decrypt(data)
        except ssl.SSLError as error:
            self.tls_error = error
            raise

    def _encoded(self, data: bytes) -> bytes:
        return data if self._tls is None else self._tls.encrypt(data)

    def _flush_posted(self) -> None:
        # each holder of the lock comes here after releasing it: nothing posted meanwhile is left in the queue
        while (self._posted or self._rest) and self._sending.acquire(blocking=False):
            try:
                if not self._write_posted():
                    return
            finally:
                self._sending.release()

    def _write_posted(self) -> bool:
        connected = self._socket
        if connected is None or self._buffering_thread is not None:
            return False
        fresh = self._take_posted()
        data = self._rest + (self._encoded(fresh) if fresh else b"")
        try:
            count = connected.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            count = 0
        except OSError:
            self.abort()
            return False
        self._rest = data[count:]
        self.sent_at = time.monotonic()
        return not self._rest

    def _take_posted(self) -> bytes:
        taken = bytearray()
        while self._posted:
            taken += self._posted.popleft()
        return bytes(taken)


def make_protocol(transport: SocketTransport) -> Any:
    """STOMP 1.2 over `transport`, without stomp.py's heartbeats: a bad header ends them (9.0.0)."""
    make: Any = Protocol12
    protocol = make(transport)
    forget: Any = transport.remove_listener
    forget("protocol-listener")
    return protocol
