"""Topics and their subscribers, by exact name and by pattern."""

from collections import OrderedDict
from typing import Protocol

from .destinations import ADVISORY, TOPIC, is_pattern
from .frames import escape
from .journal import Sender
from .message import Message
from .store import Store


class TopicSubscriber(Protocol):
    """Who gets every message of a topic."""

    def deliver(self, message: Message, sender: Sender | None) -> None: ...


class PatternNode:
    """One element of the patterns that share their first elements; `subscribers` of those that end in it."""

    __slots__ = ("children", "subscribers")

    def __init__(self) -> None:
        self.children: dict[str, PatternNode] = {}
        self.subscribers: dict[TopicSubscriber, None] = {}


class PatternTree:
    """Subscribers by pattern. A name is compared with the patterns that begin as it does, not with all.

    `revision` changes with each subscription, so that topics know when their list of subscribers is outdated.
    """

    def __init__(self) -> None:
        self.revision = 0
        self._root = PatternNode()

    def add(self, pattern: str, subscriber: TopicSubscriber) -> None:
        """Subscribe to a pattern."""
        node = self._root
        for element in _elements(pattern):
            node = node.children.setdefault(element, PatternNode())
        node.subscribers[subscriber] = None
        self.revision += 1

    def remove(self, pattern: str, subscriber: TopicSubscriber) -> None:
        """End a subscription, and drop the nodes that only it needed."""
        path = [self._root]
        elements = _elements(pattern)
        for element in elements:
            path.append(path[-1].children[element])
        del path[-1].subscribers[subscriber]
        while elements and not (path[-1].subscribers or path[-1].children):
            path.pop()
            del path[-1].children[elements.pop()]
        self.revision += 1

    def matching(self, name: str) -> list[TopicSubscriber]:
        """The subscribers whose pattern `name` falls under."""
        found: list[TopicSubscriber] = []
        nodes = [self._root]
        # the broker's own topics only fall under patterns that name their first element
        wildcards = not name.startswith(ADVISORY)
        for element in name.split("."):
            following: list[PatternNode] = []
            for node in nodes:
                if wildcards and ">" in node.children:
                    found += node.children[">"].subscribers
                if wildcards and "*" in node.children:
                    following.append(node.children["*"])
                if element in node.children:
                    following.append(node.children[element])
            nodes = following
            wildcards = True
            if not nodes:
                return found
        for node in nodes:
            found += node.subscribers
            if ">" in node.children:  # `>` stands for any number of elements, none too
                found += node.children[">"].subscribers
        return found


def _elements(pattern: str) -> list[str]:
    """The elements up to the first `>`, which stands for all that follow."""
    elements = pattern.split(".")
    return elements[: elements.index(">") + 1] if ">" in elements else elements


class Topic:
    """A topic: every subscriber gets every message. `header` is its name as a header's value."""

    __slots__ = (
        "_direct",
        "_patterns",
        "_revision",
        "_subscribers",
        "dequeued",
        "enqueued",
        "header",
        "name",
        "queues",
    )

    def __init__(self, name: str, patterns: PatternTree) -> None:
        self.name = name
        self.header = escape(TOPIC + name)
        self.queues: list[Store] = []
        self.enqueued = self.dequeued = 0
        self._patterns = patterns
        self._direct: dict[TopicSubscriber, None] = {}
        self._subscribers: list[TopicSubscriber] = []
        self._revision = -1

    def add(self, subscriber: TopicSubscriber) -> None:
        """Subscribe."""
        self._direct[subscriber] = None
        self._revision = -1

    def remove(self, subscriber: TopicSubscriber) -> None:
        """End a subscription."""
        self._direct.pop(subscriber, None)
        self._revision = -1

    @property
    def subscribers(self) -> list[TopicSubscriber]:
        """Those of this name and of patterns; a new list after each change, never changed in place."""
        if self._revision != self._patterns.revision:
            self._subscribers = [*self._direct, *self._patterns.matching(self.name)]
            self._revision = self._patterns.revision
        return self._subscribers

    @property
    def in_use(self) -> bool:
        """Whether it has a subscriber."""
        return bool(self._direct or self.queues or self.subscribers)

    def publish(self, message: Message, sender: Sender | None) -> None:
        """Give a message to every subscriber and, retargeted, to the queues of this virtual topic."""
        self.enqueued += 1
        if message.expires and message.expired():
            return
        subscribers = self.subscribers
        self.dequeued += len(subscribers)
        for subscriber in subscribers:
            subscriber.deliver(message, sender)
        for queue in self.queues:
            copy = message.retargeted(queue.destination, f"original-destination:{self.header}\n")
            queue.put(copy, sender)


class Topics:
    """Every topic that was named, least recently checked first, and the subscriptions with wildcards."""

    def __init__(self) -> None:
        self.named: OrderedDict[str, Topic] = OrderedDict()
        self._patterns = PatternTree()

    def get(self, name: str) -> Topic:
        """The topic of that name, made on first use."""
        topic = self.named.get(name)
        if topic is None:
            topic = self.named[name] = Topic(name, self._patterns)
        return topic

    def subscribed(self, name: str) -> Topic | None:
        """The topic of that name if it has a subscriber; it is not made for patterns alone."""
        topic = self.named.get(name) or Topic(name, self._patterns)
        return topic if topic.in_use else None

    def add(self, name: str, subscriber: TopicSubscriber) -> None:
        """Subscribe to a name or a pattern."""
        if is_pattern(name):
            self._patterns.add(name, subscriber)
        else:
            self.get(name).add(subscriber)

    def remove(self, name: str, subscriber: TopicSubscriber) -> None:
        """End a subscription."""
        if is_pattern(name):
            self._patterns.remove(name, subscriber)
        else:
            self.get(name).remove(subscriber)

    def add_queue(self, name: str, queue: Store) -> None:
        """From now on a queue gets a copy of what is sent to the topic."""
        self.get(name).queues.append(queue)
