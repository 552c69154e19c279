"""The broker as advisories, statistics and its administration see it, which it holds itself."""

import asyncio
from collections import OrderedDict
from typing import Protocol

from .administered_store import AdministeredStore
from .destinations import Queue
from .journal import BrokerJournal
from .journal_batch import Sender
from .limits import Limits
from .message import Message
from .store_context import MemoryUse
from .subscriptions import ClientConnection, Durables
from .topics import Topics


class Target(Protocol):
    """Where a SEND goes. `header` is its name as a header's value."""

    header: str

    def publish(self, message: Message, sender: Sender | None) -> None: ...


class BrokerState(Protocol):
    """What they read of the broker."""

    id: str
    loop: asyncio.AbstractEventLoop
    address: str
    limits: Limits
    journal: BrokerJournal
    memory: MemoryUse
    topics: Topics
    durables: Durables
    sessions: set[ClientConnection]
    clients: dict[str, ClientConnection]
    queues: OrderedDict[str, Queue]
    targets: dict[str, Target]

    def new_message_id(self) -> str: ...
    def stores(self) -> list[AdministeredStore]: ...
