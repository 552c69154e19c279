"""Topics and their subscribers, by exact name and by pattern."""

from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from .destinations import ADVISORY, TOPIC, NamedTopic, is_pattern
from .frames import escape
from .journal import BrokerJournal
from .journal_batch import Sender
from .message import Message


class TopicSubscriber(Protocol):
    """Gets every message of a topic while it is subscribed."""

    ended: bool

    def deliver(self, message: Message) -> None: ...


class TopicStore(Protocol):
    """Stores the messages of a topic: a durable subscription, or the queue of a virtual topic."""

    def copy_of(self, message: Message, topic: NamedTopic) -> Message | None: ...
    def admit(self, message: Message) -> None: ...
    def put(self, message: Message, sender: Sender | None) -> None: ...


Listener = TypeVar("Listener", TopicSubscriber, TopicStore)


class PatternNode(Generic[Listener]):
    """One element of the patterns that share their first elements; `subscribers` of those that end in it."""

    __slots__ = ("children", "subscribers")

    def __init__(self) -> None:
        self.children: dict[str, PatternNode[Listener]] = {}
        self.subscribers: dict[Listener, None] = {}


class PatternTree(Generic[Listener]):
    """Subscribers by pattern. A name is compared with the patterns that begin as it does, not with all.

    `revision` changes with each subscription, so that topics know when their list of subscribers is outdated.
    """

    def __init__(self) -> None:
        self.revision = 0
        self._root: PatternNode[Listener] = PatternNode()

    def add(self, pattern: str, subscriber: Listener) -> None:
        """Subscribe to a pattern."""
        node = self._root
        for element in _elements(pattern):
            node = node.children.setdefault(element, PatternNode())
        node.subscribers[subscriber] = None
        self.revision += 1

    def remove(self, pattern: str, subscriber: Listener) -> None:
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

    def matching(self, name: str) -> list[Listener]:
        """The subscribers whose pattern `name` falls under."""
        found: list[Listener] = []
        nodes = [self._root]
        # the broker's own topics only fall under patterns that name their first element
        wildcards = not name.startswith(ADVISORY)
        for element in name.split("."):
            following: list[PatternNode[Listener]] = []
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


class Publication:
    """A message that subscribers get once the stores of its topic have it; `stored` is None until then."""

    __slots__ = ("message", "stored", "subscribers")

    def __init__(self, message: Message, subscribers: list[TopicSubscriber], stored: bool | None) -> None:
        self.message = message
        self.subscribers = subscribers
        self.stored = stored


class Topic:
    """A topic: every subscriber gets every message. `header` is its name as a header's value."""

    __slots__ = (
        "_direct",
        "_direct_stores",
        "_journal",
        "_patterns",
        "_pending",
        "_revision",
        "_store_patterns",
        "_stores",
        "_subscribers",
        "dequeued",
        "enqueued",
        "header",
        "name",
    )

    def __init__(
        self,
        name: str,
        patterns: PatternTree[TopicSubscriber],
        store_patterns: PatternTree[TopicStore],
        journal: BrokerJournal,
    ) -> None:
        self.name = name
        self.header = escape(TOPIC + name)
        self.enqueued = self.dequeued = 0
        self._journal = journal
        self._patterns = patterns
        self._store_patterns = store_patterns
        self._direct: dict[TopicSubscriber, None] = {}
        self._direct_stores: dict[TopicStore, None] = {}
        self._subscribers: list[TopicSubscriber] = []
        self._stores: list[TopicStore] = []
        self._revision = -1
        self._pending: deque[Publication] = deque()

    def add(self, subscriber: TopicSubscriber) -> None:
        """Subscribe."""
        self._direct[subscriber] = None
        self._revision = -1

    def remove(self, subscriber: TopicSubscriber) -> None:
        """End a subscription."""
        self._direct.pop(subscriber, None)
        self._revision = -1

    def add_store(self, store: TopicStore) -> None:
        """From now on a store gets every message."""
        self._direct_stores[store] = None
        self._revision = -1

    def remove_store(self, store: TopicStore) -> None:
        """It gets no further message."""
        self._direct_stores.pop(store, None)
        self._revision = -1

    def _refresh(self) -> None:
        revision = self._patterns.revision + self._store_patterns.revision  # each only grows
        if self._revision != revision:
            self._subscribers = [*self._direct, *self._patterns.matching(self.name)]
            self._stores = [*self._direct_stores, *self._store_patterns.matching(self.name)]
            self._revision = revision

    @property
    def subscribers(self) -> list[TopicSubscriber]:
        """Those of this name and of patterns; a new list after each change, never changed in place."""
        self._refresh()
        return self._subscribers

    @property
    def stores(self) -> list[TopicStore]:
        """The durable subscriptions, and the queues of this virtual topic."""
        self._refresh()
        return self._stores

    @property
    def in_use(self) -> bool:
        """Whether it has a subscriber or a store, or a message that waits for a commit."""
        return bool(self.subscribers or self.stores or self._pending)

    def publish(self, message: Message, sender: Sender | None) -> None:
        """Add a message to every store, then deliver it to every subscriber.

        A message that a store refuses (Rejected) or cannot write is not delivered at all: a publisher that
        retries must not cause duplicates.
        """
        if message.expires and message.expired():
            self.enqueued += 1
            return
        self._refresh()
        if self._stores:
            self._store(message, sender)
        elif self._pending or self._journal.open_group(sender) is not None:
            self._follow(message, sender)
        else:
            self.enqueued += 1
            self._deliver(message, self._subscribers)

    def _deliver(self, message: Message, subscribers: Sequence[TopicSubscriber]) -> None:
        self.dequeued += len(subscribers)
        for subscriber in subscribers:
            subscriber.deliver(message)

    def _store(self, message: Message, sender: Sender | None) -> None:
        found = [(store, store.copy_of(message, self)) for store in self._stores]
        copies = [(store, copy) for store, copy in found if copy is not None]
        for store, copy in copies:
            store.admit(copy)
        self.dequeued += len(copies)
        with self._journal.atomic(sender):
            for store, copy in copies:
                store.put(copy, sender)
            self._follow(message, sender)

    def _follow(self, message: Message, sender: Sender | None) -> None:
        """Deliver after the earlier messages, and after the open group of the sender is written."""
        self.enqueued += 1
        if not self._subscribers:
            return
        group = self._journal.open_group(sender)
        publication = Publication(message, self._subscribers, None if group is not None else True)
        self._pending.append(publication)
        if group is None:
            self._journal.hold(len(message.tail), sender)
            return

        def ended(written: bool) -> None:
            publication.stored = written
            self._finish()

        group.then.append(ended)

    def _finish(self) -> None:
        """Deliver, in order, the messages whose outcome is known."""
        while self._pending and self._pending[0].stored is not None:
            publication = self._pending.popleft()
            if publication.stored:
                self._deliver(publication.message, [one for one in publication.subscribers if not one.ended])


class Topics:
    """Every topic that was named, least recently checked first, and the subscriptions with wildcards."""

    def __init__(self, journal: BrokerJournal) -> None:
        self.named: OrderedDict[str, Topic] = OrderedDict()
        self._journal = journal
        self._patterns: PatternTree[TopicSubscriber] = PatternTree()
        self._store_patterns: PatternTree[TopicStore] = PatternTree()

    def _new(self, name: str) -> Topic:
        return Topic(name, self._patterns, self._store_patterns, self._journal)

    def get(self, name: str) -> Topic:
        """The topic of that name, made on first use."""
        topic = self.named.get(name)
        if topic is None:
            topic = self.named[name] = self._new(name)
        return topic

    def subscribed(self, name: str) -> Topic | None:
        """The topic of that name if it has a subscriber; it is not made for patterns alone."""
        topic = self.named.get(name) or self._new(name)
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

    def add_store(self, name: str, store: TopicStore) -> None:
        """From now on a store gets what is sent to a name or a pattern."""
        if is_pattern(name):
            self._store_patterns.add(name, store)
        else:
            self.get(name).add_store(store)

    def remove_store(self, name: str, store: TopicStore) -> None:
        """It gets no further message."""
        if is_pattern(name):
            self._store_patterns.remove(name, store)
        else:
            self.get(name).remove_store(store)
