"""Serves the console to browsers: one page, one websocket and one console process for each tab.

The page's path contains a key that is new at every start and printed in the terminal. A cookie would be sent
to other servers of this host too; the key is not, and pages of other sites cannot guess it.
"""

import asyncio
import hmac
import secrets
import shlex
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp_jinja2
import jinja2
from aiohttp import web
from aiohttp.web_runner import GracefulExit
from textual_serve.server import Server, to_int

from ..backend.http_server.address import base_url
from ..backend.http_server.server import Listening, bound_socket, check_host, is_loopback, tls_context
from .auth import add_headers, auth_middleware, socket_origin
from .session import TabSession

HERE = Path(__file__).parent
MAX_TABS = 16
HEARTBEAT_SECONDS = 15
GRACE_SECONDS = 5.0
ANY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104 (not bound here)


@dataclass(frozen=True, slots=True)
class ConsoleAccess:
    """What opens the console: the key in the address, or the token, which redirects to that address."""

    key: str
    token: str | None
    loopback_only: bool


def serve(command: Sequence[str], listening: Listening, token: str | None, up: Callable[[str], None]) -> None:
    """Serve the console that `command` starts, until a signal; calls `up` with the address.

    Raises UsageError for a host that needs a token or a certificate, PortInUse.
    """
    tls = tls_context(listening)
    check_host(listening, token)
    access = ConsoleAccess(secrets.token_urlsafe(24), token, is_loopback(listening.host))
    with bound_socket(listening) as bound:
        bound.listen()
        # browsers of other machines use the host name, whatever the address is
        host = socket.gethostname() if listening.host in ANY_ADDRESS else listening.host
        address = f"{base_url(host, bound.getsockname()[1], tls=tls is not None)}/{access.key}/"
        console = WebConsole(command, access, lambda: up(address))
        web.run_app(
            console.make_app(),
            sock=bound,
            ssl_context=tls,
            print=None,
            access_log=None,
            shutdown_timeout=GRACE_SECONDS,
        )


class WebConsole(Server):
    """textual-serve with authentication; closing a tab ends its console process."""

    def __init__(self, command: Sequence[str], access: ConsoleAccess, up: Callable[[], None]) -> None:
        super().__init__(
            f"exec {shlex.join(command)}", title="swf-console", templates_path=HERE / "templates"
        )
        self._access, self._up = access, up
        self._tabs: dict[TabSession, web.WebSocketResponse] = {}

    async def make_app(self) -> web.Application:
        """The whole site: the login page, and the console below its key."""
        console = await self._make_app()
        console.router.add_static("/own", HERE / "static", name="own")
        site = web.Application(middlewares=[auth_middleware(loopback_only=self._access.loopback_only)])
        aiohttp_jinja2.setup(site, loader=jinja2.FileSystemLoader(self.templates_path))
        site.on_response_prepare.append(add_headers)
        site.router.add_get("/", self.handle_login)
        site.router.add_post("/", self.handle_token)
        site.add_subapp(f"/{self._access.key}/", console)
        return site

    async def on_startup(self, _app: web.Application) -> None:
        """Report that the server is ready."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _exit_loop)
        self._up()

    async def on_shutdown(self, _app: web.Application) -> None:
        """End the consoles with the server."""
        await asyncio.gather(*(self._end(tab, socket) for tab, socket in list(self._tabs.items())))

    @aiohttp_jinja2.template("login.html")
    async def handle_login(self, _request: web.Request) -> dict[str, Any]:
        """The page for a browser without the key: a form for the token, if there is one."""
        return {"token": bool(self._access.token), "wrong": False}

    async def handle_token(self, request: web.Request) -> web.StreamResponse:
        """Redirect to the console for the right token."""
        given = (await request.post()).get("token")
        token = (self._access.token or "").encode("utf-8", "surrogateescape")
        if token and isinstance(given, str) and hmac.compare_digest(given.encode(), token):
            raise web.HTTPSeeOther(f"/{self._access.key}/")
        page = {"token": bool(token), "wrong": True}
        return aiohttp_jinja2.render_template("login.html", request, page, status=403)

    @aiohttp_jinja2.template("console.html")
    async def handle_index(self, request: web.Request) -> dict[str, Any]:
        """The page of the console; it loads everything from this server."""
        router = request.app.router
        return {
            "font_size": to_int(request.query.get("fontsize", "16"), 16),
            "socket": f"{socket_origin(request)}{router['websocket'].url_for()}",
            "static": str(router["static"].url_for(filename="")).rstrip("/"),
            "own": str(router["own"].url_for(filename="")).rstrip("/"),
        }

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one tab until it is closed."""
        if len(self._tabs) >= MAX_TABS:
            raise web.HTTPServiceUnavailable(text=f"{MAX_TABS} tabs are open: close one\n")
        websocket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS)
        await websocket.prepare(request)

        async def close() -> None:
            await websocket.close()

        tab = TabSession(
            self.command,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=close,
            download_manager=self.download_manager,
        )
        self._tabs[tab] = websocket
        try:
            await tab.start(
                to_int(request.query.get("width", ""), 80), to_int(request.query.get("height", ""), 24)
            )
            await self._process_messages(websocket, tab)
        finally:
            await self._end(tab, websocket)
        return websocket

    async def _end(self, tab: TabSession, websocket: web.WebSocketResponse) -> None:
        await tab.stop()
        await websocket.close()
        self._tabs.pop(tab, None)


def _exit_loop() -> None:
    raise GracefulExit
