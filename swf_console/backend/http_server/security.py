"""The door: who comes in, and by which path. Paths may end in a slash or not; nothing is redirected."""

import hmac
import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .responses import detail

OPEN = {("POST", "/api/logs"), ("GET", "/healthz"), ("GET", "/readyz")}
LOOPBACK_NAMES = {"localhost", "ip6-localhost"}
SCHEMES = ("token", "bearer")


class Door:
    """Lets in who has the token; without one, this machine alone; never a browser for another site."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token.encode("utf-8", "surrogateescape") if token else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it with 401 or 403."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].rstrip("/") or "/"
        scope = {**scope, "path": path, "raw_path": path.encode()}
        refusal = self._refusal(scope, Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send)
            return
        status, text = refusal
        challenge = {"www-authenticate": "Token"} if status == 401 else {}
        await detail(status, text, challenge)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        if "origin" in headers and not same_site(headers["origin"], headers.get("host", "")):
            return 403, "requests of other web sites are not served"
        if (scope["method"], scope["path"]) in OPEN:
            return None
        if self._token is not None:
            return self._wrong_token(headers.getlist("authorization"))
        if not (_is_loopback((scope.get("client") or ("",))[0]) and names_loopback(headers.get("host", ""))):
            return 401, "Authentication credentials were not provided."
        return None

    def _wrong_token(self, given: Iterable[str]) -> tuple[int, str] | None:
        header = next(iter(given), "")
        scheme, _, text = header.partition(" ")
        known = self._token or b""
        if scheme.lower() not in SCHEMES:
            return 401, "Authentication credentials were not provided."
        if not hmac.compare_digest(text.strip().encode("latin-1"), known):
            return 401, "Invalid token."
        return None


@lru_cache(1024)
def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


@lru_cache(1024)
def names_loopback(host: str) -> bool:
    """Whether a Host header names this machine: a name that another resolves to it is a trick."""
    has_port = host.count(":") == 1 or "]:" in host
    name = (host.rpartition(":")[0] if has_port else host).strip("[]").lower()
    return name in LOOPBACK_NAMES or _is_loopback(name)


def same_site(origin: str, host: str) -> bool:
    """Whether a page of that origin is one of the server that is asked."""
    return origin.partition("://")[2].lower() == host.lower() and bool(host)
