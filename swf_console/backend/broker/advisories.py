"""What exists and what changes, as ActiveMQ publishes it to STOMP clients: one JSON object a message."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from .destinations import QUEUE, TOPIC, Queue, is_pattern, matches
from .message import REMOTE_TEMPORARY, Message, broker_message
from .ports import BrokerState
from .slices import run_in_slices
from .subscriptions import (
    Browser,
    ClientConnection,
    Durable,
    StoreSubscription,
    Subscription,
    TopicSubscription,
)

PREFIX = "ActiveMQ.Advisory."
CLASSES = {TOPIC: "ActiveMQTopic", QUEUE: "ActiveMQQueue"}


class Advisories:
    """Sends advisories to subscribers, and to a new subscriber what is already there."""

    def __init__(self, broker: BrokerState) -> None:
        self._broker = broker

    def connection_added(self, session: ClientConnection) -> None:
        """A client has logged in."""
        self._publish("Connection", lambda: _connection(session))

    def connection_removed(self, session: ClientConnection) -> None:
        """A client is gone."""
        self._publish("Connection", lambda: _removed({"@class": "ConnectionId", "value": session.name}))

    def destination_added(self, kind: str, name: str) -> None:
        """A topic or queue was named for the first time."""
        if not name.startswith("ActiveMQ."):
            topic = "Topic" if kind == TOPIC else "Queue"
            self._publish(topic, lambda: _destination_info(self._broker.id, kind, name))

    def consumer_added(self, subscription: Subscription) -> None:
        """A subscription was made."""
        topic = _consumer_topic(subscription)
        if topic is not None:
            self._publish(topic, lambda: _consumer(subscription))

    def consumer_removed(self, subscription: Subscription) -> None:
        """A subscription has ended."""
        topic = _consumer_topic(subscription)
        if topic is not None:
            self._publish(topic, lambda: _removed({"@class": "ConsumerId", **_consumer_id(subscription)}))

    def replay(self, name: str, subscription: TopicSubscription) -> None:
        """Send a new subscriber of `name` what exists, as fast as it reads."""
        if name.startswith(PREFIX):
            session = subscription.session
            steps = self._replay(name, subscription)
            run_in_slices(self._broker.loop, steps, lambda: subscription.ended or session.has_room())

    def _replay(self, name: str, subscription: TopicSubscription) -> Iterator[None]:
        for topic, body in self._existing():
            if subscription.ended:
                return
            full = PREFIX + topic
            if full == name or (is_pattern(name) and matches(name, full)):
                subscription.deliver(self._message(topic, body()))
            yield

    def _existing(self) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
        """What exists when its turn comes; what went after the start is left out."""
        broker = self._broker
        clients = tuple(broker.clients.values())
        for session in clients:
            if not session.closing:
                yield "Connection", partial(_connection, session)
        for name in tuple(broker.topics.named):
            if not name.startswith("ActiveMQ.") and name in broker.topics.named:
                yield "Topic", partial(_destination_info, broker.id, TOPIC, name)
        for queue in tuple(broker.queues.values()):
            if queue.destination.startswith(QUEUE) and queue.destination in broker.queues:
                yield "Queue", partial(_destination_info, broker.id, QUEUE, queue.name)
        for session in clients:
            for subscription in tuple(session.keys.values()):
                topic = _consumer_topic(subscription)
                if topic is not None and subscription.key in session.keys:
                    yield topic, partial(_consumer, subscription)

    def _publish(self, topic: str, body: Callable[[], dict[str, Any]]) -> None:
        found = self._broker.topics.subscribed(PREFIX + topic)
        if found is not None:
            found.publish(self._message(topic, body()), None)

    def _message(self, topic: str, body: dict[str, Any]) -> Message:
        headers = {
            "type": "Advisory",
            "transformation": "jms-advisory-json",
            "originBrokerName": "swf-broker",
            "originBrokerId": self._broker.id,
        }
        text = json.dumps(body, separators=(",", ":")).encode()
        return broker_message(TOPIC + PREFIX + topic, self._broker.new_message_id(), headers, text)


def _connection(session: ClientConnection) -> dict[str, Any]:
    return {
        "ConnectionInfo": {
            "commandId": 0,
            "responseRequired": True,
            "connectionId": {"value": session.name},
            "clientId": session.client_id,
            "clientIp": session.peer,
            "userName": session.user,
            "password": "",
            "brokerMasterConnector": False,
            "manageable": False,
            "clientMaster": True,
            "faultTolerant": False,
            "failoverReconnect": False,
        }
    }


def _destination(kind: str, name: str) -> dict[str, str]:
    return {"@class": CLASSES[kind], "string": name, "null": ""}


def _destination_info(origin: str, kind: str, name: str) -> dict[str, Any]:
    return {
        "DestinationInfo": {
            "commandId": 0,
            "responseRequired": False,
            "connectionId": {"value": origin},
            "destination": _destination(kind, name),
            "operationType": 0,
            "timeout": 0,
        }
    }


def _removed(gone: dict[str, Any]) -> dict[str, Any]:
    return {
        "RemoveInfo": {
            "commandId": 0,
            "responseRequired": True,
            "objectId": gone,
            "lastDeliveredSequenceId": -2,
        }
    }


def _consumed(subscription: Subscription) -> tuple[str, str] | None:
    if isinstance(subscription, TopicSubscription):
        return TOPIC, subscription.destination[len(TOPIC) :]
    if isinstance(subscription, StoreSubscription) and isinstance(subscription.store, Durable):
        return TOPIC, subscription.store.destination[len(TOPIC) :]
    if isinstance(subscription, StoreSubscription) and isinstance(subscription.store, Queue):
        destination = subscription.store.destination
        return None if destination.startswith(REMOTE_TEMPORARY) else (QUEUE, subscription.store.name)
    return None


def _consumer_topic(subscription: Subscription) -> str | None:
    found = _consumed(subscription)
    if found is None or found[1].startswith("ActiveMQ.Advisory"):
        return None
    kind, name = found
    return f"Consumer.Topic.{name}" if kind == TOPIC else f"Consumer.Queue.{name}"


def _consumer_id(subscription: Subscription) -> dict[str, Any]:
    return {"connectionId": subscription.session.name, "sessionId": -1, "value": subscription.key}


def _consumer(subscription: Subscription) -> dict[str, Any]:
    kind, name = _consumed(subscription) or (QUEUE, "")
    info: dict[str, Any] = {
        "commandId": 0,
        "responseRequired": True,
        "consumerId": _consumer_id(subscription),
        "destination": _destination(kind, name),
        "prefetchSize": subscription.prefetch,
        "maximumPendingMessageLimit": 0,
        "browser": isinstance(subscription, Browser),
        "dispatchAsync": True,
    }
    if subscription.selector_text:
        info["selector"] = subscription.selector_text
    if isinstance(subscription, StoreSubscription) and isinstance(subscription.store, Durable):
        info["subscriptionName"] = subscription.store.name
    return {
        "ConsumerInfo": info
        | {
            "noLocal": False,
            "exclusive": False,
            "retroactive": False,
            "priority": 0,
            "optimizedAcknowledge": False,
            "noRangeAcks": False,
        }
    }
