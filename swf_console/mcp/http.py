"""The same server over HTTP, for this machine alone."""

import socket

import uvicorn

from ..backend.core.errors import PortTaken, UsageError
from ..backend.http_server.security import Door
from ..backend.http_server.server import Server, is_loopback
from .executor import Desk
from .server import build

PATH = "/mcp"
GRACE_SECONDS = 10


def serve_http(desk: Desk, bound: socket.socket) -> None:
    """Serve on a socket of `listen` until SIGTERM or SIGINT."""
    app = build(desk).streamable_http_app(streamable_http_path=PATH, json_response=True, host="127.0.0.1")
    config = uvicorn.Config(
        Door(app, desk.settings.api_token),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    Server(config).run(sockets=[bound])


def listen(desk: Desk, host: str, port: int) -> socket.socket:
    """A socket that only this machine reaches; who may write over it has to show a token.

    Raises UsageError for a host that others reach and for writes without a token, PortTaken.
    """
    if not is_loopback(host):
        raise UsageError(
            f"{host} can be reached from other machines: MCP is served on this one alone",
            "Listen on 127.0.0.1, and reach it through a tunnel (ssh -L)",
        )
    if desk.allow_write and not desk.settings.api_token:
        raise UsageError(
            "everybody on this machine could write through this port",
            "Set SWF_API_TOKEN, or leave --allow-write out, or use stdio",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen()
    except OSError as error:
        bound.close()
        raise PortTaken(
            f"{host}:{port} cannot be listened on: {error.strerror or error}", "Choose another with --port"
        ) from error
    return bound
