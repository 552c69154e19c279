"""TLS with the broker: its files, and a codec that is separate from the socket."""

import contextlib
import socket
import ssl
import threading
import time

from ..core.settings import BrokerSettings
from .ports import ConnectRefused

RECORD_BYTES = 65536


class TlsCodec:
    """TLS separate from the socket: one thread encrypts while another waits for bytes to decrypt.

    ssl.SSLSocket would need one lock around both, and a receive that waits would block every send.
    """

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._lock = threading.Lock()

    def handshake(self, connected: socket.socket, deadline: float) -> None:
        """Do the handshake before `deadline` (monotonic seconds)."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                connected.settimeout(max(0.001, deadline - time.monotonic()))
                connected.sendall(self._outgoing.read())
                data = connected.recv(RECORD_BYTES)
                if not data:
                    raise ssl.SSLEOFError(ssl.SSL_ERROR_EOF, "closed in the handshake") from None
                self._incoming.write(data)
            except ssl.SSLError:
                # send the peer the TLS alert with the reason, if the socket still accepts it
                with contextlib.suppress(OSError):
                    connected.sendall(self._outgoing.read())
                raise
            else:
                connected.sendall(self._outgoing.read())
                return

    def encrypt(self, data: bytes) -> bytes:
        """The TLS records of `data`, and other records that are due."""
        with self._lock:
            view = memoryview(data)
            while view:
                view = view[self._tls.write(view) :]
            return self._outgoing.read()

    def decrypt(self, data: bytes) -> tuple[bytes, bool]:
        """The plain bytes in `data`, and whether the peer has closed."""
        plain = bytearray()
        with self._lock:
            self._incoming.write(data)
            try:
                while piece := self._tls.read(RECORD_BYTES):
                    plain += piece
            except ssl.SSLWantReadError:
                return bytes(plain), False
            except ssl.SSLZeroReturnError:
                pass
        return bytes(plain), True


def tls_context(broker: BrokerSettings) -> ssl.SSLContext:
    """TLS 1.2 or later with the host name checked; ConnectRefused if a file cannot be used."""
    try:
        context = ssl.create_default_context(cafile=broker.ca_certs)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if broker.cert_file:
            context.load_cert_chain(broker.cert_file, broker.key_file)
    except OSError as error:
        raise ConnectRefused(
            f"TLS to the broker is not possible: {error.strerror or error}",
            "Check ACTIVEMQ_SSL_CA_CERTS, ACTIVEMQ_SSL_CERT_FILE and ACTIVEMQ_SSL_KEY_FILE",
        ) from error
    return context
