"""The ASGI application: operations, live stream, health, OpenAPI document."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ..backend.http_server.responses import encode, json_response
from ..backend.http_server.security import AuthMiddleware
from .endpoint import Endpoint, on_http_exception, on_problems
from .executor import RequestExecutor
from .health import PUBLIC, Health
from .ingest import TopicIngest
from .openapi import describe
from .operation import Operation
from .routes import OPERATIONS
from .schemas import Problems
from .stream.broadcaster import Broadcaster
from .stream.endpoint import Stream

STREAM = "/api/messages/stream"


def build(
    executor: RequestExecutor,
    broadcaster: Broadcaster,
    token: str | None = None,
    ingest: TopicIngest | None = None,
) -> ASGIApp:
    """The application on an open database; without a token it serves only this machine."""
    health = Health(executor, broadcaster, ingest)

    @cache
    def document() -> bytes:
        return encode(describe(OPERATIONS, with_token=token is not None))

    async def openapi(_request: Request) -> Response:
        return json_response(
            await executor.in_thread(document)
        )  # making the document would block the loop for too long

    async def stream_status(_request: Request) -> Response:
        return json_response(encode(broadcaster.status()))

    endpoints = _endpoints(executor)
    routes = [
        *(Route(path, endpoint, methods=endpoint.methods) for path, endpoint in endpoints.items()),
        Route(STREAM, Stream(executor, broadcaster), methods=["GET"]),
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
    public = {(each.method, each.path) for each in OPERATIONS if each.public}
    restricted = {(each.method, each.path) for each in OPERATIONS if each.restricted}
    return AuthMiddleware(ExactPathRouter(app, endpoints), token, public | PUBLIC, restricted)


class ExactPathRouter:
    """Calls the endpoint of a path without parameters directly; Starlette's routes serve the others.

    Starlette compares a path with every route in order, which costs more than a small request itself."""

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


def _endpoints(executor: RequestExecutor) -> dict[str, Endpoint]:
    by_path: dict[str, list[Operation]] = defaultdict(list)
    for operation in OPERATIONS:
        by_path[operation.path].append(operation)
    return {path: Endpoint(executor, operations) for path, operations in by_path.items()}
