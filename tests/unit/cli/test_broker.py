"""`swf-console broker`: rows of its tables, and arguments that are refused before a broker is needed."""

from datetime import UTC, datetime, timedelta

import pytest

from swf_console.backend.services.broker.records import (
    BrokerContents,
    DestinationStatus,
    DurableSubscription,
    StoreUsage,
    WaitingMessage,
)
from swf_console.cli.broker import message_row, queue_row, say_store, subscription_row

from ...support.command_line import CommandLine


def test_broker_queue_row_has_counts_age_and_share_of_the_limit() -> None:
    oldest = datetime.now(UTC) - timedelta(minutes=7)
    queue = DestinationStatus(
        "/queue/slices",
        1234,
        2,
        250,
        1000,
        in_flight=3,
        enqueued=2000,
        dequeued=766,
        expired=0,
        oldest_at=oldest,
    )
    assert queue_row(queue) == (
        "/queue/slices",
        "1,234",
        "7m",
        "250 bytes (25%)",
        "3",
        "2",
        "2,000",
        "766",
        "0",
    )


def test_broker_queue_row_unknown_values_are_question_marks() -> None:
    assert queue_row(DestinationStatus("/queue/a", None, None)) == ("/queue/a", "?", "-", *"??????")


@pytest.mark.parametrize(("active", "client"), [(True, "connected"), (False, "none")])
def test_broker_subscription_row_says_whether_a_client_is_connected(active: bool, client: str) -> None:
    one = DurableSubscription("client-1", "events", "/topic/x", active=active, messages=3, bytes=60)
    assert subscription_row(one) == (client, "3", "-", "60 bytes", "client-1", "events", "/topic/x", "-", "-")


def test_broker_message_row_control_characters_are_harmless() -> None:
    at = datetime(2026, 6, 1, 12, tzinfo=UTC)
    message = WaitingMessage("id-1", "/queue/a", at, "stf\x1b[2J", 4, "\x1b[31mred", {}, "/queue/b", "boom")
    assert message_row(message, letter=True)[3:] == ("/queue/b", "boom")
    row = message_row(message, letter=False)
    assert row[1] == "2026-06-01 12:00:00"
    assert "\x1b" not in "".join(row)


def test_broker_store_that_refuses_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    store = StoreUsage(500, 1000, 2_000_000, "the disk is full")
    say_store(BrokerContents("embedded", "127.0.0.1:1", "swf-broker/1", store=store, notes=("a note",)))
    assert capsys.readouterr().err == (
        "Store of swf-broker/1 at 127.0.0.1:1: 500 bytes of 1 kB (50%), 2 MB free on its disk\n"
        "Persistent messages are refused: the disk is full\n"
        "Note: a note\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["drop", "/topic/x", "--yes"], "is neither a queue nor a durable subscription"),
        (["purge", "/queue/>", "--yes"], "is not the name of a queue"),
        (["browse", "/queue/a", "--limit", "0"], "--limit 0"),
        (["discard", "--yes"], "give message ids, or --all"),
        (["drop", "/queue/x", "--yes"], "only durable subscriptions are dropped"),
    ],
)
def test_broker_wrong_arguments_exit_2(console: CommandLine, arguments: list[str], said: str) -> None:
    done = console("broker", *arguments)
    assert done.code == 2
    assert said in done.err


@pytest.mark.parametrize("action", ["queues", "subscriptions", "browse", "compact"])
def test_broker_not_running_exits_3(console: CommandLine, action: str) -> None:
    done = console("broker", action)
    assert done.code == 3
    assert "swf-console broker" in done.err
