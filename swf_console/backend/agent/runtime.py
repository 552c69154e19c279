"""A living agent: its parts, wired, begun in order and ended in order."""

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol

from ..core.errors import BackendUnreachable, BrokerUnreachable
from ..core.settings import Settings
from ..database import Database, open_database, sequences
from ..database.records.agents import Heartbeat
from ..messaging.connection import Connection
from ..messaging.endpoint import choose_broker
from ..messaging.link import ConnectRefused, Link, Phase
from ..messaging.publisher import Publisher
from ..messaging.subscriber import Feed, SubscriptionRefused
from .backfill import missed
from .consumer import Intake, Ours
from .context import Identity, Work
from .db_log_handler import DatabaseLog
from .execution_cache import ExecutionRecords
from .executor import Pool, Schedule
from .heartbeat import AgentHeartbeat
from .identity import AgentIdentity, IdentityFile
from .inflight import Counts, Deliveries, OpenTasks, Task
from .message import Message
from .processor import Desk, Handler

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
LOOK_SECONDS = 0.2
FINISH_SECONDS = 4.0  # for each part; all of them within stopwaitsecs

Connect = Callable[[str], Link]


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


class Running:
    """Everything that one agent has open. `serve()` returns once `stop()` was called, or raises."""

    def __init__(
        self, agent: ServedAgent, settings: Settings, namespace: str, connect: Connect | None, instance: str
    ) -> None:
        self.settings, self.namespace = settings, namespace
        self.ready = threading.Event()
        self.schedule = Schedule()
        self._agent = agent
        self._closing, self._stopped = threading.Event(), threading.Event()
        self._crash: BaseException | None = None
        self._file = IdentityFile(settings, agent.agent_type, namespace, instance)
        self._file.hold()
        self._broker = None if connect else choose_broker(settings)
        self._connect = connect or self._connect_broker

    @property
    def counts(self) -> Counts:
        """What became of its messages."""
        return self._desk.counts

    def stop(self) -> None:
        """End in order; may be called from a signal handler."""
        self._stopped.set()

    def serve(self) -> None:
        """Open everything, serve until stopped, close everything."""
        try:
            database = self._open_database()
            if database is not None:
                try:
                    self._live(database)
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
        return self._records.view(execution_id).parameters

    def proceed(self, kept: Sequence[Message], function: Callable[[Message, Work], None]) -> None:
        """Go on with messages that were kept."""
        self._heartbeat.working()
        self._desk.proceed(kept, function)

    def give_back(self, kept: Sequence[Message]) -> None:
        """Leave messages that were kept to others."""
        self._desk.give_back(kept)

    def follow(self, destination: str, prefetch: int) -> Feed:
        """Follow one destination more."""
        return self._intake.follow(destination, prefetch)

    def unfollow(self, feed: Feed) -> None:
        """Follow it no more."""
        self._intake.unfollow(feed)

    def transaction(self, message: Message) -> AbstractContextManager[Work]:
        """Open a transaction for work on `message` in the background."""
        return self._desk.transaction(message)

    def _live(self, database: Database) -> None:
        self.database = database
        self.identity = self._identify(database)
        lines = DatabaseLog(database, f"{self._agent.agent_type}-agent", self.identity.name)
        logger = logging.getLogger("swf_console")
        logger.addHandler(lines)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.INFO)
        try:
            self._build(database)
            self._heartbeat.start()
            self._work()
        finally:
            self._end()
            logger.removeHandler(lines)
            lines.end(FINISH_SECONDS)

    def _build(self, database: Database) -> None:
        agent = self._agent
        self._tasks = OpenTasks()
        self._link = self._connect(self.identity.client_id)
        self._pool = Pool(agent.threads, self._closing)
        self._records = ExecutionRecords(database, self.settings)
        self._publisher = Publisher(self._link, Deliveries(database, self._tasks))
        self._desk = Desk(
            Identity(self.identity.name, self.namespace, self._label),
            agent.handlers(),
            database,
            self._records,
            self._publisher,
            self._tasks,
            self._pool,
            self._closing,
        )
        self._heartbeat = AgentHeartbeat(database, self._describe, self._busy)
        self._intake = Intake(
            self._link,
            agent.destinations,
            Ours(self.namespace, self._label),
            agent.handlers(),
            self._tasks,
            self._desk.counts,
            self._work_off,
            self._crashed,
        )

    def _work(self) -> None:
        self._link.start()
        self._intake.subscribe()
        self._agent.begin()
        if not self._await_subscriptions():
            return
        self._heartbeat.ready()
        self._catch_up()
        self._intake.start()
        log.info("%s serves namespace %s", self.identity.name, self.namespace)
        self.ready.set()
        self._stopped.wait()

    def _end(self) -> None:
        if not hasattr(self, "_intake"):
            return
        log.info("%s ends", self.identity.name)
        self._closing.set()
        self.schedule.close(FINISH_SECONDS)
        self._intake.finish(FINISH_SECONDS)
        self._pool.close(FINISH_SECONDS)
        self._publisher.close(FINISH_SECONDS)
        self._intake.unsubscribe()
        self._link.stop()
        self._heartbeat.end(FINISH_SECONDS)
        self._agent.end()

    def _open_database(self) -> Database | None:
        """Open the database, however long its server is away; None where the agent is stopped meanwhile."""
        told = ""
        while not self._stopped.is_set():
            try:
                return open_database(self.settings.database_url)
            except BackendUnreachable as error:
                if str(error) != told:
                    log.warning("waiting for the database: %s", error)
                told = str(error)
                self._stopped.wait(RETRY_SECONDS)
        return None

    def _identify(self, database: Database) -> AgentIdentity:
        with database.write() as connection:
            self._label = sequences.database_id(connection)
        known = self._file.load(self._label)
        if known is not None:
            return known
        with database.write() as connection:
            number = sequences.next_agent_number(connection)
        name = f"{self._agent.agent_type}-agent-{self.settings.user}-{number}"
        return self._file.create(self._label, name)

    def _await_subscriptions(self) -> bool:
        """Wait until the broker has confirmed every subscription; false where the agent is stopped before.

        Raises ConnectRefused or SubscriptionRefused: waiting longer would be vain.
        """
        for feed in self._intake.feeds:
            while not feed.subscribed:
                if self._stopped.is_set():
                    return False
                try:
                    self._link.wait_up(LOOK_SECONDS)
                    feed.wait_subscribed(LOOK_SECONDS)
                except (ConnectRefused, SubscriptionRefused):
                    raise
                except BrokerUnreachable:
                    continue
        return True

    def _catch_up(self) -> None:
        broker = self.settings.broker
        place = f"{broker.host}:{broker.port}" if broker else "embedded"
        known = place in self.identity.known_to
        if known and not self._agent.remembers:
            return
        topics = [each for each in self._agent.destinations if each.startswith("/topic/")]
        for page in missed(self.database, self.namespace, list(self._agent.handlers()), topics):
            self._intake.take([(incoming, None) for incoming in page])
            if self._stopped.is_set():
                return
        if known:
            return
        self.identity = self._file.mark_known(self._label, self.identity, place)

    def _work_off(self, tasks: Sequence[Task]) -> None:
        self._heartbeat.working()
        self._desk.work_off(tasks)

    def _crashed(self, error: BaseException) -> None:
        log.critical("the agent cannot go on", exc_info=error)
        self._crash = error
        self._stopped.set()

    def _connect_broker(self, client_id: str) -> Link:
        assert self._broker is not None  # noqa: S101 (the constructor chose one)
        return Connection(self._broker.address, client_id=client_id)

    def _busy(self) -> bool:
        return bool(len(self._tasks) or self._intake.waiting())

    def _describe(self, state: str) -> Heartbeat:
        counts, link = self._desk.counts, self._link.state()
        connected = link.phase is Phase.UP
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
            current_stf_count=len(self._tasks),
            total_stf_processed=counts.handled[self._agent.counted],
            metadata={
                "mq_connected": connected,
                "mq_error": link.last_error,
                "waiting": self._intake.waiting(),
                **counts.as_dict(),
            },
        )
