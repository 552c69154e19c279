"""Statistics of both kinds of broker as data."""

import json
from datetime import UTC, datetime

import pytest

from swf_console.backend.messaging.broker_client import RawMessage
from swf_console.backend.services.broker.statistics import destination_of, instant_of, map_of


def reply(*entries: object) -> RawMessage:
    return RawMessage({}, json.dumps({"map": {"entry": entries}}))


def test_map_of_reply_has_texts_and_numbers() -> None:
    found = map_of(reply({"string": ["brokerName", "b"]}, {"string": "size", "long": 3}))
    assert found == {"brokerName": "b", "size": 3}


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"map":""}', '{"map":{"entry":[3]}}', '{"map":{"entry":[{}]}}']
)
def test_map_of_anything_else_is_empty(body: str) -> None:
    assert map_of(RawMessage({}, body)) == {}


def test_destination_of_queue_has_its_figures() -> None:
    fields = {
        "destinationName": "queue://a.b",
        "size": 2,
        "averageMessageSize": 100,
        "consumerCount": 1,
        "firstMessageTimestamp": 1_000,
    }
    found = destination_of(fields)
    assert found is not None
    assert (found.destination, found.messages, found.bytes, found.consumers) == ("/queue/a.b", 2, 200, 1)
    assert found.oldest_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", ["topic://ActiveMQ.Advisory.Queue", "temp-queue://x", "", "3"])
def test_destination_of_the_brokers_own_is_none(name: str) -> None:
    assert destination_of({"destinationName": name}) is None


@pytest.mark.parametrize("value", [None, 0, "", "x", 1e30, [3]])
def test_instant_of_what_is_not_a_time_is_none(value: object) -> None:
    assert instant_of(value) is None
