"""STOMP over WebSocket, for pages in a browser: the bytes are the same, each message has whole frames."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from .acceptor import Acceptor
from .address import listen
from .broker import Broker
from .commands import HANDLERS
from .session import Session

PROTOCOLS = ("v12.stomp", "v11.stomp", "v10.stomp")
# What a connection may make the broker hold before it has logged in; larger frames need several messages.
MESSAGE_BYTES = 256 * 1024
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class WebSocketListener:
    """Listens on a loopback port. `port` 0 is any that is free."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._broker: Broker
        self._acceptor: Acceptor
        self._server: web.Server
        self._opening: OrderedDict[web.RequestHandler, asyncio.TimerHandle] = OrderedDict()

    async def start(self, broker: Broker) -> str:
        """Listen; the URL. Raises PortInUse."""
        listener = listen(self._port, None, "--websocket")
        host, port = listener.getsockname()
        self._broker = broker
        self._server = web.Server(self._handle, access_log=None)
        self._acceptor = Acceptor(broker, listener, self._new_protocol)
        return f"ws://{host}:{port}/"

    def close(self) -> None:
        """Stop listening."""
        self._acceptor.close()

    def _new_protocol(self) -> asyncio.BaseProtocol:
        """HTTP on a new connection, which must become a WebSocket as soon as a client of TCP must log in."""
        protocol = self._server()
        limits = self._broker.limits
        # aiohttp itself waits without end for the request of a new connection
        self._opening[protocol] = self._broker.loop.call_later(limits.connect_seconds, self._drop, protocol)
        if len(self._opening) > limits.login_connections:
            self._drop(next(iter(self._opening)))
        return protocol

    def _drop(self, protocol: web.RequestHandler) -> None:
        self._opening.pop(protocol).cancel()
        protocol.force_close()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        timer = self._opening.pop(request.protocol, None)
        if timer is not None:
            timer.cancel()
        refusal = _refusal(request.headers)
        if refusal:
            return web.Response(status=403, text=refusal + "\n", headers={"Connection": "close"})
        response = web.WebSocketResponse(
            protocols=PROTOCOLS,
            max_msg_size=MESSAGE_BYTES,
            compress=False,
            timeout=self._broker.limits.closing_seconds,
        )
        if not response.can_prepare(request):
            return web.Response(
                status=426,
                text="This port speaks STOMP over WebSocket\n",
                headers={"Upgrade": "websocket", "Connection": "close"},
            )
        await response.prepare(request)
        await _serve(self._broker, request, response)
        return response


def _refusal(headers: Mapping[str, str]) -> str:
    """Why a page may not connect; "" where it may.

    Any page that a browser shows can reach loopback: only those that this machine serves are let in, and only
    under its own names, which keeps names out that others made point here (DNS rebinding).
    """
    host = urlsplit("//" + headers.get("Host", "")).hostname
    if host not in LOOPBACK:
        return f"The host {host!r} is not this machine's loopback"
    origin = headers.get("Origin")
    if origin is not None and urlsplit(origin).hostname not in LOOPBACK:
        return f"The page's origin {origin[:200]!r} is not on this machine"
    return ""


async def _serve(broker: Broker, request: web.BaseRequest, response: web.WebSocketResponse) -> None:
    session = Session(broker, HANDLERS)
    transport = WebSocketTransport(broker.loop, request, response, session)
    writing = broker.loop.create_task(transport.send_messages())
    session.connection_made(transport)
    try:
        async for message in response:
            if message.type is WSMsgType.TEXT:
                session.data_received(message.data.encode())
            elif message.type is WSMsgType.BINARY:
                session.data_received(message.data)
            await transport.wait_readable()
        session.eof_received()
        await asyncio.wait({writing}, timeout=broker.limits.closing_seconds)
    finally:
        writing.cancel()
        transport.abort()
        session.connection_lost(None)


class WebSocketTransport(asyncio.Transport):
    """What a session writes becomes messages: text where it is UTF-8, else binary."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        request: web.BaseRequest,
        response: web.WebSocketResponse,
        session: Session,
    ) -> None:
        super().__init__()
        self._loop = loop
        self._request = request
        self._response = response
        self._session = session
        self._messages: deque[bytes] = deque()
        self._bytes = 0
        self._high = self._low = 0
        self._closing = self._writing_paused = False
        self._changed = asyncio.Event()
        self._readable = asyncio.Event()
        self._readable.set()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._request.get_extra_info(name, default)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high = high or 0
        self._low = low if low is not None else self._high // 4

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        if self._closing or not data:
            return
        self._messages.append(bytes(data))
        self._bytes += len(data)
        self._changed.set()
        if self._bytes > self._high and not self._writing_paused:
            self._writing_paused = True
            self._session.pause_writing()

    def write_eof(self) -> None:
        """A WebSocket has no half: the other side answers the close, and what it sends until then is read."""
        self.close()

    def close(self) -> None:
        self._closing = True
        self._changed.set()

    def abort(self) -> None:
        self._closing = True
        if self._request.transport is not None:
            self._request.transport.abort()

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        self._readable.clear()

    def resume_reading(self) -> None:
        self._readable.set()

    async def wait_readable(self) -> None:
        """Return once the session reads on."""
        await self._readable.wait()

    async def send_messages(self) -> None:
        """Send what is written, as fast as the client reads, until the end."""
        try:
            while self._messages or not self._closing:
                if not self._messages:
                    self._changed.clear()
                    await self._changed.wait()
                    continue
                await self._send(self._messages.popleft())
            await self._response.close()
        except ConnectionError:
            self.abort()

    async def _send(self, data: bytes) -> None:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            await self._response.send_bytes(data)
        else:
            await self._response.send_str(text)
        self._bytes -= len(data)
        if self._writing_paused and self._bytes <= self._low:
            self._writing_paused = False
            self._session.resume_writing()
