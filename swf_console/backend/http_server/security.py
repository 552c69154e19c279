"""Which requests are served: by token, by the client's address, by the Host and Origin headers."""

import hmac
import ipaddress
import re
from collections.abc import Container
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from .responses import error_response

LOOPBACK_NAMES = {"localhost", "ip6-localhost"}
# RFC 9110, Host: a name or an address, perhaps a port, and no userinfo (`localhost:x@evil.example`)
HOST = re.compile(r"(?:\[([0-9A-Fa-f:.%]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?", re.ASCII)
SCHEMES = ("token", "bearer")


class AuthMiddleware:
    """Serves requests with the token, or only this machine if there is none; never pages of other sites.

    `public` are the methods and paths that need no token, `restricted` those that are refused where none is
    configured. A trailing slash is removed from paths: the interface answers with and without it, and never
    redirects.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str | None,
        public: Container[tuple[str, str]] = (),
        restricted: Container[tuple[str, str]] = (),
    ) -> None:
        self._app, self._public, self._restricted = app, public, restricted
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
        await error_response(status, text, challenge)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        if "origin" in headers and not same_origin(headers["origin"], headers.get("host", "")):
            return 403, "requests from other web sites are refused"
        if (scope["method"], scope["path"]) in self._public:
            return None
        if self._token is not None:
            return self._wrong_token(self._token, headers.get("authorization", ""))
        if (scope["method"].replace("HEAD", "GET"), scope["path"]) in self._restricted:
            return 403, "served only with a token: set SWF_API_TOKEN"
        client = (scope.get("client") or ("",))[0]
        if not (_is_loopback(client) and names_loopback(headers.get("host", ""))):
            return 401, "Authentication credentials were not provided."
        return None

    @staticmethod
    def _wrong_token(token: bytes, header: str) -> tuple[int, str] | None:
        scheme, _, text = header.partition(" ")
        if scheme.lower() not in SCHEMES:
            return 401, "Authentication credentials were not provided."
        # constant time: the answer's delay must not reveal how much of a guess was right
        if not hmac.compare_digest(text.strip().encode("latin-1"), token):
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
    """Whether a Host header names this machine; another name may be a page's that resolves to loopback."""
    parts = HOST.fullmatch(host)
    if parts is None:
        return False
    name = (parts[1] or parts[2]).lower()
    return name in LOOPBACK_NAMES or _is_loopback(name)


def same_origin(origin: str, host: str) -> bool:
    """Whether a page of that origin was served by the requested host."""
    return origin.partition("://")[2].lower() == host.lower() and bool(host)
