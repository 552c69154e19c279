"""Names and their subscribers: topics with wildcards, queues, and virtual topics' queues."""

from typing import Protocol

from .frames import Rejected, escape
from .journal import Sender
from .message import REMOTE_TEMPORARY, Message
from .store import Store, StoreContext

TOPIC, QUEUE = "/topic/", "/queue/"
NAME_LENGTH = 1000
ADVISORY = "ActiveMQ."


class TopicSubscriber(Protocol):
    """Who gets every message of a topic."""

    def deliver(self, message: Message, sender: Sender | None) -> None: ...


def check_name(destination: str, *, wildcards: bool = False) -> str:
    """The name behind the prefix of a destination. Raises Rejected on what no destination looks like."""
    for prefix in (TOPIC, QUEUE, REMOTE_TEMPORARY):
        if destination.startswith(prefix):
            name = destination[len(prefix) :]
            break
    else:
        raise Rejected(
            f"Bad destination {destination!r}: it must start with /topic/, /queue/ or /temp-queue/"
        )
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise Rejected(f"Bad destination {destination[:80]!r}: no usable name behind the prefix")
    if not wildcards and is_pattern(name):
        raise Rejected(f"Bad destination {destination!r}: wildcards are for subscriptions to topics")
    return name


def is_pattern(name: str) -> bool:
    """True where an element is a wildcard: `*` for one element, `>` for all that follow."""
    return ("*" in name or ">" in name) and any(part in {"*", ">"} for part in name.split("."))


def matches(pattern: str, name: str) -> bool:
    """Whether a topic falls under a pattern; the broker's own ones only under patterns that name them."""
    if name.startswith(ADVISORY) and not pattern.startswith(ADVISORY):
        return False
    parts = name.split(".")
    for index, wanted in enumerate(pattern.split(".")):
        if wanted == ">":
            return True
        if index >= len(parts) or wanted not in {"*", parts[index]}:
            return False
    return len(parts) == index + 1


def virtual_topic(queue: str) -> str | None:
    """The topic whose messages the queue `Consumer.<name>.<topic>` gets a copy of."""
    first, _, rest = queue.partition(".")
    name, _, topic = rest.partition(".")
    return topic if first == "Consumer" and name and topic else None


class Topic:
    """A topic: every subscriber gets every message. `header` is its name as a header's value."""

    __slots__ = ("dequeued", "enqueued", "header", "name", "queues", "subscribers")

    def __init__(self, name: str) -> None:
        self.name = name
        self.header = escape(TOPIC + name)
        self.subscribers: list[TopicSubscriber] = []
        self.queues: list[Store] = []
        self.enqueued = self.dequeued = 0

    @property
    def in_use(self) -> bool:
        """Whether it has a subscriber."""
        return bool(self.subscribers or self.queues)

    def publish(self, message: Message, sender: Sender | None) -> None:
        """Give a message to every subscriber and, retargeted, to the queues of this virtual topic."""
        self.enqueued += 1
        if message.expires and message.expired():
            return
        self.dequeued += len(self.subscribers)
        for subscriber in self.subscribers:
            subscriber.deliver(message, sender)
        for queue in self.queues:
            copy = message.retargeted(queue.destination, f"original-destination:{self.header}\n")
            queue.put(copy, sender)


class Queue(Store):
    """A queue; `header` is its name as a header's value."""

    def __init__(self, context: StoreContext, number: int, destination: str) -> None:
        super().__init__(context, number, destination)
        self.name = destination.split("/", 2)[2]
        self.header = escape(destination)

    def publish(self, message: Message, sender: Sender | None) -> None:
        """Add a message."""
        self.put(message, sender)


class Topics:
    """Every topic that was named, and the subscriptions with wildcards."""

    def __init__(self) -> None:
        self.named: dict[str, Topic] = {}
        self._patterns: list[tuple[str, TopicSubscriber]] = []
        self._queues: dict[str, list[Store]] = {}

    def get(self, name: str) -> Topic:
        """The topic of that name, made on first use."""
        topic = self.named.get(name)
        if topic is None:
            topic = self.named[name] = Topic(name)
            topic.subscribers = [one for pattern, one in self._patterns if matches(pattern, name)]
            topic.queues = self._queues.get(name, [])
        return topic

    def subscribed(self, name: str) -> Topic | None:
        """The topic of that name if it has a subscriber."""
        if name not in self.named and not any(matches(pattern, name) for pattern, _ in self._patterns):
            return None
        topic = self.get(name)
        return topic if topic.in_use else None

    def add(self, name: str, subscriber: TopicSubscriber) -> None:
        """Subscribe to a name or a pattern."""
        if not is_pattern(name):
            self.get(name).subscribers.append(subscriber)
            return
        self._patterns.append((name, subscriber))
        for topic in self.named.values():
            if matches(name, topic.name):
                topic.subscribers.append(subscriber)

    def remove(self, name: str, subscriber: TopicSubscriber) -> None:
        """End a subscription."""
        self._patterns = [pair for pair in self._patterns if pair[1] is not subscriber]
        for topic in self.named.values() if is_pattern(name) else [self.get(name)]:
            topic.subscribers = [one for one in topic.subscribers if one is not subscriber]

    def add_queue(self, name: str, queue: Store) -> None:
        """From now on a queue gets a copy of what is sent to the topic."""
        topic = self.get(name)
        topic.queues.append(queue)
        self._queues[name] = topic.queues
