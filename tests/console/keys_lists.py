"""Keys of the screens that list records."""

import uuid

from swf_console.backend.messaging.message import ID_HEADER
from swf_console.screens.base.prompt import Prompt
from swf_console.screens.definitions.screen import DefinitionsScreen
from swf_console.screens.dialogs.confirm import Question
from swf_console.screens.executions.compare import CompareView
from swf_console.screens.executions.replay import ReplayView
from swf_console.screens.executions.screen import ExecutionsScreen
from swf_console.screens.messages.screen import MessagesScreen
from swf_console.widgets.text.line import Line
from tests.support.history import add_execution, add_states

from .pressing import Keys, presses


def said(keys: Keys) -> str:
    return keys.app.query_one("#action-line", Line).text


async def executions_of(keys: Keys, count: int) -> ExecutionsScreen:
    """The Executions screen with so many in its list."""
    for number in range(1, count + 1):
        identity = add_execution(keys.context.database(), number)
    add_states(keys.context.database(), identity)
    screen = await keys.open("executions")
    assert isinstance(screen, ExecutionsScreen)
    await keys.until(lambda: screen.list.table.loaded and screen.list.table.row)
    return screen


@presses("executions")
async def executions(keys: Keys) -> None:
    screen = await executions_of(keys, 3)
    entry = screen.list.query_one(Prompt)
    await keys.press("filter", lambda: entry.is_open, "escape")
    await keys.press("find", lambda: entry.is_open, "escape")
    await keys.until(lambda: not entry.is_open and screen.list.table.has_focus)
    await keys.press("columns", lambda: entry.is_open, "escape")
    await keys.until(lambda: not entry.is_open and screen.list.table.has_focus)
    order = screen.list.order_by
    await keys.press("order", lambda: screen.list.order_by != order)
    descending = screen.list.descending
    await keys.press("turn", lambda: screen.list.descending is not descending)
    await keys.press("export", lambda: "-> ok" in said(keys) or ".json" in said(keys))
    await keys.press("rerun", lambda: keys.shows(Question), "n")
    await keys.press("replay", lambda: isinstance(screen.stack.front, ReplayView))
    await keys.press("back", lambda: screen.stack.front is screen.list)
    await keys.pilot.press("space", "space")
    await keys.press("compare", lambda: isinstance(screen.stack.front, CompareView), "escape")
    add_execution(keys.context.database(), 9, status="running")
    screen.list.show("status=running")
    await keys.until(lambda: screen.list.execution and screen.list.execution.status == "running")
    await keys.press("stop", lambda: keys.shows(Question), "n")


@presses("definitions")
async def definitions(keys: Keys) -> None:
    add_execution(keys.context.database())
    screen = await keys.open("definitions")
    assert isinstance(screen, DefinitionsScreen)
    await keys.until(lambda: screen.list.table.row)
    entry = screen.list.query_one(Prompt)
    await keys.press("columns", lambda: entry.is_open, "escape")
    await keys.press("filter", lambda: entry.is_open, "escape")
    await keys.press("find", lambda: entry.is_open, "escape")
    await keys.until(lambda: not entry.is_open)
    screen.list.show("stf_datataking")
    await keys.press("back", lambda: not screen.list.workflow)
    await keys.press("executions", lambda: keys.app.frame.shown == "executions")


@presses("messages")
async def messages(keys: Keys) -> None:
    screen = await keys.open("messages")
    assert isinstance(screen, MessagesScreen)
    for number in range(1, 6):
        body = f'{{"msg_type": "stf_gen", "namespace": "demo", "sequence": {number}}}'
        stamp = {"destination": "/topic/epictopic", ID_HEADER: str(uuid.uuid4()), "namespace": "demo"}
        keys.context.tail.take([(stamp, body)])
    await keys.until(lambda: screen.rows.cursor)
    await keys.press("pause", lambda: not screen.rows.following)
    await keys.press("follow", lambda: screen.rows.following)
    await keys.press("mark", lambda: keys.context.tail.counters().total >= 5 and "mark 1" in last(screen))
    await keys.press("filter", lambda: screen.prompt.is_open, "escape")
    await keys.press("search", lambda: screen.prompt.is_open, "escape")
    await keys.press("jump", lambda: screen.prompt.is_open, "escape")
    await keys.until(lambda: not screen.prompt.is_open)
    screen.action_search("sequence")
    await keys.until(lambda: not screen.rows.following)
    before = screen.rows.cursor
    await keys.press("previous", lambda: screen.rows.cursor is not before)
    there = screen.rows.cursor
    await keys.press("found", lambda: screen.rows.cursor is not there)
    await keys.press("back", lambda: not screen.rows.searched)
    everywhere = keys.context.tail.everywhere
    await keys.press("everywhere", lambda: keys.context.tail.everywhere is not everywhere)
    await keys.pilot.resize_terminal(80, 24)
    await keys.until(lambda: not screen.view.has_class("wide"))
    await keys.press("detail", lambda: not screen.rows.display, "escape")


def last(screen: MessagesScreen) -> str:
    row = screen.rows.cursor
    return str(row.body) if row is not None else ""
