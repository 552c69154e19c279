"""Durable topic subscriptions: a client's own store of what a topic carried while he was away."""

from typing import TYPE_CHECKING

from .conditions import Selector
from .frames import Rejected
from .journal import Sender
from .journal_file import StoredStore
from .messages import Message
from .selectors import compile_selector
from .stores import Store

if TYPE_CHECKING:
    from .broker import Broker
    from .session import Session
    from .subscriptions import StoreSubscription


class Durable(Store):
    """The subscription `name` of the client `client_id`; at most one consumer at a time."""

    def __init__(self, broker: "Broker", stored: StoredStore) -> None:
        super().__init__(broker, stored.number, stored.destination)
        self.client_id = stored.client_id
        self.name = stored.name
        self.selector_text = stored.selector
        self.selector: Selector | None = compile_selector(stored.selector) if stored.selector else None

    @property
    def active(self) -> "StoreSubscription | None":
        """Who consumes it now."""
        return self.consumers[0] if self.consumers else None

    def record(self) -> StoredStore:
        return StoredStore(self.number, self.destination, self.client_id, self.name, self.selector_text)

    def deliver(self, message: Message, sender: Sender | None) -> None:
        """Keep a message of the topic, where the selector wants it."""
        if self.selector is None or self.selector(message) is True:
            self.put(message, sender)


class Durables:
    """All durable subscriptions, by client and name."""

    def __init__(self, broker: "Broker") -> None:
        self._broker = broker
        self.all: dict[tuple[str, str], Durable] = {}

    def restore(self, stored: StoredStore) -> None:
        """Take up one that the journal knows."""
        durable = self._add(stored)
        durable.restore(stored)

    def _add(self, stored: StoredStore) -> Durable:
        durable = Durable(self._broker, stored)
        self.all[stored.client_id, stored.name] = durable
        self._broker.topics.add(_topic(durable), durable)
        return durable

    def activate(self, session: "Session", name: str, destination: str, selector: str) -> Durable:
        """The subscription, new where there was none or its topic or selector differs. Raises Rejected."""
        durable = self.all.get((session.client_id, name))
        if durable is not None:
            if durable.active is not None:
                raise Rejected(
                    f"Durable consumer is in use for client: {session.client_id} and subscriptionName: {name}"
                )
            if (durable.destination, durable.selector_text) == (destination, selector):
                return durable
            self.remove(session, name)
        number = self._broker.new_store_number()
        durable = self._add(StoredStore(number, destination, session.client_id, name, selector))
        durable.remember(session)
        return durable

    def remove(self, session: "Session", name: str) -> None:
        """End a subscription for good. Raises Rejected where there is none, or another connection uses it."""
        durable = self.all.get((session.client_id, name))
        if durable is None:
            raise Rejected(f"No durable subscription {name!r} of client {session.client_id!r}")
        if durable.active is not None:
            raise Rejected("Durable consumer is in use")
        del self.all[session.client_id, name]
        self._broker.topics.remove(_topic(durable), durable)
        durable.destroy(session)


def _topic(durable: Durable) -> str:
    return durable.destination.removeprefix("/topic/")
