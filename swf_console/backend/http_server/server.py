"""What the HTTP servers of a home share: where they may listen, the socket, the certificate, their end."""

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
    """uvicorn that returns when it was told to end, instead of dying of the signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def server_config(app: ASGIApp, **options: Any) -> uvicorn.Config:
    """uvicorn's options: it logs nothing itself, does not name itself, and believes no proxy's headers."""
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
    """Raise UsageError where others could reach the server without a token, or read what it sends."""
    if is_loopback(listening.host):
        return
    lacking = [
        *(["a token (SWF_API_TOKEN)"] if not token else []),
        *(["--tls-cert and --tls-key"] if listening.certificate is None else []),
    ]
    if lacking:
        raise UsageError(
            f"{listening.host} can be reached from other machines, which takes {' and '.join(lacking)}",
            "Give them, or listen on 127.0.0.1 and come through a tunnel (ssh -L)",
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches every address of that name."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"{host}: no such address here: {error}", "Name an address of this machine"
        ) from error
    return all(ipaddress.ip_address(str(each[4][0]).partition("%")[0]).is_loopback for each in found)


def tls_context(listening: Listening) -> ssl.SSLContext | None:
    """The context of its certificate; None without one. Raises UsageError where it cannot be used."""
    if (listening.certificate is None) != (listening.key is None):
        raise UsageError("--tls-cert and --tls-key belong together", "Give both or neither")
    if listening.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(listening.certificate, listening.key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"{listening.certificate}: no usable certificate and key: {error}") from error
    return context


@contextlib.contextmanager
def bound_socket(listening: Listening) -> Iterator[socket.socket]:
    """A socket on that address, not yet listening. Raises PortInUse."""
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    # asyncio sends without delay only where the protocol is named
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # the system closes the connection of a client that reads nothing, and frees what is queued for it
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MILLISECONDS)
        try:
            bound.bind((listening.host, listening.port))
        except OSError as error:
            raise PortInUse(
                f"{listening.host}:{listening.port} cannot be listened on: {error.strerror or error}",
                "Choose another with --port",
            ) from error
        yield bound
