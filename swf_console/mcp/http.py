"""The MCP server over HTTP, for this machine only."""

from collections.abc import Callable

from ..backend.core.errors import UsageError
from ..backend.http_server.address import base_url
from ..backend.http_server.security import AuthMiddleware
from ..backend.http_server.server import HttpServer, Listening, bound_socket, is_loopback, server_config
from .executor import ToolExecutor
from .server import build

PATH = "/mcp"
GRACE_SECONDS = 10


def serve_http(executor: ToolExecutor, listening: Listening, up: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; calls `up` with the URL. With writes allowed, clients need a token.

    Raises UsageError for a host that other machines reach or for writes without a token, PortInUse.
    """
    _check_access(executor, listening.host)
    app = build(executor).streamable_http_app(streamable_http_path=PATH, json_response=True, host="127.0.0.1")
    config = server_config(
        AuthMiddleware(app, executor.settings.api_token),
        lifespan="on",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with bound_socket(listening) as bound:
        bound.listen()
        host, port = bound.getsockname()[:2]
        up(f"{base_url(host, port)}{PATH}")
        HttpServer(config).run(sockets=[bound])


def _check_access(executor: ToolExecutor, host: str) -> None:
    if not is_loopback(host):
        raise UsageError(
            f"{host} is reachable from other machines; MCP is served only to this machine",
            "Listen on 127.0.0.1 and use a tunnel (ssh -L)",
        )
    if executor.allow_write and not executor.settings.api_token:
        raise UsageError(
            "every user of this machine could write through this port",
            "Set SWF_API_TOKEN, omit --allow-write, or use stdio",
        )
