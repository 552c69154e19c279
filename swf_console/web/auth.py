"""Who comes in: this server's own pages, and where only this machine is served, under a name of it."""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from ..backend.http_server.security import names_loopback, same_origin

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "img-src 'self' data:; connect-src 'self' {socket}; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def door(*, loopback_only: bool) -> Middleware:
    """A middleware that refuses other sites' pages, and names that others lead here."""

    @web.middleware
    async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
        host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
        if loopback_only and not names_loopback(host):
            raise web.HTTPForbidden(text="this console is served to this machine alone\n")
        # a browser always says whose page opens a websocket
        if origin is None and "Upgrade" in request.headers:
            raise web.HTTPForbidden(text="a websocket without an origin is not served\n")
        if origin is not None and not same_origin(origin, host):
            raise web.HTTPForbidden(text="requests of other web sites are not served\n")
        return await handler(request)

    return checked


def socket_origin(request: web.Request) -> str:
    """`ws://host:port`, as the browser that asks names this server."""
    return f"{'wss' if request.secure else 'ws'}://{request.host}"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """A page may load and reach this server alone, stands in no frame, and tells nobody its address."""
    response.headers.update(
        {
            "Content-Security-Policy": POLICY.format(socket=socket_origin(request)),
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
    )
