"""Records the messages of the broker's topics, each once, and passes them to the live stream.

One monitor records for a database: the one whose connection has the client id. The broker gives it to one
connection at a time, which is the lease: it ends with the connection, however that ends. Other monitors of
the database stand by: they try to connect again and again, and pass live messages on without storing them.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..backend.core.destinations import EPICTOPIC, SLICES_TOPIC, WORKERS_TOPIC
from ..backend.database import Connection, messages
from ..backend.database.connection.group_commit import RowRejected, Writer
from ..backend.database.records.messages import NewMessage
from ..backend.message_mapping import incoming_row
from ..backend.messaging.connection import StompConnection
from ..backend.messaging.endpoint import BrokerEndpoint
from ..backend.messaging.loss import LossMeter
from ..backend.messaging.message import IncomingMessage
from ..backend.messaging.ports import ConnectionState, Phase
from ..backend.messaging.recorder import Recorder, RecorderState, Unstorable
from ..backend.messaging.subscriber import Subscriber
from ..backend.messaging.subscription import AUTO, SubscriptionSpec
from ..backend.services.executions.foreign_runs import record_states

logger = logging.getLogger(__name__)

TOPICS = (EPICTOPIC, WORKERS_TOPIC, SLICES_TOPIC)
BATCH_SECONDS = 0.05
# how soon another monitor takes over from one that has ended
BACKOFF = (0.1, 2.0)

Publish = Callable[[Sequence[NewMessage], Sequence[object]], None]


@dataclass(frozen=True, slots=True)
class IngestState:
    """What was recorded, and what was missed; `unknown_gaps` are gaps of unknown size."""

    recorder: RecorderState
    standby: bool
    gaps: int
    missed: int
    unknown_gaps: int


class TopicIngest:
    """The monitor's connection to the broker; it reconnects after an outage.

    `publish` gives messages to the live stream, and `gap` reports how many it misses (None: unknown).
    """

    def __init__(
        self,
        broker: BrokerEndpoint,
        writer: Writer,
        publish: Publish,
        gap: Callable[[int | None], None],
        client_id: str,
    ) -> None:
        self._broker, self._writer, self._publish, self._gap = broker, writer, publish, gap
        self._connection = StompConnection(broker.address, client_id=client_id, backoff=BACKOFF)
        self._recorder = Recorder(
            self._connection,
            TOPICS,
            self._store,
            durable=True,
            seconds=BATCH_SECONDS,
            on_subscribed=self._subscribed,
        )
        self._meter = LossMeter(
            broker.address, TOPICS, lambda: self._recorder.state().received, self._measured
        )
        self._standby: StandbyStream | None = None
        self._lock = threading.Lock()  # guards _standby and _closed: states come from the connection's thread
        self._closed = False
        self.outages = 0
        self._connection.watch(self._changed)

    def start(self) -> None:
        """Subscribe as soon as the broker is connected."""
        self._connection.start()
        self._recorder.start()

    def close(self) -> None:
        """Unsubscribe and disconnect; a durable subscription stays, and the broker stores messages for it."""
        with self._lock:
            self._closed = True
            standby, self._standby = self._standby, None
        if standby is not None:
            standby.close()
        self._meter.close()
        self._recorder.close()
        self._connection.stop()
        self._broker.release()

    def connection(self) -> ConnectionState:
        """The current state of the connection; that of the live messages while another monitor records."""
        standby = self._standby
        return standby.connection() if standby is not None else self._connection.state()

    def state(self) -> IngestState:
        """How many messages arrived and were stored, and how many were missed."""
        recorder = self._recorder.state()
        return IngestState(
            recorder=recorder,
            standby=self._standby is not None,
            gaps=recorder.gaps,
            missed=self._meter.missed,
            unknown_gaps=self._meter.unknown,
        )

    def _store(self, arrived: Sequence[IncomingMessage]) -> None:
        rows = [incoming_row(message) for message in arrived]
        try:
            self._writer.submit(lambda connection: _record(connection, rows, arrived)).result()
        except RowRejected as error:
            raise Unstorable(str(error)) from error
        contents = [message.body if message.content is None else message.content for message in arrived]
        self._publish(rows, contents)

    def _subscribed(self) -> None:
        state = self._recorder.state()
        if state.subscribed and not state.durable:
            self._meter.subscribed()

    def _measured(self, missed: int | None) -> None:
        size = "unknown" if missed is None else str(missed)
        logger.warning("recorder: gap in the record, the broker keeps nothing for it: messages=%s", size)
        self._gap(missed)

    def _changed(self, state: ConnectionState) -> None:
        self.outages += state.phase is Phase.DOWN and not state.client_id_taken
        with self._lock:
            if self._closed:
                return
            if state.client_id_taken and self._standby is None:
                logger.info("recorder: standing by, another monitor of this database records")
                self._standby = StandbyStream(self._broker, self._publish, self._gap)
            elif state.phase is Phase.UP and self._standby is not None:
                logger.info("recorder: this monitor records now")
                standby, self._standby = self._standby, None
                standby.close()


class StandbyStream:
    """Passes live messages on while another monitor records; stores and acknowledges nothing."""

    def __init__(self, broker: BrokerEndpoint, publish: Publish, gap: Callable[[int | None], None]) -> None:
        self._publish = publish
        self._connection = StompConnection(broker.address)
        self._meter = LossMeter(broker.address, TOPICS, self._received, gap)
        self._subscribers = [
            Subscriber(
                self._connection,
                SubscriptionSpec(topic, ack=AUTO),
                self._take,
                on_subscribed=self._meter.subscribed,
            )
            for topic in TOPICS
        ]
        for subscriber in self._subscribers:
            subscriber.start()
        self._connection.start()

    def close(self) -> None:
        """End it; called by the thread of another connection, which it must not hold up."""
        self._meter.close()
        for subscriber in self._subscribers:
            subscriber.close(0.0)
        self._connection.stop(0.1)

    def connection(self) -> ConnectionState:
        """The current state of the connection."""
        return self._connection.state()

    def _received(self) -> int:
        return sum(one.state().received for one in self._subscribers)

    def _take(self, message: IncomingMessage) -> None:
        content = message.body if message.content is None else message.content
        self._publish([incoming_row(message)], [content])


def _record(connection: Connection, rows: Sequence[NewMessage], arrived: Sequence[IncomingMessage]) -> None:
    messages.record(connection, rows)
    record_states(connection, arrived)
