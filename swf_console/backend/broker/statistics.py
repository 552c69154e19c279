"""Statistics of queues and the broker, as ActiveMQ's statistics plug-in gives them.

A query is an empty message with `reply-to` to `/queue/ActiveMQ.Statistics.Destination.<name>` (or a
pattern), to the same under /topic/, or to `/queue/ActiveMQ.Statistics.Broker`. A reply is a map in the
shape of `jms-map-json`.
"""

import json

from .destinations import QUEUE, TOPIC, Queue, is_pattern, matches
from .frames import Rejected
from .journal_batch import Sender
from .message import Message, broker_message
from .ports import BrokerState
from .topics import Topic

PREFIX = "ActiveMQ.Statistics."
DESTINATION = PREFIX + "Destination."
TYPES = {bool: "boolean", int: "long", float: "double"}


def is_statistics(name: str) -> bool:
    """Whether a destination is a query."""
    return name.startswith((QUEUE + PREFIX, TOPIC + PREFIX))


class StatisticsQuery:
    """Where a query is sent to."""

    header = ""

    def __init__(self, statistics: "Statistics", name: str) -> None:
        self._statistics = statistics
        self._name = name

    def publish(self, message: Message, sender: Sender | None) -> None:  # noqa: ARG002
        """Reply, where the message names a destination for it."""
        self._statistics.answer(self._name, message)


class Statistics:
    """Reads the broker's counters."""

    def __init__(self, broker: BrokerState) -> None:
        self._broker = broker

    def target(self, name: str) -> StatisticsQuery:
        """The query that a destination's name is."""
        return StatisticsQuery(self, name)

    def answer(self, name: str, message: Message) -> None:
        """Send one map for each matching queue or topic, none where there is no match."""
        reply_to = message.headers.get("reply-to", "")
        target = self._broker.targets.get(reply_to)
        if target is None:
            raise Rejected("A question for statistics needs a reply-to that exists")
        headers = {"type": "Advisory", "transformation": "jms-map-json"}
        if "correlation-id" in message.headers:
            headers["correlation-id"] = message.headers["correlation-id"]
        for facts in self._facts(name):
            body = json.dumps(_map(facts), separators=(",", ":")).encode()
            target.publish(broker_message(reply_to, self._broker.new_message_id(), headers, body), None)

    def _facts(self, name: str) -> list[dict[str, object]]:
        kind = QUEUE if name.startswith(QUEUE) else TOPIC
        query = name[len(kind) :]
        if query == PREFIX + "Broker":
            return [self._of_broker()]
        if not query.startswith(DESTINATION):
            return []
        wanted = query[len(DESTINATION) :]
        if kind == TOPIC:
            topics = self._broker.topics.named.values()
            return [self._of_topic(topic) for topic in topics if _is_wanted(wanted, topic.name)]
        queues = (queue for queue in self._broker.queues.values() if queue.destination.startswith(QUEUE))
        return [self._of_queue(queue) for queue in queues if _is_wanted(wanted, queue.name)]

    def _origin(self) -> dict[str, object]:
        return {"brokerName": "swf-broker", "brokerId": self._broker.id}

    def _of_queue(self, queue: Queue) -> dict[str, object]:
        limit = self._broker.limits.window_bytes
        return {
            "destinationName": f"queue://{queue.name}",
            "size": queue.size,
            "enqueueCount": queue.enqueued,
            "dequeueCount": queue.dequeued,
            "dispatchCount": queue.dispatched,
            "inflightCount": queue.in_flight,
            "expiredCount": queue.expirations,
            "consumerCount": len(queue.consumers),
            "producerCount": 0,
            "messagesCached": len(queue.ready),
            "memoryUsage": queue.memory_bytes,
            "memoryLimit": limit,
            "memoryPercentUsage": min(100, queue.memory_bytes * 100 // limit),
            "averageMessageSize": queue.bytes_in // queue.enqueued if queue.enqueued else 0,
        } | self._origin()

    def _of_topic(self, topic: Topic) -> dict[str, object]:
        return {
            "destinationName": f"topic://{topic.name}",
            "size": 0,
            "enqueueCount": topic.enqueued,
            "dequeueCount": topic.dequeued,
            "dispatchCount": topic.dequeued,
            "inflightCount": 0,
            "expiredCount": 0,
            "consumerCount": len(topic.subscribers),
            "producerCount": 0,
            "memoryUsage": 0,
        } | self._origin()

    def _of_broker(self) -> dict[str, object]:
        broker = self._broker
        stores = broker.stores()
        topics = broker.topics.named.values()
        store_limit = broker.limits.journal_bytes
        return {
            "size": sum(store.size for store in stores),
            "enqueueCount": sum(store.enqueued for store in stores) + sum(topic.enqueued for topic in topics),
            "dequeueCount": sum(store.dequeued for store in stores) + sum(topic.dequeued for topic in topics),
            "dispatchCount": sum(store.dispatched for store in stores)
            + sum(topic.dequeued for topic in topics),
            "inflightCount": sum(store.in_flight for store in stores),
            "expiredCount": sum(store.expirations for store in stores),
            "consumerCount": sum(len(session.keys) for session in broker.sessions),
            "producerCount": 0,
            "messagesCached": sum(len(store.ready) for store in stores),
            "memoryUsage": broker.memory.used,
            "memoryLimit": broker.limits.memory_bytes,
            "memoryPercentUsage": min(100, broker.memory.used * 100 // broker.limits.memory_bytes),
            "storeUsage": broker.journal.size,
            "storeLimit": store_limit,
            "storePercentUsage": min(100, broker.journal.size * 100 // store_limit),
            "connectionCount": len(broker.sessions),
            "stomp": f"stomp://{broker.address}",
        } | self._origin()


def _is_wanted(wanted: str, name: str) -> bool:
    return wanted == name or (is_pattern(wanted) and matches(wanted, name)) or wanted == ">"


def _map(facts: dict[str, object]) -> dict[str, object]:
    return {"map": {"entry": [_entry(name, value) for name, value in facts.items()]}}


def _entry(name: str, value: object) -> dict[str, object]:
    if isinstance(value, str):
        return {"string": [name, value]}
    kind = "int" if name.endswith("PercentUsage") else TYPES[type(value)]
    return {"string": name, kind: value}
