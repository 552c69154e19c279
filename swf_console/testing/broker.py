"""A broker in memory, behind the same Link as a real one, with switches for what goes wrong."""

import itertools
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from swf_console.backend.messaging.messages import OutgoingMessage

from .link import MemoryLink
from .stored import Consumer, Stored


class MemoryBroker:
    """Topics, queues and durable subscriptions; `accepted` holds every message it took, in order."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.accepted: list[Stored] = []
        self.dead: list[Stored] = []
        self.receipts = True
        self._links: list[MemoryLink] = []
        self._consumers: list[Consumer] = []
        self._queues: dict[str, deque[Stored]] = {}
        self._durables: dict[tuple[str, str], tuple[Callable[[Stored], bool | None], str, deque[Stored]]] = {}
        self._frozen: list[tuple[MemoryLink, int, OutgoingMessage]] | None = None
        self._numbers = itertools.count(1)
        self.running = True

    def connect(self, client_id: str | None = None) -> MemoryLink:
        """A connection to this broker, not started yet."""
        link = MemoryLink(self, client_id)
        self._links.append(link)
        return link

    def stop(self) -> None:
        """Go down: every session is over."""
        with self.lock:
            self.running = False
            self.cut()

    def start(self) -> None:
        """Come back with queues and durable subscriptions as they were."""
        with self.lock:
            self.running, self._frozen = True, None
            self.cut()

    def cut(self) -> None:
        """End every session; where the broker runs the next ones begin at once."""
        with self.lock:
            if self._frozen is not None:
                self._frozen.clear()
            for link in tuple(self._links):
                link.lose("the connection was cut")

    def freeze(self) -> None:
        """Take everything and answer nothing, with every session open."""
        with self.lock:
            self._frozen = []

    def thaw(self) -> None:
        """Go on with what was taken meanwhile; what was sent in a session that is over is lost."""
        with self.lock:
            held, self._frozen = self._frozen or [], None
            for link, session, message in held:
                self.take(link, session, message)

    def take(self, link: MemoryLink, session: int, message: OutgoingMessage) -> None:
        """A SEND: store, confirm, deliver."""
        with self.lock:
            if self._frozen is not None:
                self._frozen.append((link, session, message))
                return
            headers = {**message.headers, "destination": message.destination}
            headers["message-id"] = f"memory-{next(self._numbers)}"
            self.inject(Stored(message.destination, headers, message.body))
            if self.receipts:
                link.confirm(session, message.id)

    def inject(self, stored: Stored) -> None:
        """Take a message of anybody's, whatever its headers and body."""
        with self.lock:
            self.accepted.append(stored)
            if stored.destination.startswith("/queue/"):
                self._queues.setdefault(stored.destination, deque()).append(stored)
                self._feed(stored.destination)
                return
            for wants, destination, backlog in self._durables.values():
                if destination == stored.destination and wants(stored):
                    backlog.append(replace(stored, headers=dict(stored.headers)))
            for consumer in tuple(self._consumers):
                follows = consumer.destination == stored.destination and consumer.durable is None
                if follows and consumer.wants(stored):
                    self._give(consumer, stored)
            self._feed(stored.destination)

    def add(self, consumer: Consumer) -> None:
        """A SUBSCRIBE."""
        with self.lock:
            self._consumers.append(consumer)
            if consumer.durable is not None and consumer.durable not in self._durables:
                self._durables[consumer.durable] = (consumer.wants, consumer.destination, deque())
            self._feed(consumer.destination)

    def remove(self, consumer: Consumer, *, forget: bool = False) -> None:
        """An UNSUBSCRIBE, or the end of a session: what is not acknowledged goes to the next."""
        with self.lock:
            if consumer in self._consumers:
                self._consumers.remove(consumer)
            backlog = self._backlog(consumer)
            if backlog is not None:
                for stored in reversed(consumer.unacknowledged.values()):
                    stored.redelivered = True
                    backlog.appendleft(stored)
            consumer.unacknowledged.clear()
            if forget and consumer.durable is not None:
                self._durables.pop(consumer.durable, None)
            self._feed(consumer.destination)

    def settle(self, consumer: Consumer, ack_id: str, *, refused: bool) -> None:
        """An ACK or a NACK."""
        with self.lock:
            stored = consumer.unacknowledged.pop(ack_id, None)
            if stored is not None and refused:
                self.dead.append(stored)
            self._feed(consumer.destination)

    def _backlog(self, consumer: Consumer) -> deque[Stored] | None:
        if consumer.durable is not None:
            known = self._durables.get(consumer.durable)
            return known[2] if known else None
        return self._queues.get(consumer.destination)

    def _feed(self, destination: str) -> None:
        """Give what waits for this destination to whoever wants it, in turns."""
        if self._frozen is not None:
            return
        for consumer in tuple(self._consumers):
            backlog = self._backlog(consumer) if consumer.destination == destination else None
            if backlog is not None and consumer.durable is not None:
                while backlog and consumer.hungry and consumer in self._consumers:
                    self._give(consumer, backlog.popleft())
        queue = self._queues.get(destination)
        while queue:
            taken = next(self._takers(destination, queue), None)
            if taken is None:
                return
            consumer, stored = taken
            queue.remove(stored)
            self._consumers.remove(consumer)
            self._consumers.append(consumer)
            self._give(consumer, stored)

    def _takers(self, destination: str, queue: deque[Stored]) -> "itertools.chain[tuple[Consumer, Stored]]":
        hungry = [known for known in self._consumers if known.destination == destination and known.hungry]
        return itertools.chain.from_iterable(
            ((consumer, stored) for consumer in hungry if consumer.wants(stored)) for stored in queue
        )

    def _give(self, consumer: Consumer, stored: Stored) -> None:
        ack_id = f"ack-{next(self._numbers)}"
        headers = {**stored.headers, "subscription": consumer.name}
        if consumer.ack != "auto":
            headers["ack"] = ack_id
            consumer.unacknowledged[ack_id] = stored
        if stored.redelivered:
            headers["redelivered"] = "true"
        consumer.route(consumer.session, headers, stored.body)
