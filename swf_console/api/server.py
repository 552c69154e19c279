"""The monitor as a process: database, broker and request executor around the HTTP server."""

import asyncio
import contextlib
import json
import os
import resource
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn

from ..backend.core.files import read_json, write_private
from ..backend.core.settings import Settings, private_directory
from ..backend.database import open_database, sequences
from ..backend.http_server.address import MonitorAddress, forget_address, write_address
from ..backend.http_server.server import (
    HttpServer,
    Listening,
    bound_socket,
    check_host,
    server_config,
    tls_context,
)
from ..backend.messaging.endpoint import choose_broker
from .app import build
from .executor import RequestExecutor
from .ingest import TOPICS, TopicIngest
from .stream.broadcaster import Broadcaster

BACKLOG = 2048
KEEP_ALIVE_SECONDS = 120
GRACE_SECONDS = 5
# the loop answers many clients while threads work: a short interval hands the interpreter lock back sooner
SWITCH_SECONDS = 0.0005


def serve(settings: Settings, listening: Listening, up: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; calls `up` with the URL once requests are answered.

    Raises UsageError for a host that needs a token or a certificate, PortInUse, DatabaseUnusable and
    DatabaseUnreachable. Waits for a broker that is down.
    """
    tls = tls_context(listening) is not None
    check_host(listening, settings.api_token)
    with contextlib.ExitStack() as stack:
        bound = stack.enter_context(bound_socket(listening))
        database = open_database(settings.database_url, durable=True)
        stack.callback(database.close)
        broadcaster = Broadcaster()
        executor = RequestExecutor(database, broadcaster.publish)
        stack.callback(executor.close)
        with database.write() as connection:
            database_id = sequences.database_id(connection)
        client_id = f"swf-monitor-{database_id}"
        _store_identity(settings, database_id, client_id)
        ingest = TopicIngest(
            choose_broker(settings), executor.writer, broadcaster.publish, broadcaster.gap, client_id
        )
        stack.callback(ingest.close)
        address = MonitorAddress(tls, listening.host, bound.getsockname()[1], os.getpid())
        config = server_config(
            build(executor, broadcaster, settings.api_token, ingest),
            lifespan="off",
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ssl_certfile=listening.certificate,
            ssl_keyfile=listening.key,
        )
        _allow_many_files()
        sys.setswitchinterval(SWITCH_SECONDS)

        def ready() -> None:
            broadcaster.start()
            ingest.start()
            write_address(settings.state_dir, address)
            up(address.url)

        stack.callback(forget_address, settings.state_dir, os.getpid())
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(_MonitorServer(config, broadcaster, ready).serve([bound]))


def _store_identity(settings: Settings, database_id: str, client_id: str) -> None:
    """Store whose durable subscriptions these are, as agents do: `broker subscriptions` names them by it."""
    broker = f"{settings.broker.host}:{settings.broker.port}" if settings.broker else "embedded"
    identity = {"name": "monitor", "client_id": client_id, "known_to": [broker], "topics": list(TOPICS)}
    path = private_directory(settings.state_dir / "agents") / "monitor.json"
    write_private(path, json.dumps(read_json(path) | {database_id: identity}))


class _MonitorServer(HttpServer):
    """Calls `ready` when it is up, and ends the live streams first on shutdown."""

    def __init__(self, config: uvicorn.Config, broadcaster: Broadcaster, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._broadcaster, self._ready = broadcaster, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._broadcaster.close_soon()
        super().handle_exit(sig, frame)


def _allow_many_files() -> None:
    """Raise the limit of file descriptors: every stream client needs one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else 65_536
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
