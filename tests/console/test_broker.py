"""The Broker screen, on an embedded broker and on a real ActiveMQ."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from swf_console.app import ConsoleApp
from swf_console.backend.core.settings import Settings
from swf_console.backend.messaging.broker_client import broker_client
from swf_console.backend.services.alarms.rules import AlarmEvent
from swf_console.backend.services.broker.operations import browse, dead_letter_ids
from swf_console.backend.services.broker.target import Target
from swf_console.screens.base.document import Document
from swf_console.screens.broker.messages import WaitingMessages
from swf_console.screens.broker.screen import BrokerScreen
from swf_console.viewmodels.alarms import AlarmMonitor
from swf_console.viewmodels.context import ConsoleContext
from swf_console.widgets.text.code import CodeLines
from swf_console.widgets.text.line import Line
from swf_console.widgets.text.notice import Notice
from tests.support.activemq import ActiveMQAddress
from tests.support.broker_homes import (
    CAUSE,
    abandon,
    abandon_nearly_full,
    activemq_home,
    put,
    put_dead_letter,
)
from tests.support.processes.broker import BrokerProcess
from tests.support.waiting import wait_for

from .hosts import Driver, HostApp, play, until

OLD = "data-agent-alice-3-0123456789ab"

drive = Driver(BrokerScreen, lambda screen: screen.overview.snapshot is not None)


@pytest.fixture
def broker(context: ConsoleContext) -> Iterator[BrokerProcess]:
    """The embedded broker of the context's home; its stores are small."""
    process = BrokerProcess(context.settings.state_dir, limits={"store_bytes": 100_000})
    process.start()
    yield process
    process.end()


@pytest.fixture
def backlog(context: ConsoleContext, broker: BrokerProcess) -> int:
    """How many messages wait for an abandoned subscription: over 80 % of its limit."""
    return abandon_nearly_full(context.settings, "/topic/epictopic", OLD, "topic.epictopic")


@pytest.fixture
def filled(context: ConsoleContext, backlog: int) -> ConsoleContext:
    """That subscription, a queue with messages, two dead letters."""
    with broker_client(context.settings) as client:
        put(client, "/queue/slices", 3)
        put_dead_letter(client, "/queue/slices")
        put_dead_letter(client, "/queue/slices", number="two")
    return context


def row(screen: BrokerScreen, name: str) -> list[str]:
    (found,) = [
        item for item in screen.overview.listing.items if item.key.startswith(name) and not item.heading
    ]
    return [cell.text for cell in found.cells]


def letters_view(screen: BrokerScreen) -> WaitingMessages:
    front = screen.stack.front
    assert isinstance(front, WaitingMessages)
    return front


async def open_letters(screen: BrokerScreen, pilot: Pilot[None], count: int) -> WaitingMessages:
    await pilot.press("d")
    await until(pilot, lambda: isinstance(screen.stack.front, WaitingMessages))
    view = letters_view(screen)
    await until(pilot, lambda: len(view.listing.items) == count)
    return view


def test_broker_screen_lists_backlogs_without_clients_first(filled: ConsoleContext, backlog: int) -> None:
    async def look(_app: HostApp, screen: BrokerScreen, _pilot: Pilot[None]) -> None:
        headings = [item.cells[0].text for item in screen.overview.listing.items if item.heading]
        assert headings[0] == "Durable subscriptions: 1"
        name, messages, oldest, _, clients, note = row(screen, OLD)[1:]
        assert (name, messages, clients) == (f"{OLD} topic.epictopic", str(backlog), "none")
        assert oldest.endswith("s")
        assert note == "/topic/epictopic"
        assert row(screen, "/queue/slices")[2] == "3"
        assert row(screen, "/queue/ActiveMQ.DLQ")[2] == "2"
        assert row(screen, "/topic/epictopic")[2] == "-"
        assert "store" in screen.query_one("#broker-summary", Line).text
        notice = screen.query_one(Notice).text
        assert f"durable subscription topic.epictopic of client {OLD}: {backlog} messages waiting" in notice

    drive(filled, look)


def test_broker_screen_drop_lists_the_names_and_removes_the_subscription(
    filled: ConsoleContext, backlog: int
) -> None:
    async def remove(app: HostApp, screen: BrokerScreen, pilot: Pilot[None]) -> None:
        screen.overview.listing.go_to(f"{OLD}\0topic.epictopic")
        await pilot.press("x")
        await until(pilot, lambda: bool(app.calls.results))
        assert app.calls.names == [[f"{OLD} topic.epictopic"]]
        assert app.calls.commands == [f"swf-console broker drop {OLD} topic.epictopic"]
        assert app.calls.results == [f"dropped 1 with {backlog} messages"]
        await until(pilot, lambda: screen.overview.listing.items[0].cells[0].text.endswith(": 0"))

    drive(filled, remove)


def test_broker_screen_drop_on_a_queue_says_what_to_do(filled: ConsoleContext) -> None:
    async def press(app: HostApp, screen: BrokerScreen, pilot: Pilot[None]) -> None:
        screen.overview.listing.go_to("/queue/slices")
        await pilot.press("x")
        assert app.calls.said == ["only durable subscriptions can be dropped; purge empties a queue"]
        screen.overview.listing.go_to("/topic/epictopic")
        await pilot.press("p")
        assert app.calls.said[1].startswith("nothing to purge")
        await pilot.press("enter")
        assert app.calls.said[2].startswith("A topic keeps no messages")

    drive(filled, press)


def test_broker_screen_purge_of_marked_rows_empties_them(filled: ConsoleContext, backlog: int) -> None:
    async def remove(app: HostApp, screen: BrokerScreen, pilot: Pilot[None]) -> None:
        for key in (f"{OLD}\0topic.epictopic", "/queue/slices"):
            screen.overview.listing.go_to(key)
            await pilot.press("space")
        await pilot.press("p")
        await until(pilot, lambda: bool(app.calls.results))
        assert app.calls.questions == ["Purge the messages of 2 entries?"]
        assert app.calls.results == [f"purged 2 with {backlog + 3} messages"]
        await until(pilot, lambda: row(screen, "/queue/slices")[2] == "0" and row(screen, OLD)[2] == "0")
        assert not screen.overview.listing.marked

    drive(filled, remove)


def test_broker_screen_enter_shows_waiting_messages_and_leaves_them(
    filled: ConsoleContext, backlog: int
) -> None:
    async def read(_app: HostApp, screen: BrokerScreen, pilot: Pilot[None]) -> None:
        screen.overview.listing.go_to(f"{OLD}\0topic.epictopic")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(screen.stack.front, WaitingMessages))
        view = letters_view(screen)
        await until(pilot, lambda: len(view.listing.items) == backlog)
        assert view.listing.items[0].cells[1].text == "stf_ready"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(screen.stack.front, Document))
        await until(pilot, lambda: '"number": 0' in screen.stack.front.query_one(CodeLines).text)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: screen.stack.front is screen.overview)
        await until(pilot, lambda: row(screen, OLD)[2] == str(backlog))

    drive(filled, read)


def test_broker_screen_resend_sends_dead_letters_to_their_queue(filled: ConsoleContext) -> None:
    async def send(app: HostApp, screen: BrokerScreen, pilot: Pilot[None]) -> None:
        view = await open_letters(screen, pilot, 2)
        assert [cell.text for cell in view.listing.items[0].cells[1:]] == [
            "stf_ready",
            "/queue/slices",
            CAUSE,
        ]
        first = view.listing.items[0].key
        await pilot.press("r")
        await until(pilot, lambda: bool(app.calls.results))
        assert app.calls.results == ["resent 1 message"]
        assert app.calls.commands == [f"swf-console broker resend {first}"]
        assert app.calls.names == [[f"stf_ready for /queue/slices: {CAUSE}"]]
        await until(pilot, lambda: len(view.listing.items) == 1)

    drive(filled, send)
    assert len(browse(filled.settings, Target("/queue/slices"))) == 4


def test_broker_screen_discard_of_marked_letters_removes_them(filled: ConsoleContext) -> None:
    async def remove(app: HostApp, screen: BrokerScreen, pilot: Pilot[None]) -> None:
        view = await open_letters(screen, pilot, 2)
        await pilot.press("g", "space", "space")
        await pilot.press("D")
        await until(pilot, lambda: bool(app.calls.results))
        assert app.calls.questions == ["Discard 2 dead letters?"]
        await until(pilot, lambda: not view.listing.items)

    drive(filled, remove)
    assert dead_letter_ids(filled.settings) == []


def test_broker_screen_read_only_refuses_what_changes_something(filled: ConsoleContext) -> None:
    async def press(app: HostApp, screen: BrokerScreen, pilot: Pilot[None]) -> None:
        screen.overview.listing.go_to(f"{OLD}\0topic.epictopic")
        await pilot.press("x", "p", "c")
        await open_letters(screen, pilot, 2)
        await pilot.press("r", "D")
        assert app.calls.said == ["read-only"] * 5
        assert not app.calls.names
        assert not app.calls.commands

    drive(filled, press, read_only=True)


def test_broker_screen_not_confirmed_changes_nothing(filled: ConsoleContext) -> None:
    async def press(app: HostApp, screen: BrokerScreen, pilot: Pilot[None]) -> None:
        screen.overview.listing.go_to(f"{OLD}\0topic.epictopic")
        await pilot.press("x", "c")
        assert len(app.calls.questions) == 2
        assert app.calls.commands == []

    drive(filled, press, answer=False)


def test_broker_screen_broker_that_stops_leaves_the_last_data_dimmed(
    filled: ConsoleContext, backlog: int, broker: BrokerProcess
) -> None:
    async def stop(_app: HostApp, screen: BrokerScreen, pilot: Pilot[None]) -> None:
        broker.kill()
        screen.refresh_now()
        await until(pilot, lambda: screen.overview.listing.stale)
        assert row(screen, OLD)[2] == str(backlog)
        assert "STALE" in screen.query_one(Notice).text

    drive(filled, stop)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
def test_broker_screen_fits_the_terminal(filled: ConsoleContext, size: tuple[int, int]) -> None:
    async def look(app: ConsoleApp, pilot: Pilot[int]) -> None:
        await pilot.press("9")
        await until(pilot, lambda: app.frame.shown == "broker")
        screen = app.navigation.current
        assert isinstance(screen, BrokerScreen)
        await until(pilot, lambda: screen.overview.snapshot is not None)
        await pilot.pause()
        text = screen_text(app)
        assert OLD[:20] in text
        assert "MESSAGES" in text
        assert "9 BROKER" in text
        assert "drop" in text

    play(filled, look, size)


def screen_text(app: ConsoleApp) -> str:
    """What is on screen, a line each."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


@pytest.mark.activemq
def test_broker_screen_of_an_activemq_shows_queues_and_tells_of_an_abandoned_subscription(
    context: ConsoleContext, activemq: ActiveMQAddress, tmp_path: Path
) -> None:
    settings: Settings = activemq_home(tmp_path / "shared", activemq)
    abandon(settings, "/topic/screen.test", "screen-test", "events", 2)
    with broker_client(settings) as client:
        put(client, "/queue/screen.test", 2)
    shared = replace(context, settings=settings)

    async def look(app: HostApp, screen: BrokerScreen, pilot: Pilot[None]) -> None:
        assert row(screen, "/queue/screen.test")[2] == "2"
        assert "/topic/screen.test: 1 durable subscription without a client" in screen.query_one(Notice).text
        screen.overview.listing.go_to("/queue/screen.test")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(screen.stack.front, WaitingMessages))
        view = letters_view(screen)
        await until(pilot, lambda: len(view.listing.items) == 2)
        await pilot.press("p")
        await until(pilot, lambda: bool(app.calls.results))
        assert app.calls.results == ["purged 1 with 2 messages"]

    drive(shared, look)


def test_alarms_abandoned_subscription_leads_to_the_broker_screen(filled: ConsoleContext) -> None:
    monitor = AlarmMonitor(filled)
    found: list[AlarmEvent] = []

    def reported() -> bool:
        monitor.check()
        found.extend(one for one in monitor.take() if one.key.startswith("broker "))
        return bool(found)

    wait_for(reported)
    (event,) = found
    assert (event.screen, event.alarm, event.bad) == ("broker", True, False)
    assert f"swf-console broker drop {OLD} topic.epictopic" in event.text
