"""The broker: its connections, destinations and stores, on one event loop."""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

from ... import __version__
from ..core.destinations import BROKER_ADMIN, DEAD_LETTERS
from ..core.errors import UsageError
from .address import Credentials
from .admin import Admin
from .administered_store import AdministeredStore
from .advisories import Advisories
from .destinations import QUEUE, TOPIC, Queue, check_name, virtual_topic
from .frames import Rejected, escape
from .journal import BrokerJournal
from .journal_batch import Sender
from .journal_file import STORE_SHIFT, JournalRow
from .limits import Limits
from .log import Log
from .message import REMOTE_TEMPORARY, TEMPORARY, Message
from .ports import Target
from .slices import run_in_slices
from .statistics import Statistics, is_statistics
from .store_context import AnyStore, MemoryUse
from .subscriptions import Browser, ClientConnection, Durables
from .topics import Topic, Topics

SWEEP_SECONDS = 5.0
PRUNE_STEPS = 64
EXPIRED_PAGE = 200


class Broker:
    """Everything that the connections share; lives on one event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        credentials: Credentials,
        limits: Limits,
        journal: BrokerJournal,
        log: Log,
    ) -> None:
        self.loop = loop
        self.credentials = credentials
        self.limits = limits
        self.journal = journal
        self.log = log
        self.server_name = f"swf-broker/{__version__}"
        self.id = f"swf-{os.urandom(6).hex()}"
        self.memory = MemoryUse()
        self.sessions: set[ClientConnection] = set()
        self.clients: dict[str, ClientConnection] = {}
        self.topics = Topics(journal)
        self.queues: OrderedDict[str, Queue] = OrderedDict()
        self.targets: dict[str, Target] = {}
        self._makers: dict[str, ClientConnection] = {}
        self.durables = Durables(self, self.topics, self.new_store_number)
        self.advisories = Advisories(self)
        self.statistics = Statistics(self)
        self.targets[BROKER_ADMIN] = Admin(self)
        self.accepted = 0
        self.address = ""
        self.on_change: Callable[[], None] = lambda: None
        self.on_disconnect: list[Callable[[], object]] = []
        self.uncommitted_bytes = 0
        self.subscriptions = 0
        self.busy = 0
        self._logging_in: OrderedDict[ClientConnection, None] = OrderedDict()
        self._turns = 0
        self._messages = 0
        self._keys = 0
        self._store_number = 0
        self._dirty: list[ClientConnection] = []
        journal.acceptance.on_change = self._refusal_changed
        if journal.refusal:
            self._refusal_changed(journal.refusal)
        self._restore()
        self._sweeper = loop.call_later(SWEEP_SECONDS, self._sweep)

    def _restore(self) -> None:
        for stored in self.journal.stores:
            self._store_number = max(self._store_number, stored.number)
            try:
                if stored.client_id:
                    self.durables.restore(stored)
                elif stored.destination.startswith(REMOTE_TEMPORARY):
                    self.journal.drop_store(stored.number, None)  # its connection ended with the last process
                else:
                    self._add_queue(Queue(self, stored.number, stored.destination)).restore(stored)
            except Rejected as problem:
                raise UsageError(
                    f"The journal contains a store that cannot be used: {problem.reason}"
                ) from problem

    def _refusal_changed(self, reason: str) -> None:
        if reason:
            self.log.warning("persistent messages are refused", reason=reason)
        else:
            self.log.info("persistent messages are accepted again")

    # names

    def new_message_id(self) -> str:
        """Unique among all brokers and restarts."""
        self._messages += 1
        return f"{self.id}-{self._messages}"

    def new_key(self) -> int:
        """Unique among the subscriptions of this process."""
        self._keys += 1
        return self._keys

    def new_store_number(self) -> int:
        """Unique among the stores of the journal."""
        self._store_number += 1
        return self._store_number

    # connections

    def add_connection(self, session: ClientConnection) -> bool:
        """Take a connection, if there is room; it may not be logged in yet."""
        self.accepted += 1
        session.name = session.client_id = f"{self.id}-{self.accepted}"
        self.sessions.add(session)
        self._logging_in[session] = None
        if len(self._logging_in) > self.limits.login_connections:
            # the oldest: a client that logs in gets in, however many connections others open and leave silent
            oldest, _ = self._logging_in.popitem(last=False)
            oldest.refuse("Too many connections wait for CONNECT, and this one has waited the longest")
        return len(self.sessions) - len(self._logging_in) < self.limits.connections

    def log_in(self, session: ClientConnection) -> None:
        """A client has logged in. Raises Rejected where its client id is taken."""
        other = self.clients.get(session.client_id)
        if other is not None:
            raise Rejected(
                f"Broker: swf-broker - Client: {session.client_id} already connected from {other.peer}"
            )
        if len(self.sessions) - len(self._logging_in) >= self.limits.connections:
            raise Rejected(f"The broker has {self.limits.connections} connections, as many as it allows")
        self._logging_in.pop(session, None)
        self.clients[session.client_id] = session
        self.advisories.connection_added(session)

    def log_out(self, session: ClientConnection) -> None:
        """A client has left or is thrown out; its temporary queues go with it."""
        if self.clients.get(session.client_id) is session:
            del self.clients[session.client_id]
            self.advisories.connection_removed(session)
        for name in session.destinations:
            del self._makers[name]
            if name.startswith(REMOTE_TEMPORARY) and name in self.queues:
                self._remove_queue(self.queues[name])
        session.destinations.clear()

    def remove_connection(self, session: ClientConnection) -> None:
        """A connection is closed."""
        self.sessions.discard(session)
        self._logging_in.pop(session, None)
        self.on_change()
        for call in self.on_disconnect:
            call()

    def will_flush(self, session: ClientConnection) -> None:
        """Call the session's `flush` once, when this turn's frames are handled."""
        if not self._dirty and not self._turns:
            self.loop.call_soon(self._flush)
        self._dirty.append(session)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Flush at the end of this, without another turn of the loop, which would cost a system call more."""
        self._turns += 1
        try:
            yield
        finally:
            self._turns -= 1
            if not self._turns and self._dirty:
                self._flush()

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for session in dirty:
            session.flush()

    # destinations

    def target(self, session: ClientConnection, name: str) -> Target:
        """Where a message to `name` goes, made on first use. Raises Rejected."""
        if is_statistics(name):
            return self.statistics.target(name)
        if name.startswith(TOPIC):
            return self.topic(session, check_name(name))
        return self.queue(session, self.own_name(session, name), send=True)

    def topic(self, session: ClientConnection, name: str) -> Topic:
        """The topic `name`, made on first use. Raises Rejected where that is one too many."""
        topic = self.topics.named.get(name)
        if topic is None:
            destination = TOPIC + name
            self._admit(session, destination)
            topic = self.topics.get(name)
            self.advisories.destination_added(TOPIC, name)
        self.targets[TOPIC + name] = topic
        return topic

    def own_name(self, session: ClientConnection, name: str) -> str:
        """The global name of a temporary queue; any other name unchanged."""
        if not name.startswith(TEMPORARY):
            return name
        return f"{REMOTE_TEMPORARY}{session.name}-{name[len(TEMPORARY) :]}"

    def temporary(self, session: ClientConnection, name: str) -> str:
        """The global name of a client's temporary queue, which is made on first use."""
        return self.queue(session, self.own_name(session, name)).destination

    def queue(self, session: ClientConnection, name: str, *, send: bool = False) -> Queue:
        """The queue `name`, made on first use.

        Raises Rejected for a temporary queue of another connection that does not exist.
        """
        foreign = name.startswith(REMOTE_TEMPORARY) and not name.startswith(
            f"{REMOTE_TEMPORARY}{session.name}-"
        )
        if foreign and not send:
            raise Rejected("Only the connection that made a temporary queue can consume it")
        queue = self.queues.get(name)
        if queue is not None:
            return queue
        check_name(name)
        if name == BROKER_ADMIN:
            raise Rejected(f"{name} is for requests to the broker and cannot be subscribed to")
        if foreign:
            raise Rejected(f"The destination {name} does not exist.")
        self._admit(session, name)
        queue = self._add_queue(Queue(self, self.new_store_number(), name))
        if virtual_topic(queue.name) is not None:
            queue.remember(session)
        self.advisories.destination_added(QUEUE, queue.name)
        return queue

    def _add_queue(self, queue: Queue) -> Queue:
        self.queues[queue.destination] = queue
        self.targets[queue.destination] = queue
        topic = virtual_topic(queue.name) if queue.destination.startswith(QUEUE) else None
        if topic is not None:
            self.topics.add_store(topic, queue)
        return queue

    def _remove_queue(self, queue: Queue) -> None:
        del self.queues[queue.destination]
        del self.targets[queue.destination]
        self._forget_maker(queue.destination)
        queue.destroy(None)

    def _remove_topic(self, topic: Topic) -> None:
        del self.topics.named[topic.name]
        self.targets.pop(TOPIC + topic.name, None)
        self._forget_maker(TOPIC + topic.name)

    def _forget_maker(self, destination: str) -> None:
        maker = self._makers.pop(destination, None)
        if maker is not None:
            del maker.destinations[destination]

    def _admit(self, session: ClientConnection, destination: str) -> None:
        """Count a new destination for the connection that makes it. Raises Rejected where it is one too many.

        Unused ones are forgotten first. No more than PRUNE_STEPS are checked for one frame, those first whose
        last check is the longest ago, so that a broker full of destinations answers as fast as an empty one.
        """
        limits = self.limits
        own = session.destinations
        if len(own) >= limits.connection_destinations:
            for name in list(islice(own, PRUNE_STEPS)):
                own.move_to_end(name)
                self._prune(name)
            if len(own) >= limits.connection_destinations:
                raise Rejected(
                    f"The connection has created {len(own)} destinations that are in use, "
                    "as many as the broker allows one connection"
                )
        if len(self.queues) + len(self.topics.named) >= limits.destinations:
            for name in list(islice(self.topics.named, PRUNE_STEPS)):
                self.topics.named.move_to_end(name)
                self._prune(TOPIC + name)
            for name in list(islice(self.queues, PRUNE_STEPS)):
                self.queues.move_to_end(name)
                self._prune(name)
            if len(self.queues) + len(self.topics.named) >= limits.destinations:
                raise Rejected(f"The broker has {limits.destinations} destinations, as many as it allows")
        own[destination] = None
        self._makers[destination] = session

    def _prune(self, destination: str) -> None:
        """Forget a destination that no client uses."""
        if destination.startswith(TOPIC):
            topic = self.topics.named[destination[len(TOPIC) :]]
            if not topic.in_use:
                self._remove_topic(topic)
            return
        queue = self.queues[destination]
        if not queue.consumers and not queue.size and virtual_topic(queue.name) is None:
            self._remove_queue(queue)

    def browse(self, queue: Queue, browser: Browser) -> None:
        """Send the messages of a queue to a browser, up to `limits.browse_messages`."""
        queue.browse(
            0, self.limits.browse_messages, lambda found: browser.show([one.message for one in found])
        )

    def dead_letter_refused(self, store: AnyStore, message: Message) -> bool:
        """Whether the dead-letter queue cannot take a message now, which then waits in its store."""
        if not message.persistent or store.destination == DEAD_LETTERS:
            return False
        dead = self.queues.get(DEAD_LETTERS)
        return bool(self.journal.refusal) or (dead is not None and dead.full)

    def dead_letter(self, store: AnyStore, message: Message, cause: str, sender: Sender | None) -> None:
        """Move an undeliverable message to the dead-letter queue, as ActiveMQ: only persistent ones."""
        if not message.persistent or store.destination == DEAD_LETTERS:
            return
        extra = (
            f"original-destination:{escape(store.destination)}\noriginalExpiration:{message.expires}\n"
            f"dlqDeliveryFailureCause:{escape(cause)}\n"
        )
        self._queue(DEAD_LETTERS).put(message.retargeted(DEAD_LETTERS, extra, expires=0), sender)

    def _queue(self, destination: str) -> Queue:
        return self.queues.get(destination) or self._add_queue(
            Queue(self, self.new_store_number(), destination)
        )

    def store(self, destination: str, client_id: str, name: str) -> AdministeredStore | None:
        """The queue `destination`, or the durable subscription `name` of `client_id`."""
        return self.queues.get(destination) if destination else self.durables.all.get((client_id, name))

    def drop_durable(self, client_id: str, name: str) -> int:
        """End a durable subscription; how many messages it had. Raises Rejected."""
        return self.durables.drop(client_id, name, None)

    def resend(self, message: Message) -> None:
        """Publish a dead letter to its original destination. Raises Rejected if that is unknown or full."""
        try:
            destination, copy = message.resent()
        except KeyError:
            raise Rejected(f"{message.id} has no original-destination") from None
        if destination.startswith(TOPIC):
            self.topics.get(check_name(destination)).publish(copy, None)
            return
        check_name(destination)
        self._queue(destination).publish(copy, None)

    def stores(self) -> list[AdministeredStore]:
        """Every queue and durable subscription."""
        return [*self.queues.values(), *self.durables.all.values()]

    def _sweep(self) -> None:
        run_in_slices(self.loop, self._sweep_each())

    def _sweep_each(self) -> Iterator[None]:
        for store in self.stores():
            store.sweep()
            yield
        self._expire_stored((0, 0))

    def _expire_stored(self, after: tuple[int, int]) -> None:
        """Remove expired messages that are only in the journal, a page at a time."""

        def found(rows: list[JournalRow]) -> None:
            stores = {store.number: store for store in self.stores()} if rows else {}
            expiring = [(stores.get(row.id >> STORE_SHIFT), row) for row in rows]
            done = all(store.expire_row(row) for store, row in expiring if store is not None)
            if done and len(rows) == EXPIRED_PAGE:
                self._expire_stored((rows[-1].expires, rows[-1].id))
            else:
                self._sweeper = self.loop.call_later(SWEEP_SECONDS, self._sweep)

        self.journal.expired(after, EXPIRED_PAGE, found)
