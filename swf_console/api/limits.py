"""Limits of a request's body: 1 MiB, received within 30 s, JSON, 64 levels deep."""

import asyncio
import json
from typing import Any, NoReturn

from starlette.requests import Request

MAX_BYTES = 1024 * 1024
MAX_LEVELS = 64
SECONDS = 30.0


class RequestRejected(Exception):
    """A request that is refused before it is read; `status` is that of the response."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


async def read_body(request: Request) -> bytes:
    """The whole body; raises RequestRejected (408, 413), or ClientDisconnect."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:12]) > MAX_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(SECONDS):
            return await _collect(request)
    except TimeoutError:
        raise RequestRejected(408, f"the body did not arrive within {SECONDS:g} s") from None


async def _collect(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            raise _too_large()
        parts.append(part)
    return b"".join(parts)


def parse(body: bytes) -> Any:
    """The JSON value of a body, an empty object for an empty body; raises RequestRejected (400)."""
    if not body.strip():
        return {}
    try:
        document = json.loads(body, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise RequestRejected(400, f"JSON parse error: {_one_line(error)}") from None
    if body.count(b"[") + body.count(b"{") > MAX_LEVELS and too_deep(document):
        raise RequestRejected(400, f"JSON nested over {MAX_LEVELS} levels")
    return document


def too_deep(document: Any) -> bool:
    """Whether objects and lists are nested beyond the limit; not recursive, so that any depth is safe."""
    level = [document]
    for _ in range(MAX_LEVELS):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                inner.extend(item for item in value.values() if isinstance(item, dict | list))
            elif isinstance(value, list):
                inner.extend(item for item in value if isinstance(item, dict | list))
        if not inner:
            return False
        level = inner
    return True


def _reject_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _one_line(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0][:200]


def _too_large() -> RequestRejected:
    return RequestRejected(413, f"the body is over {MAX_BYTES} bytes")
