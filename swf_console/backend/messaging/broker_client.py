"""A short connection on which a command reads, sends and removes messages, each step confirmed."""

import itertools
import queue
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

from ..core.errors import BrokerUnreachable, Refused
from ..core.settings import Settings
from .connection import StompConnection
from .endpoint import running_broker
from .message import OutgoingMessage
from .ports import NotConnected, SubscribeRequest
from .subscription import AUTO, INDIVIDUAL

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 5.0
# ActiveMQ answers a statistics request, and replays advisories, within milliseconds; the pause ends the wait
QUIET_SECONDS = 0.3
SEARCH_SECONDS = 2.0  # until a selector has found a message of a long queue
REQUEST_SECONDS = 30.0
EMBEDDED_SERVER = "swf-broker"
CONTENT_LENGTH = "content-length"

_names = itertools.count(1)


class RawMessage(NamedTuple):
    """A MESSAGE frame as the broker sent it."""

    headers: Mapping[str, str]
    body: str

    @property
    def id(self) -> str:
        """The broker's own id of the message."""
        return self.headers.get("message-id", "")

    @property
    def is_text(self) -> bool:
        """False where the body was not UTF-8 and has lost bytes when it was decoded."""
        length = self.headers.get(CONTENT_LENGTH, "")
        return len(self.body.encode()) == int(length) if length.isdecimal() else "\ufffd" not in self.body


class OpenSubscription:
    """A subscription of a BrokerClient, and the queue of what it received."""

    def __init__(self, name: str, destination: str) -> None:
        self.name, self.destination = name, destination
        self.messages: queue.SimpleQueue[RawMessage] = queue.SimpleQueue()

    def receive(self, session: int, headers: Mapping[str, str], body: str) -> None:  # noqa: ARG002
        """Take a MESSAGE; called by the connection's receiving thread."""
        self.messages.put(RawMessage(headers, body))

    def next(self, seconds: float) -> RawMessage | None:
        """The next message; None where none comes within that time."""
        try:
            return self.messages.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None


class BrokerClient:
    """One session of a StompConnection. Every method waits for the broker's confirmation.

    Methods raise BrokerUnreachable where the session ends or no answer comes, and Refused with the broker's
    words where it answers a frame with ERROR.
    """

    def __init__(self, connection: StompConnection) -> None:
        self._connection = connection
        self._session = connection.wait_up(CONNECT_SECONDS)
        self._changed = threading.Condition()
        self._waiting: set[str] = set()
        self._refused: dict[str, str] = {}
        self._ended = ""
        connection.attach(self)

    @property
    def server(self) -> str:
        """The name and version that the broker gave, such as ActiveMQ/5.17.2."""
        return self._connection.state().server

    @property
    def place(self) -> str:
        """host:port."""
        return self._connection.state().broker

    @property
    def is_embedded(self) -> bool:
        """Whether it is an embedded broker, of this home or of another."""
        return self.server.startswith(EMBEDDED_SERVER)

    # reading

    @contextmanager
    def subscribed(
        self, destination: str, headers: Mapping[str, str] | None = None, ack: str = AUTO
    ) -> Iterator[OpenSubscription]:
        """Subscribe within the block."""
        opened = OpenSubscription(f"o{next(_names)}", destination)
        request = SubscribeRequest(opened.name, destination, ack, headers or {})
        self._confirmed(
            request.receipt, lambda: self._connection.subscribe(self._session, request, opened.receive)
        )
        try:
            yield opened
        except BaseException:
            self._unsubscribe(opened.name, {}, waits=False)
            raise
        # the receipt comes after the broker has handled every ACK that was sent before
        self._unsubscribe(opened.name, {})

    def replies(
        self,
        destination: str,
        body: str,
        headers: Mapping[str, str] | None = None,
        patience: float = ANSWER_SECONDS,
    ) -> Generator[RawMessage, None, None]:
        """Send a request; yield its replies until none comes for a moment; the first within `patience` s.

        The request expires soon: where a broker has nothing that answers it, it must not stay there.
        """
        correlation = uuid.uuid4().hex
        reply_to = f"/temp-queue/{correlation}"
        expires = str(int((time.time() + REQUEST_SECONDS) * 1000))
        asked = {"reply-to": reply_to, "correlation-id": correlation, "expires": expires, **(headers or {})}
        # the same header makes ActiveMQ write its maps as JSON
        with self.subscribed(reply_to, {"transformation": "jms-map-json"}) as answers:
            self.send(destination, body, asked)
            while (reply := answers.next(patience)) is not None:
                yield reply
                patience = QUIET_SECONDS

    def reply(self, destination: str, body: str, patience: float = ANSWER_SECONDS) -> RawMessage | None:
        """Send a request; its first reply, None where none comes within `patience` seconds."""
        with closing(self.replies(destination, body, patience=patience)) as replies:
            return next(replies, None)

    def replayed(self, topic: str, patience: float = QUIET_SECONDS) -> list[RawMessage]:
        """What a topic of advisories sends to a new subscriber: everything that exists now.

        The first is waited for `patience` seconds: a broker that was just started takes longer.
        """
        with self.subscribed(topic, {"transformation": "jms-advisory-json"}) as advisories:
            found = []
            while (message := advisories.next(patience)) is not None:
                found.append(message)
                patience = QUIET_SECONDS
            return found

    def browse(self, destination: str, limit: int, selector: str = "") -> list[RawMessage]:
        """The first messages of a queue, which stay there."""
        headers = {"browser": "true", **_prefetch(limit), **({"selector": selector} if selector else {})}
        with self.subscribed(destination, headers) as browser:
            found: list[RawMessage] = []
            while len(found) < limit and (message := browser.next(ANSWER_SECONDS)) is not None:
                if message.headers.get("browser") == "end":
                    break
                found.append(message)
            return found

    # changing

    def take(
        self, destination: str, handle: Callable[[RawMessage], None], *, selector: str = "", count: int
    ) -> int:
        """Consume up to `count` messages of a queue: each is acknowledged once `handle` has returned.

        Returns how many; it stops where no message comes for a moment.
        """
        headers = {**_prefetch(min(count, 100)), **({"selector": selector} if selector else {})}
        taken = 0
        with self.subscribed(destination, headers, INDIVIDUAL) as consumer:
            patience = SEARCH_SECONDS if selector else 2 * QUIET_SECONDS
            while taken < count and (message := consumer.next(patience)) is not None:
                handle(message)
                self._connection.ack(self._session, message.headers.get("ack", ""))
                taken += 1
        return taken

    def send(self, destination: str, body: str, headers: Mapping[str, str]) -> None:
        """Send a message and wait until the broker has it."""
        message_id = uuid.uuid4().hex
        message = OutgoingMessage(
            id=message_id,
            destination=destination,
            content={},
            body=body,
            headers=dict(headers),
            msg_type="",
            namespace=None,
            execution_id=None,
            run_id=None,
            sender=None,
            created_at=datetime.now(UTC),
        )
        self._confirmed(message_id, lambda: self._connection.send(self._session, [message]))

    def remove_durable(self, name: str) -> None:
        """Remove the durable subscription `name` of this connection's client id."""
        self._unsubscribe(name, {"activemq.subscriptionName": name, "durable-subscription-name": name})

    # the connection's side

    def on_up(self, session: int) -> None:
        """Nothing: this client ends with its session."""

    def on_down(self, session: int, error: str) -> None:
        """The session is over."""
        with self._changed:
            if session == self._session:
                self._ended = error
            self._changed.notify_all()

    def on_receipt(self, session: int, receipt: str) -> bool:  # noqa: ARG002
        """The broker has handled a frame."""
        with self._changed:
            if receipt not in self._waiting:
                return False
            self._waiting.discard(receipt)
            self._changed.notify_all()
            return True

    def on_refusal(self, session: int, receipt: str, error: str) -> bool:  # noqa: ARG002
        """The broker has answered a frame with ERROR: its method raises Refused.

        The session may go on, unless the broker closes it: ActiveMQ lets it live.
        """
        with self._changed:
            ours = receipt in self._waiting
            if ours:
                self._refused[receipt] = error
            self._changed.notify_all()
        return ours

    def _unsubscribe(self, name: str, headers: Mapping[str, str], *, waits: bool = True) -> None:
        receipt = f"unsubscribe-{name}-{next(_names)}"
        asked = {**headers, "receipt": receipt}
        try:
            if waits:
                self._confirmed(receipt, lambda: self._connection.unsubscribe(self._session, name, asked))
            else:
                self._connection.unsubscribe(self._session, name, headers)
        except NotConnected as error:
            if waits:
                raise BrokerUnreachable(self._ended or str(error)) from error

    def _confirmed(self, receipt: str, call: Callable[[], None]) -> None:
        with self._changed:
            self._waiting.add(receipt)
        try:
            call()
        except NotConnected as error:
            raise BrokerUnreachable(self._ended or str(error)) from error
        with self._changed:
            self._changed.wait_for(
                lambda: receipt not in self._waiting or receipt in self._refused or self._ended,
                ANSWER_SECONDS,
            )
            if receipt not in self._waiting:
                return
            refused = self._refused.get(receipt)
            self._waiting.discard(receipt)
        if refused is not None:
            raise Refused(f"the broker at {self.place} refused: {refused}")
        reason = self._ended or f"no answer within {ANSWER_SECONDS:g} s"
        raise BrokerUnreachable(f"the broker at {self.place}: {reason}")


@contextmanager
def broker_client(settings: Settings, *, client_id: str | None = None) -> Iterator[BrokerClient]:
    """A connection to the broker of these settings, which is not started for it; else BrokerUnreachable."""
    connection = StompConnection(lambda: running_broker(settings), client_id=client_id, backoff=(60.0, 60.0))
    connection.start()
    try:
        yield BrokerClient(connection)
    finally:
        connection.stop()


def _prefetch(count: int) -> dict[str, str]:
    return {"activemq.prefetchSize": str(max(1, count))}
