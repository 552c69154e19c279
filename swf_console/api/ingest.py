"""Records the messages of the broker's topics, each once, and passes them to the live stream."""

from collections.abc import Callable, Sequence

from ..backend.core.destinations import EPICTOPIC, SLICES_TOPIC, WORKERS_TOPIC
from ..backend.database import Connection, messages
from ..backend.database.connection.group_commit import RowRejected, Writer
from ..backend.database.records.messages import NewMessage
from ..backend.message_mapping import incoming_row
from ..backend.messaging.connection import StompConnection
from ..backend.messaging.endpoint import BrokerEndpoint
from ..backend.messaging.message import IncomingMessage
from ..backend.messaging.ports import ConnectionState, Phase
from ..backend.messaging.recorder import Recorder, RecorderState, Unstorable
from ..backend.services.executions.foreign_runs import record_states

TOPICS = (EPICTOPIC, WORKERS_TOPIC, SLICES_TOPIC)
BATCH_SECONDS = 0.05

Publish = Callable[[Sequence[NewMessage], Sequence[object]], None]


class TopicIngest:
    """The monitor's connection to the broker; it reconnects after an outage."""

    def __init__(self, broker: BrokerEndpoint, writer: Writer, publish: Publish) -> None:
        self._broker, self._writer, self._publish = broker, writer, publish
        self._connection = StompConnection(broker.address)
        self._recorder = Recorder(self._connection, TOPICS, self._store, seconds=BATCH_SECONDS)
        self.outages = 0
        self._connection.watch(self._changed)

    def start(self) -> None:
        """Subscribe as soon as the broker is connected."""
        self._connection.start()
        self._recorder.start()

    def close(self) -> None:
        """Unsubscribe and disconnect."""
        self._recorder.close()
        self._connection.stop()
        self._broker.release()

    def connection(self) -> ConnectionState:
        """The current state of the connection."""
        return self._connection.state()

    def state(self) -> RecorderState:
        """How many messages arrived and were stored."""
        return self._recorder.state()

    def _store(self, arrived: Sequence[IncomingMessage]) -> None:
        rows = [incoming_row(message) for message in arrived]
        try:
            self._writer.submit(lambda connection: _record(connection, rows, arrived)).result()
        except RowRejected as error:
            raise Unstorable(str(error)) from error
        contents = [message.body if message.content is None else message.content for message in arrived]
        self._publish(rows, contents)

    def _changed(self, state: ConnectionState) -> None:
        self.outages += state.phase is Phase.DOWN


def _record(connection: Connection, rows: Sequence[NewMessage], arrived: Sequence[IncomingMessage]) -> None:
    messages.record(connection, rows)
    record_states(connection, arrived)
