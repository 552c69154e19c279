"""One request and its reply, or messages and their receipts, over a separate connection."""

import queue
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..core.settings import Settings
from .connection import StompConnection
from .endpoint import running_broker
from .message import IncomingMessage, OutgoingMessage, make
from .outbox import Outbox
from .publisher import Publisher
from .subscriber import Subscriber
from .subscription import AUTO, SubscriptionSpec

CONNECT_SECONDS = 5.0
WAITING_SECONDS = 1.0


def request(
    settings: Settings,
    outbox: Callable[[], Outbox],
    destination: str,
    content: Mapping[str, Any],
    *,
    reply_to: Callable[[str], str],
    timeout: float,
    waiting: Callable[[], bool] | None = None,
) -> dict[str, Any] | None:
    """Send `content` and return its reply; None if none arrives within `timeout` seconds.

    After that it continues to wait while `waiting` returns true, which is asked every second.

    `outbox` is called once the broker is reached; `reply_to` makes the destination of the reply from the
    request's id. Raises BrokerUnreachable.
    """
    correlation = uuid.uuid4().hex
    replies_to = reply_to(correlation)
    # other implementations may omit correlation_id: then only a destination with the id identifies the reply
    unmarked = correlation if correlation in replies_to else None
    replies: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def on_reply(message: IncomingMessage) -> None:
        if message.content and (message.content.get("correlation_id") or unmarked) == correlation:
            replies.put(message.content)

    with _connected(settings, CONNECT_SECONDS) as connection:
        subscriber = Subscriber(connection, SubscriptionSpec(replies_to, ack=AUTO), on_reply)
        try:
            subscriber.start()
            subscriber.wait_subscribed(CONNECT_SECONDS)
            stamped = {**content, "reply_to": replies_to, "correlation_id": correlation}
            message = make(destination, stamped, sender=sender_of(settings))
            _publish(connection, outbox(), [message], CONNECT_SECONDS)
            return _next_reply(replies, timeout, waiting)
        finally:
            subscriber.close(0.0)


def _next_reply(
    replies: "queue.SimpleQueue[dict[str, Any]]", timeout: float, waiting: Callable[[], bool] | None
) -> dict[str, Any] | None:
    while True:
        try:
            return replies.get(timeout=timeout)
        except queue.Empty:
            if waiting is None or not waiting():
                return None
        timeout = WAITING_SECONDS


def send(
    settings: Settings, outbox: Outbox, messages: Sequence[OutgoingMessage], timeout: float = CONNECT_SECONDS
) -> bool:
    """Send messages; false if the broker has not confirmed all of them within `timeout` seconds.

    Raises BrokerUnreachable if no connection is up within that time.
    """
    with _connected(settings, timeout) as connection:
        return _publish(connection, outbox, messages, timeout)


def sender_of(settings: Settings) -> str:
    """The sender name of a user's commands."""
    return f"swf-console-{settings.user}"


def requester_of(settings: Settings) -> str:
    """The `source` of a user's commands: the sender name, with characters that destinations allow."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", sender_of(settings))[:100]


def _publish(
    connection: StompConnection, outbox: Outbox, messages: Sequence[OutgoingMessage], timeout: float
) -> bool:
    publisher = Publisher(connection, outbox)
    try:
        for message in messages:
            publisher.publish(message)
    finally:
        confirmed = publisher.close(timeout)
    return confirmed


@contextmanager
def _connected(settings: Settings, timeout: float) -> Iterator[StompConnection]:
    connection = StompConnection(lambda: running_broker(settings))
    connection.start()
    try:
        connection.wait_up(timeout)
        yield connection
    finally:
        connection.stop()
