"""`/messages/stream/`: server-sent events: missed ones, then live ones, a heartbeat every 30 s."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from pydantic import MISSING, Field
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from ...backend.core.format import iso
from ...backend.database import Connection, messages
from ...backend.database.records.messages import MessageFilter, MessageRecord
from ...backend.http_server.responses import HEADERS, error_response
from ..executor import RequestExecutor
from ..schemas import CommaList, Name, RequestSchema
from .broadcaster import Broadcaster, StreamClient, TooManyClients
from .events import Event, EventFilter, event_of, frame, gap_event

HEARTBEAT_SECONDS = 30.0
LAST_WRITE_SECONDS = 0.2
REPLAY_PAGE = 500
MAX_REPLAYED = 100_000
STREAM_HEADERS = {**HEADERS, "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no"}


class StreamQuery(RequestSchema):
    msg_types: CommaList | MISSING = Field(MISSING, description="Message types, separated by commas")
    agents: CommaList | MISSING = Field(MISSING, description="Senders, separated by commas")
    run_ids: CommaList | MISSING = Field(MISSING, description="Run numbers, separated by commas")
    namespace: Name | MISSING = MISSING
    execution_id: Name | MISSING = MISSING


class Stream:
    """The endpoint: one client from its first event to its end."""

    def __init__(self, executor: RequestExecutor, broadcaster: Broadcaster) -> None:
        self._executor, self._broadcaster = executor, broadcaster

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client until it disconnects, is cut off, or the monitor stops."""
        request = Request(scope)
        event_filter = EventFilter(**StreamQuery.read_query(request.query_params))
        last = _last_id(request)
        try:
            client, known = self._broadcaster.join(event_filter, last)
        except TooManyClients:
            await error_response(429, "too many streams")(scope, receive, send)
            return
        # the first of three ends the stream: sending fails, the client disconnects, or it is cut off
        sending = asyncio.create_task(self._send(client, None if known else last, send))
        waits = [
            sending,
            asyncio.create_task(_disconnected(receive)),
            asyncio.create_task(client.ended.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._broadcaster.leave(client)
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WRITE_SECONDS):
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, client: StreamClient, last: str | None, send: Send) -> None:
        headers = [(name.encode(), value.encode()) for name, value in STREAM_HEADERS.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await _write(send, frame("connected", {"client_id": client.id, "status": "connected"}))
        replayed: set[str] = set()
        if last is not None:
            async for events in self._replay(client.filter, last):
                replayed.update(event.id for event in events)
                await _write(send, b"".join(event.frame for event in events))
        next_heartbeat = time.monotonic() + HEARTBEAT_SECONDS
        while True:
            events = await client.take(next_heartbeat - time.monotonic())
            chunk = b"".join(event.frame for event in events if not event.id or event.id not in replayed)
            if chunk:
                await _write(send, chunk)
            if time.monotonic() >= next_heartbeat:
                next_heartbeat += HEARTBEAT_SECONDS
                await _write(send, frame("heartbeat", {"timestamp": iso(datetime.now(UTC))}))

    async def _replay(self, event_filter: EventFilter, last: str) -> AsyncIterator[list[Event]]:
        """The messages recorded after that one, in the order of sending, from the database."""
        after = await self._executor.read(lambda connection: messages.cursor_at(connection, last))
        count = 0
        if after is None:
            yield [gap_event("the message of Last-Event-ID is not recorded")]
        database_filter = MessageFilter(
            namespace=event_filter.namespace, execution_id=event_filter.execution_id
        )
        while after is not None and count < MAX_REPLAYED:
            found, after = await self._page(database_filter, after)
            count += len(found)
            events = (event_of(message, message.content) for message in found)
            yield [event for event in events if event_filter(event)]
        if after is not None:
            yield [gap_event(f"more than {MAX_REPLAYED:,} messages since Last-Event-ID")]

    async def _page(
        self, database_filter: MessageFilter, after: str
    ) -> tuple[list[MessageRecord], str | None]:
        def read(connection: Connection) -> tuple[list[MessageRecord], str | None]:
            page = messages.page(connection, database_filter, after, REPLAY_PAGE, newest_first=False)
            ids = [message.message_id for message in page.items]
            return messages.with_content(connection, ids), page.next

        return await self._executor.read(read)


async def _write(send: Send, chunk: bytes) -> None:
    await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _last_id(request: Request) -> str | None:
    given = request.headers.get("last-event-id") or request.query_params.get("last_event_id") or ""
    try:
        return str(uuid.UUID(given))
    except ValueError:
        return None
