"""What a store needs of the broker and of its consumers."""

from asyncio import AbstractEventLoop
from typing import Any, Protocol

from .journal import BrokerJournal
from .journal_batch import Sender
from .limits import Limits
from .message import Message, StoreEntry


class MemoryUse:
    """Bytes of waiting messages in all windows together."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = 0


class AnyStore(Protocol):
    """A store, for its dead letters."""

    destination: str


class StoreContext(Protocol):
    """What a store needs of the broker."""

    loop: AbstractEventLoop
    limits: Limits
    journal: BrokerJournal
    memory: MemoryUse

    def dead_letter_refused(self, store: "AnyStore", message: Message) -> bool: ...
    def dead_letter(self, store: "AnyStore", message: Message, cause: str, sender: Sender | None) -> None: ...


class Consumer(Protocol):
    """What a store needs of a subscription."""

    unacknowledged: dict[int, Any]

    def has_room(self) -> bool: ...
    def take(self, entry: StoreEntry) -> None: ...
