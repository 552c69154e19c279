"""The parts of a running agent, started and stopped in order."""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

from ..core.errors import BackendUnreachable, BrokerUnreachable
from ..core.settings import Settings
from ..database import Database, open_database, sequences
from ..database.records.agents import Heartbeat
from ..messaging.connection import StompConnection
from ..messaging.endpoint import choose_broker
from ..messaging.ports import BrokerConnection, ConnectRefused, Phase
from ..messaging.publisher import Publisher
from ..messaging.subscription import Subscription, SubscriptionRefused
from .backfill import missed_messages
from .consumer import MessageConsumer, MessageScope
from .context import AgentInfo, Handler, HandlerContext
from .db_log_handler import DatabaseLogHandler
from .execution_cache import ExecutionCache
from .executor import BoundedExecutor, TimerQueue
from .heartbeat import AgentHeartbeat
from .identity import AgentIdentity, IdentityFile
from .inflight import InFlightMessage, InFlightMessages, MessageCounters, ReceiptOutbox
from .message import Message
from .processor import MessageProcessor

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
POLL_SECONDS = 0.2
DRAIN_SECONDS, QUIET_SECONDS = 2.0, 0.2
FINISH_SECONDS = 4.0  # for each part; their sum is less than stopwaitsecs of supervisord

Connect = Callable[[str], BrokerConnection]


class ServedAgent(Protocol):
    """What the runtime needs of an Agent."""

    agent_type: ClassVar[str]
    description: ClassVar[str]
    destinations: ClassVar[Sequence[str]]
    counted: ClassVar[str]
    threads: ClassVar[int]
    remembers: ClassVar[bool]

    def handlers(self) -> dict[str, Handler]: ...
    def begin(self) -> None: ...
    def end(self) -> None: ...


class AgentRuntime:
    """The open resources of one agent. `serve()` returns after `stop()`, or raises."""

    def __init__(
        self, agent: ServedAgent, settings: Settings, namespace: str, connect: Connect | None, instance: str
    ) -> None:
        self.settings, self.namespace = settings, namespace
        self.ready = threading.Event()
        self.timers = TimerQueue()
        self._agent = agent
        self._closing, self._stopped = threading.Event(), threading.Event()
        self._crash: BaseException | None = None
        self._file = IdentityFile(settings, agent.agent_type, namespace, instance)
        self._file.hold()
        self._broker = None if connect else choose_broker(settings)
        self._connect = connect or self._connect_broker

    @property
    def counts(self) -> MessageCounters:
        """Numbers of messages, by result."""
        return self._processor.counts

    def stop(self) -> None:
        """Stop; may be called from a signal handler."""
        self._stopped.set()

    def serve(self) -> None:
        """Open everything, serve until stopped, close everything."""
        try:
            database = self._open_database()
            if database is not None:
                try:
                    self._serve_with(database)
                finally:
                    database.close()
        finally:
            if self._broker is not None:
                self._broker.release()
            self._file.release()
        if self._crash is not None:
            raise self._crash

    def parameters_of(self, execution_id: str | None) -> Mapping[str, Any]:
        """The parameters of any execution."""
        return self._executions.view(execution_id).parameters

    def proceed(self, kept: Sequence[Message], function: Handler) -> None:
        """Call `function` with kept messages."""
        self._heartbeat.working()
        self._processor.proceed(kept, function)

    def give_back(self, kept: Sequence[Message]) -> None:
        """Return kept messages to the broker."""
        self._processor.give_back(kept)

    def follow(self, destination: str, prefetch: int) -> Subscription:
        """Add a subscription."""
        return self._consumer.follow(destination, prefetch)

    def unfollow(self, subscription: Subscription) -> None:
        """End that subscription."""
        self._consumer.unfollow(subscription)

    def transaction(self, message: Message) -> AbstractContextManager[HandlerContext]:
        """Open a transaction for background work on `message`."""
        return self._processor.transaction(message)

    def _serve_with(self, database: Database) -> None:
        self.database = database
        self.identity = self._identify(database)
        lines = DatabaseLogHandler(database, f"{self._agent.agent_type}-agent", self.identity.name)
        logger = logging.getLogger("swf_console")
        logger.addHandler(lines)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)
        try:
            self._build(database)
            self._heartbeat.start()
            self._serve_messages()
        finally:
            self._close()
            logger.removeHandler(lines)
            lines.finish(FINISH_SECONDS)

    def _build(self, database: Database) -> None:
        agent = self._agent
        self._in_flight = InFlightMessages()
        self._connection = self._connect(self.identity.client_id)
        self._executor = BoundedExecutor(agent.threads, self._closing)
        self._executions = ExecutionCache(database, self.settings)
        self._publisher = Publisher(self._connection, ReceiptOutbox(database, self._in_flight))
        self._processor = MessageProcessor(
            AgentInfo(self.identity.name, self.namespace, self._database_id),
            agent.handlers(),
            database,
            self._executions,
            self._publisher,
            self._in_flight,
            self._executor,
            self._closing,
        )
        self._heartbeat = AgentHeartbeat(database, self._describe, self._busy)
        self._consumer = MessageConsumer(
            self._connection,
            agent.destinations,
            MessageScope(self.namespace, self._database_id),
            agent.handlers(),
            self._in_flight,
            self._processor.counts,
            self._process,
            self._crashed,
        )

    def _serve_messages(self) -> None:
        # subscribe before the backfill: what is sent meanwhile waits, and duplicates are dropped by id
        self._connection.start()
        self._consumer.subscribe()
        self._agent.begin()
        if not self._await_subscriptions():
            return
        self._heartbeat.ready()
        self._backfill()
        self._consumer.start()
        log.info("agent started: name=%s namespace=%s", self.identity.name, self.namespace)
        self.ready.set()
        self._stopped.wait()
        self._drain()

    def _drain(self) -> None:
        """Handle what the broker has sent already: the `end_run` of a runner that was stopped before."""
        deadline = time.monotonic() + DRAIN_SECONDS
        received = -1
        while self._crash is None and self._connection.state().phase is Phase.UP:
            before, received = received, self._consumer.received()
            quiet = received == before and not self._consumer.waiting()
            if quiet or time.monotonic() > deadline:
                return
            self._closing.wait(QUIET_SECONDS)

    def _close(self) -> None:
        if not hasattr(self, "_consumer"):  # _build() failed: there is nothing to close
            return
        log.info("agent stops: name=%s", self.identity.name)
        # order: no new work, finish current work, send its messages, then unsubscribe
        self._closing.set()
        self.timers.close(FINISH_SECONDS)
        self._consumer.finish(FINISH_SECONDS)
        self._executor.close(FINISH_SECONDS)
        self._publisher.close(FINISH_SECONDS)
        self._consumer.unsubscribe()
        self._connection.stop()
        self._heartbeat.close(FINISH_SECONDS)
        self._agent.end()

    def _open_database(self) -> Database | None:
        """Open the database, with retries; None if the agent is stopped meanwhile."""
        last_error = ""
        while not self._stopped.is_set():
            try:
                return open_database(self.settings.database_url)
            except BackendUnreachable as error:
                if str(error) != last_error:
                    log.warning("waiting for the database: %s", error)
                last_error = str(error)
                self._stopped.wait(RETRY_SECONDS)
        return None

    def _identify(self, database: Database) -> AgentIdentity:
        with database.write() as connection:
            self._database_id = sequences.database_id(connection)
        known = self._file.load(self._database_id)
        if known is not None:
            return known
        with database.write() as connection:
            number = sequences.next_agent_number(connection)
        name = f"{self._agent.agent_type}-agent-{self.settings.user}-{number}"
        return self._file.create(self._database_id, name)

    def _await_subscriptions(self) -> bool:
        """Wait until the broker has confirmed every subscription; false if the agent is stopped before.

        Raises ConnectRefused or SubscriptionRefused: waiting does not help.
        """
        for subscription in self._consumer.subscriptions:
            while not subscription.subscribed:
                if self._stopped.is_set():
                    return False
                try:
                    self._connection.wait_up(POLL_SECONDS)
                    subscription.wait_subscribed(POLL_SECONDS)
                except (ConnectRefused, SubscriptionRefused):
                    raise
                except BrokerUnreachable:
                    continue
        return True

    def _backfill(self) -> None:
        broker = self.settings.broker
        # the embedded broker has another port at each start
        broker_name = f"{broker.host}:{broker.port}" if broker else "embedded"
        known = broker_name in self.identity.known_to
        if known and not self._agent.remembers:
            return
        topics = [each for each in self._agent.destinations if each.startswith("/topic/")]
        for page in missed_messages(self.database, self.namespace, list(self._agent.handlers()), topics):
            self._consumer.take([(incoming, None) for incoming in page])
            if self._stopped.is_set():
                return
        if known:
            return
        self.identity = self._file.mark_known(self._database_id, self.identity, broker_name, topics)

    def _process(self, batch: Sequence[InFlightMessage]) -> None:
        self._heartbeat.working()
        self._processor.process(batch)

    def _crashed(self, error: BaseException) -> None:
        log.critical("agent stops after an unexpected error", exc_info=error)
        self._crash = error
        self._stopped.set()

    def _connect_broker(self, client_id: str) -> BrokerConnection:
        assert self._broker is not None  # noqa: S101 (the constructor chose one)
        return StompConnection(self._broker.address, client_id=client_id)

    def _busy(self) -> bool:
        return bool(len(self._in_flight) or self._consumer.waiting())

    def _describe(self, state: str) -> Heartbeat:
        counts, connection = self._processor.counts, self._connection.state()
        connected = connection.phase is Phase.UP
        exited = state == "EXITED"
        status = "EXITED" if exited else "OK" if connected and not counts.dead_letters else "WARNING"
        return Heartbeat(
            instance_name=self.identity.name,
            agent_type=self._agent.agent_type[:20],
            status=status,
            at=datetime.now(UTC),
            operational_state=state,
            description=self._agent.description,
            namespace=self.namespace,
            pid=os.getpid(),
            hostname=self.settings.host,
            workflow_enabled=True,
            current_stf_count=len(self._in_flight),
            total_stf_processed=counts.handled[self._agent.counted],
            metadata={
                "mq_connected": connected,
                "mq_error": connection.last_error,
                "waiting": self._consumer.waiting(),
                **counts.as_dict(),
            },
        )
