"""The application: every operation at its path, the live stream, health, the description of it all."""

from collections import defaultdict
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from .answers import answer, encode
from .desk import Desk
from .door import Door
from .endpoint import Endpoint, on_http_exception, on_problems
from .fields import Problems
from .health import Health
from .interface import OPERATIONS
from .openapi import describe
from .operation import Operation
from .stream import Stream

if TYPE_CHECKING:
    from .recording import Recording

STREAM = "/api/messages/stream"


def build(desk: Desk, token: str | None = None, recording: "Recording | None" = None) -> ASGIApp:
    """The application on an open database; without a token it serves this machine alone."""
    health = Health(desk, recording)
    document = encode(describe(OPERATIONS, with_token=token is not None))

    async def openapi(_request: Request) -> Response:
        return answer(document)

    async def stream_status(_request: Request) -> Response:
        return answer(encode(_stream_status(desk)))

    routes = [
        *_routes(desk),
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
    return Door(app, token)


def _routes(desk: Desk) -> list[Route]:
    by_path: dict[str, list[Operation]] = defaultdict(list)
    for operation in OPERATIONS:
        by_path[operation.path].append(operation)
    routes = []
    for path, operations in by_path.items():
        endpoint = Endpoint(desk, operations)
        routes.append(Route(path, endpoint.__call__, methods=endpoint.methods))
    return routes


def _stream_status(desk: Desk) -> dict[str, object]:
    clients = list(desk.hub.clients.values())
    return {
        "connected_clients": len(clients),
        "client_ids": [client.id for client in clients],
        "client_filters": {client.id: client.wanted.shown() for client in clients},
        "cut_off": desk.hub.cut_off,
    }
