"""The monitor as a process: what it needs opened, a socket bound, served until it is told to end."""

import asyncio
import contextlib
import ipaddress
import os
import resource
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn

from ...api.app import build
from ...api.executor import Desk
from ...api.ingest import Recording
from ...api.stream.broadcaster import Hub
from ..core.errors import PortTaken, UsageError
from ..core.settings import Settings
from ..database import open_database
from ..messaging.endpoint import choose_broker
from .address import MonitorAddress, forget_address, write_address

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 120
GRACE_SECONDS = 5
UNACKNOWLEDGED_MILLISECONDS = 30_000
# the loop answers many while threads wait for the database: none of them may hold the interpreter for long
SWITCH_SECONDS = 0.0005
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen, and with which certificate."""

    host: str = "127.0.0.1"
    port: int = 8002
    certificate: Path | None = None
    key: Path | None = None


def serve(settings: Settings, listening: Listening, up: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `up` is called with the URL once requests are answered.

    Raises UsageError for a host that may not be served like that, PortTaken, DatabaseUnusable and
    DatabaseUnreachable. A broker that is down is waited for.
    """
    tls = usable_tls(listening)
    check_host(listening, settings.api_token)
    with contextlib.ExitStack() as stack:
        bound = stack.enter_context(bound_socket(listening))
        database = open_database(settings.database_url, durable=True)
        stack.callback(database.close)
        hub = Hub()
        desk = Desk(database, hub)
        stack.callback(desk.close)
        recording = Recording(choose_broker(settings), desk.writer, hub.publish)
        stack.callback(recording.close)
        address = MonitorAddress(tls, listening.host, bound.getsockname()[1], os.getpid())
        config = uvicorn.Config(
            build(desk, settings.api_token, recording),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            ws="none",
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ssl_certfile=listening.certificate,
            ssl_keyfile=listening.key,
        )
        _allow_many_files()
        sys.setswitchinterval(SWITCH_SECONDS)

        def ready() -> None:
            hub.begin()
            recording.start()
            write_address(settings.state_dir, address)
            up(address.url)

        stack.callback(forget_address, settings.state_dir, os.getpid())
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_MonitorServer(config, hub, ready).serve([bound]))


class Server(uvicorn.Server):
    """uvicorn that returns when it was told to end, instead of dying of the signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


class _MonitorServer(Server):
    """Says when it is up, and ends the live streams first."""

    def __init__(self, config: uvicorn.Config, hub: Hub, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._hub, self._ready = hub, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._hub.end_soon()
        super().handle_exit(sig, frame)


def check_host(listening: Listening, token: str | None) -> None:
    """Raise UsageError where others could reach the monitor without a token, or read what it says."""
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


def usable_tls(listening: Listening) -> bool:
    """Whether it is TLS. Raises UsageError for a certificate or key that cannot be used."""
    if (listening.certificate is None) != (listening.key is None):
        raise UsageError("--tls-cert and --tls-key belong together", "Give both or neither")
    if listening.certificate is None or listening.key is None:
        return False
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(listening.certificate, listening.key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(f"{listening.certificate}: no usable certificate and key: {error}") from error
    return True


@contextlib.contextmanager
def bound_socket(listening: Listening) -> Iterator[socket.socket]:
    """A socket on that address. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    # asyncio sends without delay only where the protocol is named
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # a client that reads nothing more is let go by the system, with what waits for it
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MILLISECONDS)
        try:
            bound.bind((listening.host, listening.port))
        except OSError as error:
            raise PortTaken(
                f"{listening.host}:{listening.port} cannot be listened on: {error.strerror or error}",
                "Choose another with --port",
            ) from error
        yield bound


def _allow_many_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 65_536
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
