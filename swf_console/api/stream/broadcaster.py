"""The live stream's centre: every message once to every client that wants it; who is too slow is cut off."""

import asyncio
import uuid
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from .events import Event, EventFilter, event_of

if TYPE_CHECKING:
    from ...backend.database.records.messages import NewMessage

REMEMBERED = 5_000
WAITING = 2_000
WAITING_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
MOST_CLIENTS = 5_000


class TooMany(Exception):
    """No more clients are taken."""


class Client:
    """One stream: what waits for it, and whether it was cut off. It belongs to the loop."""

    def __init__(self, wanted: EventFilter) -> None:
        self.id = str(uuid.uuid4())
        self.wanted = wanted
        self.ended = asyncio.Event()
        self._waiting: deque[Event] = deque()
        self._bytes = 0
        self._news = asyncio.Event()

    def offer(self, event: Event) -> bool:
        """Add an event; False where too much waits already."""
        if len(self._waiting) >= WAITING or self._bytes + len(event.frame) > WAITING_BYTES:
            return False
        self._waiting.append(event)
        self._bytes += len(event.frame)
        self._news.set()
        return True

    async def take(self, seconds: float) -> list[Event]:
        """Wait for events, up to `seconds`; empty when none came."""
        if not self._waiting:
            self._news.clear()
            try:
                async with asyncio.timeout(max(seconds, 0)):
                    await self._news.wait()
            except TimeoutError:
                return []
        taken, size = [], 0
        while self._waiting and size < CHUNK_BYTES:
            event = self._waiting.popleft()
            size += len(event.frame)
            taken.append(event)
        self._bytes -= size
        return taken


class Hub:
    """Clients of the stream. `publish` may be called from any thread, everything else on the loop."""

    def __init__(self) -> None:
        self.clients: dict[str, Client] = {}
        self.published: Counter[str] = Counter()
        self.cut_off = 0
        self._recent: OrderedDict[str, Event] = OrderedDict()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False

    def begin(self) -> None:
        """Belong to the running loop."""
        self._loop = asyncio.get_running_loop()

    def publish(self, messages: "Sequence[NewMessage]", contents: Sequence[object] | None = None) -> None:
        """Give committed messages to all who want them; one that was given before is left out."""
        known = contents if contents is not None else [message.content for message in messages]
        events = [event_of(message, content) for message, content in zip(messages, known, strict=True)]
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._spread, events)

    def join(self, wanted: EventFilter, last_event_id: str | None = None) -> tuple[Client, bool]:
        """Add a client; what it missed since that event waits for it, if it is remembered (then True)."""
        if len(self.clients) >= MOST_CLIENTS or self._closing:
            raise TooMany
        client = Client(wanted)
        self.clients[client.id] = client
        remembered = last_event_id in self._recent
        if remembered:
            for event in _after(self._recent, last_event_id):
                if wanted(event) and not client.offer(event):
                    remembered = False
                    break
        return client, remembered

    def leave(self, client: Client) -> None:
        """Remove a client."""
        self.clients.pop(client.id, None)

    def end_soon(self) -> None:
        """End every stream, from a signal's handler too."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.close)

    def close(self) -> None:
        """End every stream."""
        self._closing = True
        for client in self.clients.values():
            client.ended.set()

    def _spread(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.id in self._recent:
                continue
            self._recent[event.id] = event
            if len(self._recent) > REMEMBERED:
                self._recent.popitem(last=False)
            self.published[event.msg_type] += 1
            for client in list(self.clients.values()):
                if client.wanted(event) and not client.offer(event):
                    self.cut_off += 1
                    self.leave(client)
                    client.ended.set()


def _after(recent: "OrderedDict[str, Event]", last_event_id: str | None) -> list[Event]:
    missed: list[Event] = []
    for identity in reversed(recent):
        if identity == last_event_id:
            break
        missed.append(recent[identity])
    return missed[::-1]


Publish = Callable[["Sequence[NewMessage]", Sequence[object]], None]
