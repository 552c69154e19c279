"""Responses in JSON: never empty, never cached, times in UTC."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.responses import Response

from ..core import strict_json
from ..core.format import iso

HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'",
}


def encode(document: Any) -> bytes:
    """The document as JSON in ASCII, so that no text in it can act on a terminal or a page."""
    return strict_json.dumps(document, separators=(",", ":"), default=_plain).encode("ascii")


def json_response(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response with an encoded body."""
    return Response(body, status, {**HEADERS, **(headers or {})}, media_type="application/json")


def error_response(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """A response with the reason of a failure in one line."""
    return json_response(encode({"detail": text}), status, headers)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
