"""The number of missed messages, from the broker's counter and what was received."""

from collections.abc import Iterator

import pytest

from swf_console.backend.core.errors import BrokerUnreachable
from swf_console.backend.core.settings import BrokerSettings
from swf_console.backend.messaging.loss import LossMeter, read_counter


def nowhere() -> BrokerSettings:
    raise BrokerUnreachable("there is no broker in this test")


class Subscriber:
    """Receives what the test says; `gaps` is what the meter reports."""

    def __init__(self) -> None:
        self.received = 0
        self.gaps: list[int | None] = []
        self.meter = LossMeter(nowhere, ["/topic/t"], lambda: self.received, self.gaps.append)

    def measure(self, enqueued: int | None) -> None:
        self.meter.note(enqueued, self.received)


@pytest.fixture
def subscriber() -> Iterator[Subscriber]:
    made = Subscriber()
    yield made
    made.meter.close()


def test_loss_meter_first_subscription_is_not_a_gap(subscriber: Subscriber) -> None:
    subscriber.measure(500)
    assert (subscriber.gaps, subscriber.meter.missed, subscriber.meter.unknown) == ([], 0, 0)


def test_loss_meter_gaps_are_counted_with_their_size(subscriber: Subscriber) -> None:
    meter, measure = subscriber.meter, subscriber.measure
    measure(500)
    subscriber.received = 100
    measure(600)
    measure(650)
    subscriber.received = 130
    measure(690)
    assert subscriber.gaps == [0, 50, 10]
    assert (meter.missed, meter.unknown) == (60, 0)


def test_loss_meter_restarted_broker_is_a_gap_of_unknown_size(subscriber: Subscriber) -> None:
    meter, measure = subscriber.meter, subscriber.measure
    measure(500)
    subscriber.received = 100
    measure(20)
    subscriber.received = 110
    measure(35)
    assert subscriber.gaps == [None, 5]
    assert (meter.missed, meter.unknown) == (5, 1)


def test_loss_meter_broker_without_counters_has_gaps_of_unknown_size(subscriber: Subscriber) -> None:
    meter, measure = subscriber.meter, subscriber.measure
    measure(None)
    measure(None)
    measure(700)
    measure(710)
    assert subscriber.gaps == [None, None, 10]
    assert (meter.missed, meter.unknown) == (10, 2)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (
            '{"map": {"entry": [{"string": ["destinationName", "topic://a.b"]}, '
            '{"string": "enqueueCount", "long": 7}]}}',
            ("a.b", 7),
        ),
        ('{"map": {"entry": [{"string": "enqueueCount", "long": 7}]}}', (None, 7)),
        ('{"map": {"entry": []}}', (None, 0)),
        ('{"map": {"entry": [{"string": "x"}]}}', (None, 0)),
        ('{"map": [1]}', (None, 0)),
        ("[]", (None, 0)),
        ("text", (None, 0)),
    ],
)
def test_read_counter_reads_topic_and_counter_or_nothing(body: str, found: tuple[str | None, int]) -> None:
    assert read_counter(body) == found
