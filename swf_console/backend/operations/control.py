"""Asking a persistent runner: a command onto the queue, and its answer."""

import queue
import uuid
from collections.abc import Mapping
from typing import Any

from ..database import open_database
from ..errors import TimedOut
from ..messaging.address import running_broker
from ..messaging.connection import Connection
from ..messaging.messages import IncomingMessage, make
from ..messaging.publisher import Publisher
from ..messaging.subscriber import AUTO, Subscriber, Subscription
from ..services.executions.outbox import DatabaseOutbox
from ..settings import Settings
from .commands import CONTROL_QUEUE

CONNECT_SECONDS = 5.0
REPLY_TOPIC = "/topic/workflow_control.replies"


def ask_runner(settings: Settings, content: Mapping[str, Any], timeout: float) -> dict[str, Any]:
    """Send a command and return the answer; BrokerUnreachable, or TimedOut after `timeout` seconds."""
    correlation = uuid.uuid4().hex
    reply_to = f"{REPLY_TOPIC}.{settings.user}"
    answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def on_reply(message: IncomingMessage) -> None:
        if message.content and message.content.get("correlation_id") == correlation:
            answers.put(message.content)

    connection = Connection(lambda: running_broker(settings))
    connection.start()
    subscriber = Subscriber(connection, Subscription(reply_to, ack=AUTO), on_reply)
    try:
        connection.wait_up(CONNECT_SECONDS)
        subscriber.start()
        subscriber.wait_subscribed(CONNECT_SECONDS)
        _send(settings, connection, {**content, "reply_to": reply_to, "correlation_id": correlation})
        return answers.get(timeout=timeout)
    except queue.Empty:
        raise TimedOut(
            f"no runner of namespace {content.get('namespace')} answered within {timeout:g} s",
            "The command waits in the queue; start one: swf-console runner",
        ) from None
    finally:
        subscriber.close(0.0)
        connection.stop()


def _send(settings: Settings, connection: Connection, content: dict[str, Any]) -> None:
    database = open_database(settings.database_url)
    try:
        publisher = Publisher(connection, DatabaseOutbox(database))
        publisher.publish(make(CONTROL_QUEUE, content, sender=f"swf-console-{settings.user}"))
        publisher.close(CONNECT_SECONDS)
    finally:
        database.close()
