"""What the HTTP servers of a home share: allowed hosts, socket, certificate, shutdown."""

import contextlib
import ipaddress
import signal
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from ..core.errors import PortInUse, UsageError

# how long sent data may stay unacknowledged before the kernel closes the connection
UNACKNOWLEDGED_MILLISECONDS = 30_000
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen, and with which certificate."""

    host: str = "127.0.0.1"
    port: int = 8002
    certificate: Path | None = None
    key: Path | None = None


class HttpServer(uvicorn.Server):
    """uvicorn's server; `serve` returns after a signal, where uvicorn would raise the signal again."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def server_config(app: ASGIApp, **options: Any) -> uvicorn.Config:
    """uvicorn's configuration: no logs, no Server header, no trust in proxy headers."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        **options,
    )


def check_host(listening: Listening, token: str | None) -> None:
    """Raise UsageError if other machines could reach the server without a token or TLS."""
    if is_loopback(listening.host):
        return
    missing = [
        *(["a token (SWF_API_TOKEN)"] if not token else []),
        *(["--tls-cert and --tls-key"] if listening.certificate is None else []),
    ]
    if missing:
        raise UsageError(
            f"{listening.host} is reachable from other machines and needs {' and '.join(missing)}",
            "Set them, or listen on 127.0.0.1 and use a tunnel (ssh -L)",
        )


def is_loopback(host: str) -> bool:
    """Whether every address of that name is a loopback address."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"{host}: not an address of this machine: {error}", "Name an address of this machine"
        ) from error
    return all(ipaddress.ip_address(str(each[4][0]).partition("%")[0]).is_loopback for each in found)


def tls_context(listening: Listening) -> ssl.SSLContext | None:
    """The TLS context of the certificate; None without one. Raises UsageError if it cannot be used."""
    if (listening.certificate is None) != (listening.key is None):
        raise UsageError("--tls-cert and --tls-key need each other", "Set both or neither")
    if listening.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(listening.certificate, listening.key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"{listening.certificate}: certificate and key cannot be used: {error}") from error
    return context


@contextlib.contextmanager
def bound_socket(listening: Listening) -> Iterator[socket.socket]:
    """A socket on that address, not yet listening. Raises PortInUse."""
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    # asyncio sets TCP_NODELAY only if the protocol is named
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # the kernel closes the connection of a client that reads nothing, and frees its queue
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MILLISECONDS)
        try:
            bound.bind((listening.host, listening.port))
        except OSError as error:
            raise PortInUse(
                f"cannot listen on {listening.host}:{listening.port}: {error.strerror or error}",
                "Choose another port with --port",
            ) from error
        yield bound
