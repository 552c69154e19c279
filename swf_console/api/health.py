"""Liveness, readiness, and metrics for Prometheus."""

import asyncio
import time

from starlette.requests import Request
from starlette.responses import Response

from ..backend.core.errors import SwfError
from ..backend.database import metrics
from ..backend.http_server.responses import HEADERS, encode, json_response
from ..backend.messaging.ports import Phase
from ..backend.services.health.connection import Connectivity, readiness_of
from ..backend.services.health.probe import PATIENCE
from .executor import RequestExecutor
from .ingest import TopicIngest
from .metrics import MonitorStats, exposition
from .stream.broadcaster import Broadcaster

PUBLIC = {("GET", "/healthz"), ("GET", "/readyz")}
FRESH_SECONDS = 5.0
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Health:
    """Endpoints for supervision of the monitor."""

    def __init__(
        self, executor: RequestExecutor, broadcaster: Broadcaster, ingest: TopicIngest | None
    ) -> None:
        self._executor, self._broadcaster, self._ingest = executor, broadcaster, ingest
        self._latest: tuple[float, bytes] | None = None
        self._lock = asyncio.Lock()

    async def alive(self, _request: Request) -> Response:
        """200 while the process answers."""
        return json_response(encode({"status": "ok"}))

    async def ready(self, _request: Request) -> Response:
        """200 if database and broker can be used, else 503; public, so it reports nothing more.

        The states are those of `status` and doctor: `not ready` is said of a proven failure only.
        """
        database, broker = await self._database_state(), self._broker_state()
        status = readiness_of(database, broker)
        checks = {"database": database is Connectivity.UP, "broker": broker is Connectivity.UP}
        return json_response(encode({"status": status, **checks}), 200 if status == "ready" else 503)

    async def metrics(self, _request: Request) -> Response:
        """The metrics, at most FRESH_SECONDS old."""
        async with self._lock:  # concurrent requests share one collection, which scans tables
            if self._latest is None or time.monotonic() - self._latest[0] > FRESH_SECONDS:
                self._latest = (time.monotonic(), await self._exposition())
        return Response(self._latest[1], headers={**HEADERS, "content-type": CONTENT_TYPE})

    async def _exposition(self) -> bytes:
        try:
            found = await self._executor.read(metrics.collect)
        except SwfError:
            self._executor.errors["database"] += 1
            found = None
        broadcaster, ingest = self._broadcaster, self._ingest
        stats = MonitorStats(
            errors={**self._executor.errors, "broker": ingest.outages if ingest else 0},
            streamed=dict(broadcaster.published),
            clients=len(broadcaster.clients),
            cut_off=broadcaster.cut_off,
            broker_up=self._broker_is_up(),
            ingest=ingest.state() if ingest else None,
        )
        return await self._executor.in_thread(lambda: exposition(found, stats))

    async def _database_state(self) -> Connectivity:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._executor.read(metrics.ping)
        except SwfError:
            return Connectivity.DOWN
        except TimeoutError:
            return Connectivity.SLOW
        return Connectivity.UP

    def _broker_state(self) -> Connectivity:
        """A monitor without ingest is never ready: it would record nothing."""
        if self._ingest is None:
            return Connectivity.DOWN
        state = self._ingest.connection()
        if state.phase is Phase.UP:
            return Connectivity.UP
        return Connectivity.DOWN if state.last_error else Connectivity.STARTING

    def _broker_is_up(self) -> bool:
        return self._ingest is not None and self._ingest.connection().phase is Phase.UP
