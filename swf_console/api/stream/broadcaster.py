"""Sends every message once to every client whose filter it passes; cuts off clients that are too slow."""

import asyncio
import uuid
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Sequence
from typing import Any

from ...backend.database.records.messages import NewMessage
from .events import Event, EventFilter, event_of, gap_event

# events kept in memory for Last-Event-ID; older ones are read from the database
REPLAYABLE = 5_000
# a client that has this much unread is cut off: it would only fall further behind
QUEUED = 2_000
QUEUED_BYTES = 16 * 1024 * 1024
# one write takes this much, so that a full queue does not become one large buffer
CHUNK_BYTES = 256 * 1024
MAX_CLIENTS = 5_000


class TooManyClients(Exception):
    """The limit of clients is reached, or the server is closing."""


class StreamClient:
    """One client's queue, and whether it was cut off. Used on the event loop only."""

    def __init__(self, event_filter: EventFilter) -> None:
        self.id = str(uuid.uuid4())
        self.filter = event_filter
        self.ended = asyncio.Event()
        self._queue: deque[Event] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()

    def offer(self, event: Event) -> bool:
        """Queue an event; returns False if the queue is full."""
        if len(self._queue) >= QUEUED or self._bytes + len(event.frame) > QUEUED_BYTES:
            return False
        self._queue.append(event)
        self._bytes += len(event.frame)
        self._filled.set()
        return True

    async def take(self, seconds: float) -> list[Event]:
        """Wait up to `seconds` for events; empty if none arrived."""
        if not self._queue:
            self._filled.clear()
            try:
                async with asyncio.timeout(max(seconds, 0)):
                    await self._filled.wait()
            except TimeoutError:
                return []
        taken, size = [], 0
        while self._queue and size < CHUNK_BYTES:
            event = self._queue.popleft()
            size += len(event.frame)
            taken.append(event)
        self._bytes -= size
        return taken


class Broadcaster:
    """The clients of the stream. `publish` may be called from any thread, all else on the event loop."""

    def __init__(self) -> None:
        self.clients: dict[str, StreamClient] = {}
        self.published: Counter[str] = Counter()
        self.cut_off = 0
        self._recent: OrderedDict[str, Event] = OrderedDict()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False

    def start(self) -> None:
        """Use the running loop."""
        self._loop = asyncio.get_running_loop()

    def publish(self, messages: Sequence[NewMessage], contents: Sequence[object] | None = None) -> None:
        """Send committed messages to the clients; messages that were already published are skipped."""
        if contents is None:
            contents = [message.content for message in messages]
        events = [event_of(message, content) for message, content in zip(messages, contents, strict=True)]
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._deliver, events)

    def gap(self, missed: int | None) -> None:
        """Tell every client that messages are missing here; `missed` is None if their number is unknown."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(
                self._deliver_gap, gap_event("the broker's connection was lost", missed)
            )

    def join(self, event_filter: EventFilter, last_event_id: str | None = None) -> tuple[StreamClient, bool]:
        """Add a client; also returns whether the messages after `last_event_id` are queued from memory."""
        if len(self.clients) >= MAX_CLIENTS or self._closing:
            raise TooManyClients
        client = StreamClient(event_filter)
        self.clients[client.id] = client
        replayed = last_event_id in self._recent
        if replayed:
            for event in _after(self._recent, last_event_id):
                if event_filter(event) and not client.offer(event):
                    replayed = False
                    break
        return client, replayed

    def leave(self, client: StreamClient) -> None:
        """Remove a client."""
        self.clients.pop(client.id, None)

    def close_soon(self) -> None:
        """End every stream; may be called from a signal handler."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.close)

    def close(self) -> None:
        """End every stream."""
        self._closing = True
        for client in self.clients.values():
            client.ended.set()

    def status(self) -> dict[str, Any]:
        """The clients and their filters, as JSON."""
        clients = list(self.clients.values())
        return {
            "connected_clients": len(clients),
            "client_ids": [client.id for client in clients],
            "client_filters": {client.id: client.filter.to_json() for client in clients},
            "cut_off": self.cut_off,
        }

    def _deliver_gap(self, event: Event) -> None:
        for client in list(self.clients.values()):
            self._offer(client, event)

    def _offer(self, client: StreamClient, event: Event) -> None:
        """Queue an event. A client that is too slow is cut off: with Last-Event-ID it replays the rest."""
        if not client.offer(event):
            self.cut_off += 1
            self.leave(client)
            client.ended.set()

    def _deliver(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.id in self._recent:
                continue
            self._recent[event.id] = event
            if len(self._recent) > REPLAYABLE:
                self._recent.popitem(last=False)
            self.published[event.msg_type] += 1
            for client in list(self.clients.values()):
                if client.filter(event):
                    self._offer(client, event)


def _after(recent: OrderedDict[str, Event], last_event_id: str | None) -> list[Event]:
    missed: list[Event] = []
    for identity in reversed(recent):
        if identity == last_event_id:
            break
        missed.append(recent[identity])
    return missed[::-1]
