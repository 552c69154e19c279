"""The Messages screen: pause, filter, search, marks, history."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from swf_console.backend.database import Database
from swf_console.backend.messaging.message import ID_HEADER
from swf_console.backend.services.health.connection import ConnectionStatus, Connectivity
from swf_console.screens.messages.detail import MessageDetail
from swf_console.screens.messages.screen import MessagesScreen
from swf_console.viewmodels.context import ConsoleContext
from swf_console.widgets.tail.message_tail import MessageTail
from swf_console.widgets.text.line import Line
from tests.console.hosts import HostApp, until
from tests.support.history import add_execution, add_messages

Steps = Callable[[HostApp, Pilot[None]], Awaitable[None]]


@pytest.fixture
def database(context: ConsoleContext) -> Database:
    return context.database()


def play(context: ConsoleContext, steps: Steps, size: tuple[int, int] = (80, 24)) -> None:
    async def run() -> None:
        app = HostApp(MessagesScreen(context))
        async with app.run_test(size=size) as pilot:
            app.query_one(MessageTail).focus()
            await pilot.pause()
            await steps(app, pilot)

    asyncio.run(run())


def send(context: ConsoleContext, count: int = 1, kind: str = "stf_gen", **content: object) -> None:
    first = context.tail.counters().total
    frames = [
        (
            {"destination": "/topic/epictopic", ID_HEADER: str(uuid.uuid4())},
            json.dumps({"msg_type": kind, "namespace": "demo", "n": first + each, **content}),
        )
        for each in range(count)
    ]
    context.tail.take(frames)


def lines(app: HostApp) -> list[str]:
    tail = app.query_one(MessageTail)
    return [tail.render_line(y).text for y in range(tail.size.height)]


def shows(app: HostApp, text: str) -> Callable[[], bool]:
    return lambda: any(text in line for line in lines(app))


def head(app: HostApp) -> str:
    return app.query_one("#messages-head", Line).text


def view(app: HostApp) -> MessageTail:
    return app.query_one(MessageTail)


def test_message_tail_new_messages_are_followed(context: ConsoleContext) -> None:
    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        send(context, 100)
        await until(pilot, shows(app, "n=99"))
        assert "FOLLOW" in head(app)
        await until(pilot, lambda: "stf_gen 100" in app.query_one("#messages-types", Line).text)

    play(context, steps)


def test_message_tail_pause_counts_new_messages(context: ConsoleContext) -> None:
    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        send(context, 100)
        await until(pilot, shows(app, "n=99"))
        await pilot.press("space")
        before = lines(app)
        send(context, 1234)
        await until(pilot, lambda: "PAUSED, 1,234 new" in head(app))
        assert lines(app)[:-1] == before[:-1] or [x[:-1] for x in lines(app)] == [x[:-1] for x in before]
        await pilot.press("space")
        await until(pilot, shows(app, "n=1333"))
        assert "FOLLOW" in head(app)

    play(context, steps)


def test_message_tail_move_up_pauses_end_follows(context: ConsoleContext) -> None:
    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        send(context, 100)
        await until(pilot, shows(app, "n=99"))
        await pilot.press("k", "k")
        cursor = view(app).cursor
        assert cursor is not None
        assert cursor.content["n"] == 97
        send(context, 50)
        await until(pilot, lambda: view(app).unseen == 50)
        assert view(app).cursor is not None
        assert cursor.number == 97
        await pilot.press("pageup", "g")
        assert shows(app, "n=0")()
        await pilot.press("G")
        await until(pilot, shows(app, "n=149"))
        assert view(app).following

    play(context, steps)


def test_message_tail_paused_rows_stay_while_buffer_moves(context: ConsoleContext, tmp_path: Path) -> None:
    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        send(context, 60)
        await until(pilot, shows(app, "n=59"))
        await pilot.press("pageup")
        cursor = view(app).cursor
        for _ in range(20):
            send(context, 500)
            await pilot.pause()
        now = view(app).cursor
        assert cursor is not None
        assert now is not None
        assert now.number == cursor.number

    play(context, steps)


def test_message_tail_filter_narrows_and_escape_clears(context: ConsoleContext) -> None:
    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        send(context, 50)
        send(context, 3, kind="run_imminent")
        await pilot.press("slash", *"type=run_*", "enter")
        await until(pilot, lambda: len(context.tail) == 3)
        await until(pilot, lambda: "type=run_*" in head(app))
        assert view(app).has_focus
        await pilot.press("escape")
        await until(pilot, lambda: len(context.tail) == 53)

    play(context, steps)


def test_message_tail_wrong_filter_stays_in_prompt(context: ConsoleContext) -> None:
    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"typ=x", "enter")
        await pilot.pause()
        assert "Did you mean type?" in app.calls.said[-1]
        assert app.query_one(Input).has_focus
        await pilot.press("escape")
        assert view(app).has_focus

    play(context, steps)


def test_message_tail_search_goes_through_matches(context: ConsoleContext) -> None:
    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        send(context, 40)
        send(context, 1, word="needle")
        send(context, 40)
        send(context, 1, word="Needle")
        await until(pilot, shows(app, "n=81"))
        await pilot.press("s", *"needle", "enter")
        await until(pilot, lambda: not view(app).following and _n(app) == 40)
        await pilot.press("n")
        await until(pilot, lambda: _n(app) == 81)
        await pilot.press("N")
        await until(pilot, lambda: _n(app) == 40)
        await pilot.press("N")
        await until(pilot, lambda: bool(app.calls.said))
        assert "no more matches for" in app.calls.said[-1]

    play(context, steps)


def _n(app: HostApp) -> object:
    cursor = view(app).cursor
    return cursor.content["n"] if cursor else None


def test_message_tail_mark_is_shown_between_messages(context: ConsoleContext) -> None:
    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        send(context)
        await pilot.press("m")
        send(context)
        await until(pilot, shows(app, "n=2"))
        assert "mark 1" in lines(app)[1]

    play(context, steps)


def test_message_detail_enter_opens_escape_closes(context: ConsoleContext) -> None:
    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        send(context, deep={"list": [1, 2]})
        await until(pilot, shows(app, "n=0"))
        await pilot.press("enter")
        await until(pilot, lambda: app.query_one(MessageDetail).display)
        assert '"deep"' in app.query_one(MessageDetail).text
        assert not view(app).display
        await pilot.press("escape")
        await until(pilot, lambda: view(app).display)

    play(context, steps)


def test_message_detail_wide_screen_shows_beside_list(context: ConsoleContext) -> None:
    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        send(context, deep={"list": [1, 2]})
        await until(pilot, lambda: '"deep"' in app.query_one(MessageDetail).text)
        assert view(app).display
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: not app.query_one(MessageDetail).display)

    play(context, steps, size=(160, 50))


def test_message_detail_wide_screen_shares_width(context: ConsoleContext) -> None:
    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        send(context, 3)
        await until(pilot, shows(app, "n=2"))
        list_width, message_width = view(app).size.width, app.query_one(MessageDetail).size.width
        assert list_width > 60
        assert message_width > 40
        assert list_width + message_width <= 160

    play(context, steps, size=(160, 50))


def test_message_tail_history_loads_from_database(context: ConsoleContext, database: Database) -> None:
    add_messages(database, add_execution(database), 300)

    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        send(context, 5)
        await until(pilot, shows(app, "n=4"))
        await pilot.press("g")
        await until(pilot, lambda: len(context.tail) == 205)
        await pilot.press("g")
        await pilot.press("g")
        await until(pilot, lambda: len(context.tail) == 305)
        await pilot.press("g")
        assert shows(app, "sequence=1 ")()

    play(context, steps)


def test_message_tail_jump_goes_to_time(context: ConsoleContext, database: Database) -> None:
    add_messages(database, add_execution(database), 300)

    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        send(context, 5)
        await pilot.press("t", *"2026-01-31T12:02:00", "enter")
        await until(pilot, lambda: len(context.tail) == 305)
        cursor = view(app).cursor
        await until(pilot, lambda: view(app).cursor is not cursor or not view(app).following)
        found = view(app).cursor
        assert found is not None
        assert found.at == datetime(2026, 1, 31, 12, 2, tzinfo=UTC)

    play(context, steps)


@pytest.mark.parametrize(
    "body",
    [
        "[bold]x[/bold] [red",
        "\x1b[31mred\x1b[0m",
        "\u202egnp.exe",
        "漢字" * 200,
        "x" * 1_000_000,
        "\x00\x07\r\n",
    ],
)
def test_message_detail_hostile_body_is_sanitized(context: ConsoleContext, body: str) -> None:
    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        context.tail.take([({"namespace": "demo", "destination": "/topic/epictopic"}, body)])
        await until(pilot, lambda: len(context.tail) == 1)
        await pilot.pause(0.2)
        shown = lines(app)[0]
        assert shown.isprintable()
        assert shown.strip()
        await pilot.press("enter")
        await pilot.pause()
        assert all(each.isprintable() for each in app.query_one(MessageDetail).text.splitlines())

    play(context, steps)


def test_message_tail_empty_shows_connection_state(context: ConsoleContext) -> None:
    now = datetime.now(UTC)
    up = ConnectionStatus("broker", Connectivity.UP, since=now - timedelta(minutes=14), proved_at=now)
    context.connections = lambda: (up,)  # type: ignore[method-assign]

    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        await until(pilot, shows(app, "No messages in demo yet."))
        assert shows(app, "Connected 14m ago, no messages received since, 0/s in other namespaces.")()
        context.tail.set_filter("type=stf_*")
        await until(pilot, shows(app, "No messages match type=stf_* in demo."))
        assert shows(app, "Esc clears the filter.")()

    play(context, steps)
