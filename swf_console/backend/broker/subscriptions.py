"""One SUBSCRIBE of one client: to a topic, to a store, or to look into a queue."""

import shlex
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable
from itertools import takewhile
from typing import Any, Protocol

from .administered_store import AdministeredStore
from .destinations import TOPIC, NamedTopic
from .frames import Rejected, escape_for
from .journal_batch import Sender
from .journal_file import StoredStore
from .message import Message, StoreEntry
from .selectors.conditions import Selector
from .selectors.parser import compile_selector
from .store_context import StoreContext
from .topics import Topics

AUTO, CLIENT, INDIVIDUAL = "auto", "client", "client-individual"
MODES = frozenset({AUTO, CLIENT, INDIVIDUAL})


class ClientConnection(Sender, Protocol):
    """What the broker's parts know of a connection. `out` holds whole frames, some of them in two parts."""

    name: str
    client_id: str
    peer: str
    user: str
    version: str
    closing: bool
    dirty: bool
    out: list[bytes]
    out_bytes: int
    keys: "dict[int, Subscription]"
    destinations: OrderedDict[str, None]

    def mark_dirty(self) -> None: ...
    def flush(self) -> None: ...
    def has_room(self) -> bool: ...
    def count_waiting(self, size: int, count: int = 1) -> None: ...
    def render(self, message: Message) -> bytes: ...
    def refuse(self, reason: str) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


class Subscription(ABC):
    """What all kinds share: the MESSAGE headers of its own and what waits for acknowledgement."""

    def __init__(
        self,
        session: ClientConnection,
        key: int,
        name: str | None,
        destination: str,
        mode: str,
        prefetch: int,
    ) -> None:
        self.session = session
        self.key = key
        self.name = name
        self.destination = destination
        self.mode = mode
        self.prefetch = prefetch
        self.selector: Selector | None = None
        self.selector_text = ""
        line = "" if name is None else f"subscription:{escape_for(session.version, name)}\n"
        self.prefix = f"MESSAGE\n{line}".encode()
        self.unacknowledged: dict[int, Any] = {}
        self.numbers: dict[str, int] = {}
        self._count = 0

    def wants(self, message: Message) -> bool:
        """Whether the selector, if any, takes it."""
        return self.selector is None or self.selector(message) is True

    def offer(self, message: Message, item: object, redelivered: bool = False) -> None:
        """Send a message; `item` is stored under its number until it is acknowledged."""
        self._count = number = self._count + 1
        self.unacknowledged[number] = item
        prefix = self.prefix
        if self.session.version == "1.2":
            prefix += b"ack:%d-%d\n" % (self.key, number)
        else:
            self.numbers[message.id] = number
        self.send(message, prefix + b"redelivered:true\n" if redelivered else prefix)

    def send(self, message: Message, prefix: bytes) -> None:
        """Write one MESSAGE frame."""
        session = self.session
        tail = session.render(message) if message.special else message.tail
        session.out += (prefix, tail)
        session.out_bytes += len(prefix) + len(tail)
        if not session.dirty:
            session.mark_dirty()

    def number_of(self, message_id: str) -> int | None:
        """The acknowledgement number of a message that was sent to a client of STOMP 1.0 or 1.1."""
        return self.numbers.get(message_id)

    def settled(self, number: int) -> list[Any]:
        """Take out what an ACK or NACK of `number` is about: in mode client all up to it. Raises Rejected."""
        if number not in self.unacknowledged:
            raise Rejected("Unexpected ACK: the message is not waiting for one")
        if self.mode == INDIVIDUAL:
            return [self.unacknowledged.pop(number)]
        numbers = list(takewhile(number.__ge__, self.unacknowledged))
        return [self.unacknowledged.pop(one) for one in numbers]

    @abstractmethod
    def acknowledge(self, number: int, sender: Sender | None) -> None:
        """ACK."""

    @abstractmethod
    def refuse(self, number: int, sender: Sender | None) -> None:
        """NACK."""

    def resume(self) -> None:  # noqa: B027 (most kinds have nothing to do)
        """The client has read what was in its way."""

    def end(self) -> None:  # noqa: B027 (most kinds have nothing to do)
        """Nothing more is to be sent."""


class TopicSubscription(Subscription):
    """Gets the messages that are published while it exists."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.waiting: deque[Message] = deque()
        self.ended = False

    def deliver(self, message: Message) -> None:
        """Send a message, or keep it until the client has acknowledged earlier ones."""
        if self.selector is not None and self.selector(message) is not True:
            return
        if self.mode == AUTO:
            self.send(message, self.prefix)
        elif len(self.unacknowledged) < self.prefetch and not self.waiting:
            self.offer(message, message.id)
        else:
            self.waiting.append(message)
            self.session.count_waiting(len(message.tail))

    def acknowledge(self, number: int, sender: Sender | None) -> None:  # noqa: ARG002
        for message_id in self.settled(number):
            self.numbers.pop(message_id, None)
        while self.waiting and len(self.unacknowledged) < self.prefetch:
            message = self.waiting.popleft()
            self.session.count_waiting(-len(message.tail), -1)
            self.offer(message, message.id)

    def refuse(self, number: int, sender: Sender | None) -> None:
        self.acknowledge(number, sender)

    def end(self) -> None:
        self.ended = True
        while self.waiting:
            self.session.count_waiting(-len(self.waiting.pop().tail), -1)


class StoreSubscription(Subscription):
    """Takes messages out of a store, as many as its prefetch and its connection have room for."""

    def __init__(self, *args: Any, store: AdministeredStore) -> None:
        super().__init__(*args)
        self.store = store
        self.scanned = 0
        self.revisit: list[int] = []
        self._bytes = 0

    def has_room(self) -> bool:
        """Whether one more message may be given."""
        if not self.session.has_room():
            return False
        if self.mode == AUTO or not self.unacknowledged:
            return True
        limit = self.store.context.limits.unacknowledged_bytes
        return len(self.unacknowledged) < self.prefetch and self._bytes < limit

    def take(self, entry: StoreEntry) -> None:
        """Send an entry; without acknowledgements it is settled by that."""
        again = entry.redeliveries > 0
        if self.mode == AUTO:
            self.send(entry.message, self.prefix + b"redelivered:true\n" if again else self.prefix)
            self.store.settle(entry, None)
        else:
            self._bytes += len(entry.message.tail)
            self.offer(entry.message, entry, again)

    def settled(self, number: int) -> list[StoreEntry]:
        entries = super().settled(number)
        for entry in entries:
            self._bytes -= len(entry.message.tail)
            self.numbers.pop(entry.message.id, None)
        return entries

    def acknowledge(self, number: int, sender: Sender | None) -> None:
        for entry in self.settled(number):
            self.store.settle(entry, sender)
        self.store.dispatch()

    def refuse(self, number: int, sender: Sender | None) -> None:
        for entry in self.settled(number):
            self.store.reject(entry, sender)
        self.store.dispatch()

    def resume(self) -> None:
        self.store.dispatch()

    def end(self) -> None:
        self.store.detach(self, self.unacknowledged.values())
        self.unacknowledged = {}


class Browser(Subscription):
    """Looks at a queue's messages and takes none."""

    def show(self, messages: list[Message]) -> None:
        """Send what it wants of `messages`, then the end of the browse as ActiveMQ marks it."""
        if self.session.closing:
            return
        for message in messages:
            if self.wants(message):
                self.send(message, self._own_prefix())
        destination = escape_for(self.session.version, self.destination)
        ending = f"browser:end\ndestination:{destination}\nmessage-id:0\n\n\0"
        self.session.write(self.prefix + ending.encode())

    def _own_prefix(self) -> bytes:
        if self.mode == AUTO or self.session.version != "1.2":
            return self.prefix
        self._count += 1
        return self.prefix + b"ack:%d-%d\n" % (self.key, self._count)

    def number_of(self, message_id: str) -> int | None:  # noqa: ARG002
        return 0

    def acknowledge(self, number: int, sender: Sender | None) -> None:
        """Nothing: the message stays where it is."""

    def refuse(self, number: int, sender: Sender | None) -> None:
        """Nothing: the message stays where it is."""


class Durable(AdministeredStore):
    """The subscription `name` of the client `client_id`; at most one consumer at a time."""

    def __init__(self, context: StoreContext, stored: StoredStore) -> None:
        super().__init__(context, stored.number, stored.destination)
        self.client_id = stored.client_id
        self.name = stored.name
        self.selector_text = stored.selector
        self.selector: Selector | None = compile_selector(stored.selector) if stored.selector else None

    @property
    def active(self) -> bool:
        """Whether a client consumes it now."""
        return bool(self.consumers)

    def record(self) -> StoredStore:
        return StoredStore(self.number, self.destination, self.client_id, self.name, self.selector_text)

    @property
    def title(self) -> str:
        return f"durable subscription {self.name!r} of client {self.client_id!r} to {self.destination}"

    @property
    def remedy(self) -> str:
        names = f"{shlex.quote(self.client_id)} {shlex.quote(self.name)}"
        return f"Start its client, or remove it: swf-console broker drop {names}"

    def copy_of(self, message: Message, topic: NamedTopic) -> Message | None:  # noqa: ARG002 - a queue needs it
        """A message of the topic, if the selector wants it."""
        return message if self.selector is None or self.selector(message) is True else None


class Durables:
    """All durable subscriptions, by client and name."""

    def __init__(self, context: StoreContext, topics: Topics, new_number: Callable[[], int]) -> None:
        self._context, self._topics, self._new_number = context, topics, new_number
        self.all: dict[tuple[str, str], Durable] = {}

    def restore(self, stored: StoredStore) -> None:
        """Take up one that the journal knows."""
        durable = self._add(stored)
        durable.restore(stored)

    def _add(self, stored: StoredStore) -> Durable:
        durable = Durable(self._context, stored)
        self.all[stored.client_id, stored.name] = durable
        self._topics.add_store(_topic(durable), durable)
        return durable

    def activate(self, session: ClientConnection, name: str, destination: str, selector: str) -> Durable:
        """The subscription, new where there was none or its topic or selector differs. Raises Rejected."""
        durable = self.all.get((session.client_id, name))
        if durable is not None:
            if durable.active:
                raise Rejected(
                    f"Durable consumer is in use for client: {session.client_id} and subscriptionName: {name}"
                )
            if (durable.destination, durable.selector_text) == (destination, selector):
                return durable
        refusal = self._context.journal.acceptance.refuses
        if refusal:
            raise Rejected(refusal)
        if durable is not None:
            self.remove(session, name)
        number = self._new_number()
        durable = self._add(StoredStore(number, destination, session.client_id, name, selector))
        durable.remember(session)
        return durable

    def remove(self, session: ClientConnection, name: str) -> None:
        """End a client's own subscription. Raises Rejected as `drop`."""
        self.drop(session.client_id, name, session)

    def drop(self, client_id: str, name: str, sender: Sender | None) -> int:
        """End a subscription for good; how many messages it had.

        Raises Rejected where there is none, or a connection uses it.
        """
        durable = self.all.get((client_id, name))
        if durable is None:
            raise Rejected(f"No durable subscription {name!r} of client {client_id!r}")
        if durable.active:
            raise Rejected("Durable consumer is in use")
        del self.all[client_id, name]
        self._topics.remove_store(_topic(durable), durable)
        messages = durable.size
        durable.destroy(sender)
        return messages


def _topic(durable: Durable) -> str:
    return durable.destination.removeprefix(TOPIC)
