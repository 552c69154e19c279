"""Answers as JSON: never empty, never cached, times in UTC."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.responses import Response

HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'",
}


def encode(document: Any) -> bytes:
    """The document as JSON in ASCII, so that no text in it can mean anything to a terminal or a page."""
    return json.dumps(document, separators=(",", ":"), default=_plain).encode("ascii")


def instant(value: datetime | None) -> str | None:
    """An instant in ISO 8601, in UTC."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(body, status, {**HEADERS, **(headers or {})}, media_type="application/json")


def detail(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of one line."""
    return answer(encode({"detail": text}), status, headers)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
