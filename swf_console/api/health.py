"""Liveness, readiness, and metrics for Prometheus."""

import asyncio
import time

from starlette.requests import Request
from starlette.responses import Response

from ..backend.core.errors import SwfError
from ..backend.database import metrics
from ..backend.http_server.responses import HEADERS, encode, json_response
from ..backend.messaging.ports import Phase
from .executor import RequestExecutor
from .ingest import TopicIngest
from .metrics import MonitorStats, exposition
from .stream.broadcaster import Broadcaster

PUBLIC = {("GET", "/healthz"), ("GET", "/readyz")}
PROBE_SECONDS = 2.0
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
        """200 if database and broker can be used, else 503; public, so it reports nothing more."""
        checks = {"database": await self._database_answers(), "broker": self._broker_is_up()}
        ready = all(checks.values())
        document = {"status": "ready" if ready else "not ready", **checks}
        return json_response(encode(document), 200 if ready else 503)

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
            recorder=ingest.state() if ingest else None,
        )
        return await self._executor.in_thread(lambda: exposition(found, stats))

    async def _database_answers(self) -> bool:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._executor.read(metrics.ping)
        except (SwfError, TimeoutError):
            return False
        return True

    def _broker_is_up(self) -> bool:
        return self._ingest is not None and self._ingest.connection().phase is Phase.UP
