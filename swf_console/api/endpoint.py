"""Converts HTTP requests to operations and back; every error is one line of JSON."""

import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response as HttpResponse
from starlette.types import Receive, Scope, Send

from ..backend.core.errors import BackendUnreachable, DatabaseUnusable, UsageError
from ..backend.http_server.responses import encode, error_response, json_response
from .executor import RequestExecutor
from .limits import RequestRejected, parse, read_body
from .operation import Operation, Request
from .schemas import Problems

log = logging.getLogger(__name__)

# larger bodies are parsed in a thread: they would block other requests for over a millisecond
PARSED_ON_THE_LOOP = 16 * 1024
NOT_PLAIN = re.compile(r"[^A-Za-z0-9_., -]")
RETRY_LATER = {"retry-after": "5"}
MAX_BODIES = 20_000


class Endpoint:
    """All operations of one path."""

    def __init__(self, executor: RequestExecutor, operations: Sequence[Operation]) -> None:
        self._executor = executor
        self._by_method = {operation.method: operation for operation in operations}
        self.methods = sorted(self._by_method)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self._respond(HttpRequest(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, http: HttpRequest) -> HttpResponse:
        operation = self._by_method["GET" if http.method == "HEAD" else http.method]
        try:
            request = await self._read_request(http, operation)
            body, status = await self._executor.execute(operation, request)
            return json_response(body, status, _warning(http, operation))
        except Exception as error:  # noqa: BLE001 (every error becomes a response)
            return _failure(http, operation, error)

    async def _read_request(self, http: HttpRequest, operation: Operation) -> Request:
        keys = operation.keys.read(http.path_params)
        query = operation.query_schema.read_query(http.query_params)
        now = datetime.now(UTC)
        bodies: Sequence[dict[str, Any]] = ()
        bulk = False
        if operation.body is not None:
            document = await self._document(http)
            bulk = operation.bulk and isinstance(document, list)
            bodies = await self._bodies(operation, document if bulk else [document], bulk=bulk)
        elif operation.writes:
            await read_body(http)
        url = str(http.url) if operation.is_list else ""
        return Request(keys, query, bodies, bulk, url, now, operation.max_rows)

    async def _document(self, http: HttpRequest) -> Any:
        body = await read_body(http)
        if len(body) <= PARSED_ON_THE_LOOP:
            return parse(body)
        return await self._executor.in_thread(lambda: parse(body))

    async def _bodies(
        self, operation: Operation, documents: Sequence[Any], *, bulk: bool
    ) -> list[dict[str, Any]]:
        if len(documents) > MAX_BODIES:
            raise RequestRejected(413, f"over {MAX_BODIES} objects in one request")
        if not documents:
            raise Problems.of("non_field_errors", "This list may not be empty.")
        if len(documents) == 1:
            return _read_bodies(operation, documents, bulk=bulk)
        return await self._executor.in_thread(lambda: _read_bodies(operation, documents, bulk=bulk))


def _warning(http: HttpRequest, operation: Operation) -> dict[str, str]:
    """A Warning header (RFC 7234, 5.5) for query parameters that the operation ignores."""
    unknown = [name for name in http.query_params if name not in operation.query_schema.model_fields]
    if not unknown:
        return {}
    names = NOT_PLAIN.sub("?", ", ".join(unknown))[:200]
    return {"warning": f'299 - "unknown query parameter ignored: {names}"'}


def _failure(http: HttpRequest, operation: Operation, error: Exception) -> HttpResponse:
    headers: dict[str, str] = {}
    match error:
        case Problems() if not operation.status_in_body:
            return json_response(encode(error.fields), 400)
        case RequestRejected():
            status, text = error.status, error.text
        case BackendUnreachable() | DatabaseUnusable():
            log.warning("%s %s: %s", http.method, http.url.path, error)
            status, text, headers = 503, "the database cannot be used now", RETRY_LATER
        case Problems() | UsageError() | ClientDisconnect():
            status, text = 400, str(error) or "the client disconnected"
        case _:
            log.error("%s %s failed", http.method, http.url.path, exc_info=error)
            status, text = 500, "internal error"
    if operation.status_in_body:
        return json_response(encode({"status": "error", "error": text}), status, headers)
    return error_response(status, text, headers)


def _read_bodies(operation: Operation, documents: Sequence[Any], *, bulk: bool) -> list[dict[str, Any]]:
    bodies: list[dict[str, Any]] = []
    problems: dict[str, list[str]] = {}
    if operation.body is None:
        return bodies
    for index, document in enumerate(documents):
        if not isinstance(document, dict):
            raise Problems.of("non_field_errors", "Invalid data. Expected a JSON object.")
        try:
            bodies.append(operation.body.read(document))
        except Problems as found:
            named = {f"{index}.{name}" if bulk else name: texts for name, texts in found.fields.items()}
            problems.update(named)
    if problems:
        raise Problems(problems)
    return bodies


async def on_http_exception(_request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer an unknown path or method."""
    if not isinstance(error, HTTPException):
        return error_response(500, "internal error")
    return error_response(error.status_code, str(error.detail), error.headers)


async def on_problems(_request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer an invalid query of the live stream."""
    fields = error.fields if isinstance(error, Problems) else {}
    return json_response(encode(fields or {"detail": "bad request"}), 400)
