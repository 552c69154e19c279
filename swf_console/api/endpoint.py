"""From a request to an operation and back; every error is one line of JSON."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..backend.core.errors import BackendUnreachable, DatabaseUnusable, UsageError
from ..backend.http_server.responses import answer, detail, encode
from .executor import Desk
from .limits import ClientDisconnect, Unacceptable, parse, read_body
from .operation import Asked, Operation
from .schemas import Problems

log = logging.getLogger(__name__)

PARSED_ON_THE_LOOP = 16 * 1024
COME_AGAIN = {"retry-after": "5"}
MOST_BODIES = 20_000


class Endpoint:
    """All operations of one path."""

    def __init__(self, desk: Desk, operations: Sequence[Operation]) -> None:
        self._desk = desk
        self._by_method = {operation.method: operation for operation in operations}
        self.methods = sorted(self._by_method)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answered = await self._answer(Request(scope, receive))
        await answered(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        operation = self._by_method["GET" if request.method == "HEAD" else request.method]
        try:
            asked = await self._understand(request, operation)
            return answer(*await self._desk.carry_out(operation, asked))
        except Exception as error:  # noqa: BLE001 (every error is an answer)
            return self._told(request, operation, error)

    async def _understand(self, request: Request, operation: Operation) -> Asked:
        keys = operation.keys.read(request.path_params)
        query = operation.parameters.read_query(request.query_params)
        now = datetime.now(UTC)
        bodies: Sequence[dict[str, Any]] = ()
        many = False
        if operation.body is not None:
            document = await self._document(request)
            many = operation.bulk and isinstance(document, list)
            bodies = await self._bodies(operation, document if many else [document], many=many)
        elif operation.writes:
            await read_body(request)
        url = str(request.url) if operation.is_list else ""
        return Asked(keys, query, bodies, many, url, now, operation.most)

    async def _document(self, request: Request) -> Any:
        body = await read_body(request)
        if len(body) <= PARSED_ON_THE_LOOP:
            return parse(body)
        return await self._desk.apart(lambda: parse(body))

    async def _bodies(
        self, operation: Operation, documents: Sequence[Any], *, many: bool
    ) -> list[dict[str, Any]]:
        if len(documents) > MOST_BODIES:
            raise Unacceptable(413, f"over {MOST_BODIES} objects in one request")
        if not documents:
            raise Problems.of("non_field_errors", "This list may not be empty.")
        if len(documents) == 1:
            return _read_bodies(operation, documents, many=many)
        return await self._desk.apart(lambda: _read_bodies(operation, documents, many=many))

    def _told(self, request: Request, operation: Operation, error: Exception) -> Response:
        headers: dict[str, str] = {}
        match error:
            case Problems() if not operation.says_status:
                return answer(encode(error.fields), 400)
            case Unacceptable():
                status, text = error.status, error.text
            case BackendUnreachable() | DatabaseUnusable():
                log.warning("%s %s: %s", request.method, request.url.path, error)
                status, text, headers = 503, "the database cannot be used now", COME_AGAIN
            case Problems() | UsageError() | ClientDisconnect():
                status, text = 400, str(error) or "the client went away"
            case _:
                log.error("%s %s failed", request.method, request.url.path, exc_info=error)
                status, text = 500, "internal error"
        if operation.says_status:
            return answer(encode({"status": "error", "error": text}), status, headers)
        return detail(status, text, headers)


def _read_bodies(operation: Operation, documents: Sequence[Any], *, many: bool) -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = []
    problems: dict[str, list[str]] = {}
    if operation.body is None:
        return read
    for index, document in enumerate(documents):
        if not isinstance(document, dict):
            raise Problems.of("non_field_errors", "Invalid data. Expected a JSON object.")
        try:
            read.append(operation.body.read(document))
        except Problems as found:
            named = {f"{index}.{name}" if many else name: texts for name, texts in found.fields.items()}
            problems.update(named)
    if problems:
        raise Problems(problems)
    return read


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """An unknown path, a method that a path does not have."""
    if not isinstance(error, HTTPException):
        return detail(500, "internal error")
    return detail(error.status_code, str(error.detail), error.headers)


async def on_problems(_request: Request, error: Exception) -> Response:
    """A query of the live stream that cannot be used."""
    fields = error.fields if isinstance(error, Problems) else {}
    return answer(encode(fields or {"detail": "bad request"}), 400)
