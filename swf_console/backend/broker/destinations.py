"""Names of destinations, their wildcards, and queues, those of virtual topics too."""

from typing import Protocol

from .administered_store import AdministeredStore
from .frames import Rejected, escape
from .journal_batch import Sender
from .message import REMOTE_TEMPORARY, Message
from .store_context import StoreContext

TOPIC, QUEUE = "/topic/", "/queue/"
NAME_LENGTH = 1000
ADVISORY = "ActiveMQ."


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


class NamedTopic(Protocol):
    """The virtual topic of a queue."""

    header: str


class Queue(AdministeredStore):
    """A queue; `header` is its name as a header's value."""

    def __init__(self, context: StoreContext, number: int, destination: str) -> None:
        super().__init__(context, number, destination)
        self.name = destination.split("/", 2)[2]
        self.header = escape(destination)

    def publish(self, message: Message, sender: Sender | None) -> None:
        """Add a message. Raises Rejected if the queue or the disk is full."""
        self.admit(message)
        self.put(message, sender)

    def copy_of(self, message: Message, topic: NamedTopic) -> Message:
        """The copy of a virtual topic's message for this queue."""
        return message.retargeted(self.destination, f"original-destination:{topic.header}\n")
