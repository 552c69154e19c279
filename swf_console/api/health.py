"""Whether the monitor lives, whether it can serve, and its figures for Prometheus."""

import asyncio
import time
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from ..backend.core.errors import SwfError
from ..backend.database import Connection, metrics
from ..backend.http_server.responses import HEADERS, answer, encode
from ..backend.messaging.link import Phase
from .executor import Desk
from .metrics import Monitor, exposition

if TYPE_CHECKING:
    from .ingest import Recording

PATIENCE = 2.0
FRESH_SECONDS = 5.0
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Health:
    """Answers for those who keep the monitor running."""

    def __init__(self, desk: Desk, recording: "Recording | None") -> None:
        self._desk, self._recording = desk, recording
        self._known: tuple[float, bytes] | None = None
        self._turn = asyncio.Lock()

    async def alive(self, _request: Request) -> Response:
        """The process answers."""
        return answer(encode({"status": "ok"}))

    async def ready(self, _request: Request) -> Response:
        """200 where database and broker can be used, else 503; nothing more is told without a token."""
        state = {"database": await self._database_answers(), "broker": self._broker_is_up()}
        fine = all(state.values())
        return answer(encode({"status": "ready" if fine else "not ready", **state}), 200 if fine else 503)

    async def metrics(self, _request: Request) -> Response:
        """The figures, at most five seconds old."""
        async with self._turn:
            if self._known is None or time.monotonic() - self._known[0] > FRESH_SECONDS:
                self._known = (time.monotonic(), await self._exposition())
        return Response(self._known[1], headers={**HEADERS, "content-type": CONTENT_TYPE})

    async def _exposition(self) -> bytes:
        try:
            found = await self._desk.read(metrics.collect)
        except SwfError:
            self._desk.errors["database"] += 1
            found = None
        hub = self._desk.hub
        monitor = Monitor(
            errors={**self._desk.errors, "broker": self._recording.outages if self._recording else 0},
            streamed=dict(hub.published),
            clients=len(hub.clients),
            cut_off=hub.cut_off,
            broker_up=self._broker_is_up(),
            recorder=self._recording.state() if self._recording else None,
        )
        return await self._desk.apart(lambda: exposition(found, monitor))

    async def _database_answers(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._desk.read(_look)
        except (SwfError, TimeoutError):
            return False
        return True

    def _broker_is_up(self) -> bool:
        return self._recording is not None and self._recording.connection().phase is Phase.UP


def _look(connection: Connection) -> None:
    metrics.ping(connection)
