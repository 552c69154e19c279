"""Which requests are served: those of its own pages and, on loopback, under a name of this machine."""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from ..backend.http_server.security import names_loopback, same_origin

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self' {socket}; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def auth_middleware(*, loopback_only: bool) -> Middleware:
    """Refuses pages of other sites; with `loopback_only` also names that were made to resolve to here."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        if loopback_only and not names_loopback(host):
            raise web.HTTPForbidden(text="this console is served to this machine alone\n")
        # a browser always says whose page opens a websocket
        if origin is None and "Upgrade" in request.headers:
            raise web.HTTPForbidden(text="a websocket without an origin is not served\n")
        if origin is not None and not same_origin(origin, host):
            raise web.HTTPForbidden(text="requests of other web sites are not served\n")
        return await handler(request)

    return check


def socket_origin(request: web.Request) -> str:
    """`ws://host:port`, as the browser names this server."""
    return f"{'wss' if request.secure else 'ws'}://{request.host}"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """A page may load from and connect to this server alone, in no frame, and sends its address nowhere."""
    response.headers.update(
        {
            "Content-Security-Policy": POLICY.format(socket=socket_origin(request)),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
    )
