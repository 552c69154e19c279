"""Replies of statistics queries as data: both kinds of broker answer them in the same shape."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ...core.destinations import QUEUE_PREFIX, TOPIC_PREFIX
from ...messaging.broker_client import RawMessage
from .records import DestinationStatus

DESTINATIONS = "ActiveMQ.Statistics.Destination."
BROKER_STATISTICS = "/queue/ActiveMQ.Statistics.Broker"
# the brokers' own destinations: advisories, statistics; the dead-letter queue is not one of them
OWN_TOPICS = "ActiveMQ."
KINDS = {"queue://": QUEUE_PREFIX, "topic://": TOPIC_PREFIX}


def map_of(message: RawMessage) -> dict[str, Any]:
    """The names and values of a reply in the form of `jms-map-json`; empty where it is none."""
    try:
        entries = json.loads(message.body)["map"]["entry"]
        return dict(_pair(entry) for entry in entries)
    except (ValueError, TypeError, KeyError):
        return {}


def _pair(entry: Mapping[str, Any]) -> tuple[str, Any]:
    # two texts are one list; a text and a number are two fields, the name first
    text = entry["string"]
    if isinstance(text, list):
        name, value = text
    else:
        name, value = text, next(value for kind, value in entry.items() if kind != "string")
    return str(name), value


def destination_of(fields: Mapping[str, Any]) -> DestinationStatus | None:
    """A queue or topic of someone's; None for those of the broker itself."""
    full = str(fields.get("destinationName", ""))
    kind = next((kind for kind in KINDS if full.startswith(kind)), "")
    name = full.removeprefix(kind)
    if not kind or (KINDS[kind] == TOPIC_PREFIX and name.startswith(OWN_TOPICS)):
        return None
    size, average = number(fields, "size"), number(fields, "averageMessageSize")
    is_queue = KINDS[kind] == QUEUE_PREFIX
    return DestinationStatus(
        destination=KINDS[kind] + name,
        # a topic's `size` is 0 even while durable subscriptions of it have messages waiting
        messages=size if is_queue else None,
        consumers=number(fields, "consumerCount"),
        bytes=size * average if is_queue and size is not None and average is not None else None,
        in_flight=number(fields, "inflightCount"),
        enqueued=number(fields, "enqueueCount"),
        dequeued=number(fields, "dequeueCount"),
        expired=number(fields, "expiredCount"),
        oldest_at=instant_of(fields.get("firstMessageTimestamp")) if size else None,
    )


def number(fields: Mapping[str, Any], name: str) -> int | None:
    """A whole number among the fields; None where it is missing or something else."""
    value = fields.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def instant_of(milliseconds: object) -> datetime | None:
    """An instant given in milliseconds since 1970; None where it is missing, 0, or out of range."""
    try:
        return datetime.fromtimestamp(float(str(milliseconds)) / 1000, UTC) if milliseconds else None
    except (ValueError, OverflowError, OSError):
        return None
