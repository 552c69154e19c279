"""Scrolling back from the buffer into the database: each message once, in order."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from swf_console.backend.database import messages
from swf_console.backend.database.records.messages import NewMessage
from swf_console.backend.messaging.message import ID_HEADER
from swf_console.screens.messages.screen import MessagesScreen
from swf_console.viewmodels.context import ConsoleContext
from swf_console.viewmodels.messages.buffer import MessageBuffer
from swf_console.widgets.tail.message_tail import MessageTail
from tests.support.history import BEGAN, add_execution

from .hosts import HostApp, until

CAPACITY = 100
Steps = Callable[[HostApp, Pilot[None]], Awaitable[None]]


class Topic:
    """Messages a second apart: each is recorded when it is sent, and comes a third of a second later."""

    def __init__(self, context: ConsoleContext) -> None:
        self._database, self._execution = context.database(), add_execution(context.database())
        self._sent = 0
        self.tail = MessageBuffer("demo", capacity=CAPACITY, now=self._now)
        context.__dict__["tail"] = self.tail

    def _now(self) -> float:
        return (BEGAN + timedelta(seconds=self._sent)).timestamp() + 1 / 3

    def send(self, count: int, *, heard: bool = True) -> None:
        """Send some; `heard` of them come to the tail too."""
        for _ in range(count):
            self._sent += 1
            identity, content = str(uuid.uuid4()), {"msg_type": "stf_gen", "sequence": self._sent}
            self._record(identity, content)
            if heard:
                headers = {"destination": "/topic/epictopic", ID_HEADER: identity}
                self.tail.take([(headers, json.dumps({**content, "namespace": "demo"}))])

    def _record(self, identity: str, content: dict[str, object]) -> None:
        new = NewMessage(
            message_id=identity,
            message_type="stf_gen",
            sent_at=BEGAN + timedelta(seconds=self._sent),
            content_json=json.dumps(content),
            execution_id=self._execution,
            namespace="demo",
        )
        with self._database.write() as connection:
            messages.record(connection, [new])


@pytest.fixture
def topic(context: ConsoleContext) -> Topic:
    return Topic(context)


def play(context: ConsoleContext, steps: Steps) -> None:
    async def run() -> None:
        app = HostApp(MessagesScreen(context))
        async with app.run_test(size=(80, 24)) as pilot:
            app.query_one(MessageTail).focus()
            await pilot.pause()
            await steps(app, pilot)

    asyncio.run(run())


def seen(app: HostApp) -> list[int]:
    """The sequence numbers on screen, from above."""
    tail = app.query_one(MessageTail)
    lines = [tail.render_line(y).text for y in range(tail.size.height)]
    return [int(line.partition("sequence=")[2].split()[0]) for line in lines if "sequence=" in line]


async def page_up(app: HostApp, pilot: Pilot[None]) -> list[int]:
    """Page up from the first row on screen, reading on where that is needed; returns what is there then."""
    view, before = app.query_one(MessageTail), seen(app)
    known = len(view.source)
    view.action_page(-1)
    if seen(app)[0] == before[0]:
        await until(pilot, lambda: len(view.source) > known)
        view.action_page(-1)
    return seen(app)


def test_message_history_page_up_shows_each_message_once(context: ConsoleContext, topic: Topic) -> None:
    topic.send(300, heard=False)
    topic.send(200)

    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: seen(app)[-1:] == [500])
        await pilot.press("pageup")
        before = seen(app)
        while before[0] > 1:
            now = await page_up(app, pilot)
            assert now == list(range(now[0], now[0] + len(now))), "a gap, or one twice"
            assert now[0] < before[0] <= now[-1] + 1, "a page was left out"
            before = now
        assert len(app.query_one(MessagesScreen).tail) == 500

    play(context, steps)


def test_message_history_new_messages_move_nothing(context: ConsoleContext, topic: Topic) -> None:
    topic.send(200, heard=False)
    topic.send(150)

    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: seen(app)[-1:] == [350])
        await pilot.press("pageup")
        before = seen(app)
        while before[0] > 220:
            topic.send(5)
            now = await page_up(app, pilot)
            assert now == list(range(now[0], now[0] + len(now)))
            assert now[0] < before[0] <= now[-1] + 1
            before = now
        await pilot.press("G")
        await until(pilot, lambda: seen(app)[-1] == topic._sent)

    play(context, steps)


def test_message_history_evicted_row_is_loaded_again(context: ConsoleContext, topic: Topic) -> None:
    topic.send(CAPACITY)

    async def steps(app: HostApp, pilot: Pilot[None]) -> None:
        await until(pilot, lambda: seen(app)[-1:] == [CAPACITY])
        await pilot.press("pageup", "pageup")
        cursor = app.query_one(MessageTail).cursor
        assert cursor is not None
        before = seen(app)
        topic.send(3 * CAPACITY)
        await until(pilot, lambda: app.query_one(MessageTail).unseen == 3 * CAPACITY)
        assert topic.tail.row(before[0] - 1) is None
        assert seen(app) == before
        await pilot.press("k")
        await until(pilot, lambda: seen(app) == [before[0] - 1, *before[:-1]])
        found = app.query_one(MessageTail).cursor
        assert found is not None
        assert found.content["sequence"] == cursor.content["sequence"] - 1

    play(context, steps)
