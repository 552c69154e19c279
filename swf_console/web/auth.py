"""Which requests are served: those of its own pages and, on loopback, with a name of this machine."""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from ..backend.http_server.security import names_loopback, same_origin

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self' {socket}; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def auth_middleware(*, loopback_only: bool) -> Middleware:
    """Refuse requests of other sites; with `loopback_only` also foreign host names (DNS rebinding)."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        if loopback_only and not names_loopback(host):
            raise web.HTTPForbidden(text="this console is served only to this machine\n")
        # RFC 6455, 4.1: a browser always sends Origin with a websocket handshake
        if origin is None and "Upgrade" in request.headers:
            raise web.HTTPForbidden(text="websocket requests need an Origin header\n")
        if origin is not None and not same_origin(origin, host):
            raise web.HTTPForbidden(text="requests from other web sites are refused\n")
        return await handler(request)

    return check


def socket_origin(request: web.Request) -> str:
    """`ws://host:port`, as the browser names this server."""
    return f"{'wss' if request.secure else 'ws'}://{request.host}"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Security headers: pages use this server only, in no frame, and send no referrer."""
    response.headers.update(
        {
            "Content-Security-Policy": POLICY.format(socket=socket_origin(request)),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
    )
