"""The keys of the screens that list what is recorded."""

import uuid

from swf_console.backend.messaging.message import ID_HEADER
from swf_console.screens.base.prompt import Entry
from swf_console.screens.definitions.screen import DefinitionsPane
from swf_console.screens.dialogs.confirm import Question
from swf_console.screens.executions.compare import CompareView
from swf_console.screens.executions.replay import ReplayView
from swf_console.screens.executions.screen import ExecutionsPane
from swf_console.screens.messages.screen import MessagesPane
from swf_console.widgets.text.line import Line
from tests.support.history import add_execution, add_states

from .pressing import Keys, presses


def said(keys: Keys) -> str:
    return keys.app.query_one("#action-line", Line).said


async def executions_of(keys: Keys, count: int) -> ExecutionsPane:
    """The Executions screen with so many in its list."""
    for number in range(1, count + 1):
        identity = add_execution(keys.services.database(), number)
    add_states(keys.services.database(), identity)
    pane = await keys.open("executions")
    assert isinstance(pane, ExecutionsPane)
    await keys.until(lambda: pane.list.table.loaded and pane.list.table.row)
    return pane


@presses("executions")
async def executions(keys: Keys) -> None:
    pane = await executions_of(keys, 3)
    entry = pane.list.query_one(Entry)
    await keys.press("filter", lambda: entry.open, "escape")
    await keys.press("find", lambda: entry.open, "escape")
    await keys.until(lambda: not entry.open and pane.list.table.has_focus)
    await keys.press("columns", lambda: entry.open, "escape")
    await keys.until(lambda: not entry.open and pane.list.table.has_focus)
    order = pane.list.order_by
    await keys.press("order", lambda: pane.list.order_by != order)
    descending = pane.list.descending
    await keys.press("turn", lambda: pane.list.descending is not descending)
    await keys.press("export", lambda: "-> ok" in said(keys) or ".json" in said(keys))
    await keys.press("rerun", lambda: keys.shows(Question), "n")
    await keys.press("replay", lambda: isinstance(pane.stack.front, ReplayView))
    await keys.press("back", lambda: pane.stack.front is pane.list)
    await keys.pilot.press("space", "space")
    await keys.press("compare", lambda: isinstance(pane.stack.front, CompareView), "escape")
    add_execution(keys.services.database(), 9, status="running")
    pane.list.show("status=running")
    await keys.until(lambda: pane.list.execution and pane.list.execution.status == "running")
    await keys.press("stop", lambda: keys.shows(Question), "n")


@presses("definitions")
async def definitions(keys: Keys) -> None:
    add_execution(keys.services.database())
    pane = await keys.open("definitions")
    assert isinstance(pane, DefinitionsPane)
    await keys.until(lambda: pane.list.table.row)
    entry = pane.list.query_one(Entry)
    await keys.press("columns", lambda: entry.open, "escape")
    await keys.press("filter", lambda: entry.open, "escape")
    await keys.press("find", lambda: entry.open, "escape")
    await keys.until(lambda: not entry.open)
    pane.list.show("stf_datataking")
    await keys.press("back", lambda: not pane.list.workflow)
    await keys.press("executions", lambda: keys.app.frame.shown == "executions")


@presses("messages")
async def messages(keys: Keys) -> None:
    pane = await keys.open("messages")
    assert isinstance(pane, MessagesPane)
    for number in range(1, 6):
        body = f'{{"msg_type": "stf_gen", "namespace": "demo", "sequence": {number}}}'
        stamp = {"destination": "/topic/epictopic", ID_HEADER: str(uuid.uuid4()), "namespace": "demo"}
        keys.services.tail.take([(stamp, body)])
    await keys.until(lambda: pane.rows.cursor)
    await keys.press("pause", lambda: not pane.rows.following)
    await keys.press("follow", lambda: pane.rows.following)
    await keys.press("mark", lambda: keys.services.tail.numbers().total >= 5 and "mark 1" in last(pane))
    await keys.press("filter", lambda: pane.entry.open, "escape")
    await keys.press("search", lambda: pane.entry.open, "escape")
    await keys.press("jump", lambda: pane.entry.open, "escape")
    await keys.until(lambda: not pane.entry.open)
    pane.action_search("sequence")
    await keys.until(lambda: not pane.rows.following)
    before = pane.rows.cursor
    await keys.press("previous", lambda: pane.rows.cursor is not before)
    there = pane.rows.cursor
    await keys.press("found", lambda: pane.rows.cursor is not there)
    await keys.press("back", lambda: not pane.rows.searched)
    everywhere = keys.services.tail.everywhere
    await keys.press("everywhere", lambda: keys.services.tail.everywhere is not everywhere)
    await keys.pilot.resize_terminal(80, 24)
    await keys.until(lambda: not pane.view.has_class("wide"))
    await keys.press("detail", lambda: not pane.rows.display, "escape")


def last(pane: MessagesPane) -> str:
    row = pane.rows.cursor
    return str(row.body) if row is not None else ""
