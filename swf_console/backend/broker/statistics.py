"""Statistics of queues and the broker, as ActiveMQ's statistics plug-in gives them.

A query is an empty message with `reply-to` to `/queue/ActiveMQ.Statistics.Destination.<name>` (or a
pattern), to the same under /topic/, or to `/queue/ActiveMQ.Statistics.Broker`. A reply is a map in the
shape of `jms-map-json`.
"""

import json
from collections import Counter
from collections.abc import Iterator

from .destinations import QUEUE, TOPIC, Queue, is_pattern, matches
from .frames import Rejected
from .journal_batch import Sender
from .message import Message, broker_message
from .ports import BrokerState, Target
from .slices import run_in_slices
from .topics import Topic

PREFIX = "ActiveMQ.Statistics."
DESTINATION = PREFIX + "Destination."
TYPES = {bool: "boolean", int: "long", float: "double"}


def is_statistics(name: str) -> bool:
    """Whether a destination is a query."""
    return name.startswith((QUEUE + PREFIX, TOPIC + PREFIX))


class StatisticsQuery:
    """The target of a query."""

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
            raise Rejected("A request for statistics needs a reply-to destination that exists")
        headers = {"type": "Advisory", "transformation": "jms-map-json"}
        if "correlation-id" in message.headers:
            headers["correlation-id"] = message.headers["correlation-id"]
        run_in_slices(self._broker.loop, self._replies(name, reply_to, target, headers))

    def _replies(self, name: str, reply_to: str, target: Target, headers: dict[str, str]) -> Iterator[None]:
        for facts in self._facts(name):
            if self._broker.targets.get(reply_to) is not target:  # a temporary queue goes with its client
                return
            if facts is not None:
                body = json.dumps(_map(facts), separators=(",", ":")).encode()
                message_id = self._broker.new_message_id()
                target.publish(broker_message(reply_to, message_id, headers, body), None)
            yield

    def _facts(self, name: str) -> Iterator[dict[str, object] | None]:
        """The answers, None for a step without one."""
        kind = QUEUE if name.startswith(QUEUE) else TOPIC
        query = name[len(kind) :]
        if query == PREFIX + "Broker":
            yield from self._of_broker()
        elif query.startswith(DESTINATION):
            wanted = query[len(DESTINATION) :]
            yield from self._of_topics(wanted) if kind == TOPIC else self._of_queues(wanted)

    def _of_topics(self, wanted: str) -> Iterator[dict[str, object] | None]:
        named = self._broker.topics.named
        for name in tuple(named) if is_pattern(wanted) else (wanted,):
            topic = named.get(name)
            yield self._of_topic(topic) if topic is not None and _is_wanted(wanted, name) else None

    def _of_queues(self, wanted: str) -> Iterator[dict[str, object] | None]:
        queues = self._broker.queues
        for destination in tuple(queues) if is_pattern(wanted) else (QUEUE + wanted,):
            queue = queues.get(destination)
            known = queue is not None and destination.startswith(QUEUE) and _is_wanted(wanted, queue.name)
            yield self._of_queue(queue) if queue is not None and known else None

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

    def _of_broker(self) -> Iterator[dict[str, object] | None]:
        broker = self._broker
        total: Counter[str] = Counter()
        for store in broker.stores():
            total.update(
                size=store.size,
                enqueueCount=store.enqueued,
                dequeueCount=store.dequeued,
                dispatchCount=store.dispatched,
                inflightCount=store.in_flight,
                expiredCount=store.expirations,
                messagesCached=len(store.ready),
            )
            yield None
        for topic in tuple(broker.topics.named.values()):
            total.update(
                enqueueCount=topic.enqueued, dequeueCount=topic.dequeued, dispatchCount=topic.dequeued
            )
            yield None
        store_limit = broker.limits.journal_bytes
        yield {
            "size": total["size"],
            "enqueueCount": total["enqueueCount"],
            "dequeueCount": total["dequeueCount"],
            "dispatchCount": total["dispatchCount"],
            "inflightCount": total["inflightCount"],
            "expiredCount": total["expiredCount"],
            "consumerCount": sum(len(session.keys) for session in broker.sessions),
            "producerCount": 0,
            "messagesCached": total["messagesCached"],
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
