"""What of a broker's contents needs an operator."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from swf_console.backend.services.broker.problems import problems_of
from swf_console.backend.services.broker.records import (
    BrokerContents,
    DestinationStatus,
    DurableSubscription,
    StoreUsage,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ABANDONED = DurableSubscription(
    "data-agent-alice-1-0a",
    "topic.epictopic",
    "/topic/epictopic",
    active=False,
    agent="demo@data",
    messages=1234,
    bytes=100,
    limit_bytes=1000,
    oldest_at=NOW - timedelta(hours=3),
)
QUEUE = DestinationStatus("/queue/slices", 7, 0, bytes=900, limit_bytes=1000)


def contents(**fields: object) -> BrokerContents:
    return replace(BrokerContents("embedded", "127.0.0.1:1", "swf-broker/1"), **fields)  # type: ignore[arg-type]


def test_problems_abandoned_subscription_names_the_command_that_removes_it() -> None:
    (found,) = problems_of(contents(subscriptions=(ABANDONED,)), NOW)
    assert found.text == (
        "durable subscription topic.epictopic of client data-agent-alice-1-0a of demo@data: "
        "1,234 messages waiting, the oldest for 3h00m; no client is connected"
    )
    assert found.advice == (
        "Start its client, or remove it: swf-console broker drop data-agent-alice-1-0a topic.epictopic"
    )
    assert not found.refuses


@pytest.mark.parametrize(
    "changed",
    [
        {"active": True},
        {"messages": 0, "oldest_at": None},
        {"oldest_at": NOW - timedelta(minutes=50)},
        {"messages": None, "bytes": None, "oldest_at": None},
    ],
)
def test_problems_subscription_in_order_is_none(changed: dict[str, object]) -> None:
    one = replace(ABANDONED, **changed)  # type: ignore[arg-type]
    assert problems_of(contents(subscriptions=(one,)), NOW) == []


def test_problems_client_id_with_a_space_is_quoted() -> None:
    one = replace(ABANDONED, client_id="a b; rm")
    (found,) = problems_of(contents(subscriptions=(one,)), NOW)
    assert found.advice.endswith("swf-console broker drop 'a b; rm' topic.epictopic")


def test_problems_subscription_over_80_percent_of_its_limit_is_one_even_while_active() -> None:
    one = replace(ABANDONED, active=True, bytes=810, oldest_at=NOW)
    (found,) = problems_of(contents(subscriptions=(one,)), NOW)
    assert "81% of its limit of 1e+03 bytes" in found.text or "81% of its limit of 1 kB" in found.text
    assert found.advice.startswith("Its client is connected but too slow")


def test_problems_full_store_of_a_queue_refuses_messages_and_comes_first() -> None:
    full = replace(QUEUE, destination="/queue/full", bytes=1000, is_full=True)
    first, second = problems_of(contents(subscriptions=(ABANDONED,), queues=(full,)), NOW)
    assert (first.refuses, second.refuses) == (True, False)
    assert first.text == "/queue/full: 7 messages waiting, 100% of its limit of 1 kB, 0 consumers"
    assert first.advice == "Start its consumer, or empty it: swf-console broker purge /queue/full"


@pytest.mark.parametrize(("used", "count"), [(800, 0), (801, 1)])
def test_problems_store_over_80_percent_is_one(used: int, count: int) -> None:
    assert len(problems_of(contents(store=StoreUsage(used, 1000)), NOW)) == count


def test_problems_store_that_refuses_gives_the_reason() -> None:
    store = StoreUsage(10, 1000, refusal="no space left on its disk")
    (found,) = problems_of(contents(store=store), NOW)
    assert found.refuses
    assert found.text == "persistent messages are refused: no space left on its disk"
