"""What a broker holds as rows of the list."""

from datetime import UTC, datetime

import pytest

from swf_console.backend.services.broker.records import (
    BrokerContents,
    DestinationStatus,
    DurableSubscription,
    StoreUsage,
)
from swf_console.backend.services.broker.target import Target
from swf_console.screens.broker.rows import MOST_ROWS, broker_items, summary, target_of_row
from swf_console.viewmodels.broker.monitor import BrokerSnapshot
from swf_console.widgets.table.short_list import Item

OFFLINE = DurableSubscription(
    "c-1", "events", "/topic/x", active=False, agent="demo@data", messages=5, bytes=80
)
ONLINE = DurableSubscription("c-2", "events", "/topic/x", active=True, messages=9)
QUEUE = DestinationStatus("/queue/slices", 3, 0, bytes=1000, is_full=True)
TOPIC = DestinationStatus("/topic/x", None, 2, enqueued=7)


def contents(**fields: object) -> BrokerContents:
    return BrokerContents("embedded", "127.0.0.1:1", "swf-broker/1", **fields)  # type: ignore[arg-type]


def texts(item: Item) -> list[str]:
    return [cell.text for cell in item.cells]


def test_broker_items_have_headings_and_what_has_no_client_first() -> None:
    items = list(broker_items(contents(subscriptions=(ONLINE, OFFLINE), queues=(QUEUE,), topics=(TOPIC,))))
    assert [item.cells[0].text for item in items if item.heading] == [
        "Durable subscriptions: 2",
        "Queues: 1",
        "Topics: 1",
    ]
    assert texts(items[1])[1:] == ["c-1 events", "5", "-", "80 B", "none", "/topic/x, demo@data"]
    assert items[1].cells[0].color == "watch"
    assert texts(items[2])[5] == "1"
    assert texts(items[4])[2:6] == ["3", "-", "FULL", "0"]
    assert items[4].cells[0].color == "bad"
    assert texts(items[6])[2:] == ["-", "-", "-", "2", "7 sent"]


def test_broker_items_more_than_the_list_shows_are_counted() -> None:
    many = tuple(DestinationStatus(f"/queue/{n:05}", 0, 0) for n in range(MOST_ROWS + 5))
    items = list(broker_items(contents(queues=many)))
    assert "Queues: 1,005, the first 1,000" in [item.cells[0].text for item in items]
    assert len(items) == MOST_ROWS + 3


@pytest.mark.parametrize(
    ("value", "target"),
    [
        (OFFLINE, Target(client_id="c-1", name="events")),
        (QUEUE, Target("/queue/slices")),
        (TOPIC, None),
        (None, None),
    ],
)
def test_target_of_row_is_what_a_command_takes(value: object, target: Target | None) -> None:
    assert target_of_row(value) == target


@pytest.mark.parametrize(
    ("store", "said", "color"),
    [
        (StoreUsage(100, 1000), "store 100 bytes of 1 kB (10%)", "plain"),
        (StoreUsage(900, 1000, 5), "(90%) · 5 bytes free on its disk", "watch"),
        (StoreUsage(1, 1000, refusal="the disk is full"), "REFUSES: the disk is full", "bad"),
        (None, "swf-broker/1 at 127.0.0.1:1", "plain"),
    ],
)
def test_summary_store_has_its_share_and_a_colour(store: StoreUsage | None, said: str, color: str) -> None:
    text, found = summary(BrokerSnapshot(contents(store=store), ()))
    assert said in text
    assert found == color


def test_broker_items_names_with_control_characters_are_harmless() -> None:
    hostile = DestinationStatus("/queue/\x1b[2J", 1, 0, oldest_at=datetime.now(UTC))
    items = list(broker_items(contents(queues=(hostile,))))
    assert "\x1b" not in "".join(texts(items[2]))
