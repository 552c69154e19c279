"""What a store is made of: entries, and the memory that all stores share."""

from typing import TYPE_CHECKING, Protocol

from .journal import Journal
from .limits import Limits
from .messages import Message

if TYPE_CHECKING:
    from .stores import Store


class Memory:
    """Bytes of waiting messages in all windows together."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = 0


class Entry:
    """A message in a store. `stored`: the journal has it. `redeliveries`: how often it came back."""

    __slots__ = ("message", "redeliveries", "sequence", "stored")

    def __init__(self, message: Message, sequence: int, stored: bool, redeliveries: int = 0) -> None:
        self.message = message
        self.sequence = sequence
        self.stored = stored
        self.redeliveries = redeliveries


class Surroundings(Protocol):
    """What a store needs of the broker."""

    limits: Limits
    journal: Journal
    memory: Memory

    def bury(self, store: "Store", message: Message, cause: str) -> None: ...
