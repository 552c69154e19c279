"""The application: every operation at its path, the live stream, health, the description of it all."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ..backend.http_server.responses import answer, encode
from ..backend.http_server.security import Door
from .endpoint import Endpoint, on_http_exception, on_problems
from .executor import Desk
from .health import Health
from .openapi import describe
from .operation import Operation
from .routes import OPERATIONS
from .schemas import Problems
from .stream.endpoint import Stream

if TYPE_CHECKING:
    from .ingest import Recording

STREAM = "/api/messages/stream"


def build(desk: Desk, token: str | None = None, recording: "Recording | None" = None) -> ASGIApp:
    """The application on an open database; without a token it serves this machine alone."""
    health = Health(desk, recording)

    @cache
    def document() -> bytes:
        return encode(describe(OPERATIONS, with_token=token is not None))

    async def openapi(_request: Request) -> Response:
        return answer(await desk.apart(document))  # its making takes longer than the loop may be held

    async def stream_status(_request: Request) -> Response:
        return answer(encode(_stream_status(desk)))

    endpoints = _endpoints(desk)
    routes = [
        *(Route(path, endpoint, methods=endpoint.methods) for path, endpoint in endpoints.items()),
        Route(STREAM, Stream(desk), methods=["GET"]),
        Route(f"{STREAM}/status", stream_status, methods=["GET"]),
        Route("/api/openapi.json", openapi, methods=["GET"]),
        Route("/healthz", health.alive, methods=["GET"]),
        Route("/readyz", health.ready, methods=["GET"]),
        Route("/metrics", health.metrics, methods=["GET"]),
    ]
    app = Starlette(
        routes=routes, exception_handlers={HTTPException: on_http_exception, Problems: on_problems}
    )
    app.router.redirect_slashes = False
    return Door(Known(app, endpoints), token)


class Known:
    """Calls the endpoint of a path that is known whole at once; for every other the routes are tried."""

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, Endpoint]) -> None:
        self._app = app
        self._endpoints = {path: endpoint for path, endpoint in endpoints.items() if "{" not in path}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        endpoint = self._endpoints.get(scope["path"]) if scope["type"] == "http" else None
        if endpoint is not None and scope["method"] in endpoint.methods:
            await endpoint(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _endpoints(desk: Desk) -> dict[str, Endpoint]:
    by_path: dict[str, list[Operation]] = defaultdict(list)
    for operation in OPERATIONS:
        by_path[operation.path].append(operation)
    return {path: Endpoint(desk, operations) for path, operations in by_path.items()}


def _stream_status(desk: Desk) -> dict[str, object]:
    clients = list(desk.hub.clients.values())
    return {
        "connected_clients": len(clients),
        "client_ids": [client.id for client in clients],
        "client_filters": {client.id: client.wanted.shown() for client in clients},
        "cut_off": desk.hub.cut_off,
    }
