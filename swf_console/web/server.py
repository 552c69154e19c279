"""Serves the console to browsers: one page, one websocket and one console a tab.

The page lies below a key that is made at every start and printed to whoever started it: no cookie that
other servers of this machine would get to see, and nothing that a page of another site could guess.
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
from .auth import add_headers, door, socket_origin
from .session import Session

HERE = Path(__file__).parent
MOST_TABS = 16
HEARTBEAT_SECONDS = 15
GRACE_SECONDS = 5.0
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 (not bound here)


@dataclass(frozen=True, slots=True)
class Entry:
    """How one comes in: by the key in the address, or by the token, which leads there."""

    key: str
    token: str | None
    loopback_only: bool


def serve(command: Sequence[str], listening: Listening, token: str | None, up: Callable[[str], None]) -> None:
    """Serve the console that `command` starts until SIGTERM, SIGINT or SIGHUP; `up` is told the address.

    Raises UsageError for a host that may not be served like that, PortTaken.
    """
    tls = tls_context(listening)
    check_host(listening, token)
    entry = Entry(secrets.token_urlsafe(24), token, is_loopback(listening.host))
    with bound_socket(listening) as bound:
        bound.listen()
        # a browser of another machine reaches every address by the name of this one
        host = socket.gethostname() if listening.host in EVERYWHERE else listening.host
        address = f"{base_url(host, bound.getsockname()[1], tls=tls is not None)}/{entry.key}/"
        console = WebConsole(command, entry, lambda: up(address))
        web.run_app(
            console.make_app(),
            sock=bound,
            ssl_context=tls,
            print=None,
            access_log=None,
            shutdown_timeout=GRACE_SECONDS,
        )


class WebConsole(Server):
    """textual-serve with a door before it, and tabs whose process has ended when they are gone."""

    def __init__(self, command: Sequence[str], entry: Entry, up: Callable[[], None]) -> None:
        super().__init__(
            f"exec {shlex.join(command)}", title="swf-console", templates_path=HERE / "templates"
        )
        self._entry, self._up = entry, up
        self._tabs: dict[Session, web.WebSocketResponse] = {}

    async def make_app(self) -> web.Application:
        """The whole site: the way in, and below its key the console."""
        inside = await self._make_app()
        inside.router.add_static("/own", HERE / "static", name="own")
        site = web.Application(middlewares=[door(loopback_only=self._entry.loopback_only)])
        aiohttp_jinja2.setup(site, loader=jinja2.FileSystemLoader(self.templates_path))
        site.on_response_prepare.append(add_headers)
        site.router.add_get("/", self.handle_outside)
        site.router.add_post("/", self.handle_token)
        site.add_subapp(f"/{self._entry.key}/", inside)
        return site

    async def on_startup(self, _app: web.Application) -> None:
        """Say where it is served."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _leave)
        self._up()

    async def on_shutdown(self, _app: web.Application) -> None:
        """The consoles end with the server."""
        await asyncio.gather(*(self._end(tab, socket) for tab, socket in list(self._tabs.items())))

    @aiohttp_jinja2.template("outside.html")
    async def handle_outside(self, _request: web.Request) -> dict[str, Any]:
        """Who has not got the address: a place for the token, where there is one."""
        return {"token": bool(self._entry.token), "wrong": False}

    async def handle_token(self, request: web.Request) -> web.StreamResponse:
        """The right token leads to the console."""
        given = (await request.post()).get("token")
        known = (self._entry.token or "").encode("utf-8", "surrogateescape")
        if known and isinstance(given, str) and hmac.compare_digest(given.encode(), known):
            raise web.HTTPSeeOther(f"/{self._entry.key}/")
        page = {"token": bool(known), "wrong": True}
        return aiohttp_jinja2.render_template("outside.html", request, page, status=403)

    @aiohttp_jinja2.template("console.html")
    async def handle_index(self, request: web.Request) -> dict[str, Any]:
        """The page: everything it loads comes from here."""
        router = request.app.router
        return {
            "font_size": to_int(request.query.get("fontsize", "16"), 16),
            "socket": f"{socket_origin(request)}{router['websocket'].url_for()}",
            "static": str(router["static"].url_for(filename="")).rstrip("/"),
            "own": str(router["own"].url_for(filename="")).rstrip("/"),
        }

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """One tab, from its opening to its end."""
        if len(self._tabs) >= MOST_TABS:
            raise web.HTTPServiceUnavailable(text=f"{MOST_TABS} tabs are open: close one\n")
        websocket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS)
        await websocket.prepare(request)

        async def close() -> None:
            await websocket.close()

        tab = Session(
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

    async def _end(self, tab: Session, websocket: web.WebSocketResponse) -> None:
        await tab.stop()
        await websocket.close()
        self._tabs.pop(tab, None)


def _leave() -> None:
    raise GracefulExit
