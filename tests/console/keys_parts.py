"""Keys of focused widgets: tables, lists, texts, logs, and views opened from a list."""

import uuid

from textual.widgets import Input

from swf_console.backend.messaging.message import ID_HEADER
from swf_console.screens.agents.screen import AgentsScreen
from swf_console.screens.base.document import ScrollableText
from swf_console.screens.base.prompt import Prompt
from swf_console.screens.definitions.detail import DefinitionDetailView
from swf_console.screens.definitions.screen import DefinitionsScreen
from swf_console.screens.executions.detail import ExecutionDetailView
from swf_console.screens.executions.replay import ReplayView
from swf_console.screens.executions.screen import ExecutionsScreen
from swf_console.screens.messages.screen import MessagesScreen
from swf_console.widgets.tail.line_view import Lines
from swf_console.widgets.text.code import CodeLines
from tests.support.history import add_execution, add_messages, add_states

from .keys_lists import executions_of
from .pressing import Keys, presses


@presses("table")
async def table(keys: Keys) -> None:
    screen = await executions_of(keys, 60)
    rows = screen.list.table

    def at() -> int:
        return int(rows.row.key[-4:]) if rows.row else 0

    for n in (0, 1):
        await keys.press_once("last", lambda: at() == 1, n)
        await keys.press_once("first", lambda: at() == 60, n)
        await keys.press_once("down", lambda: at() == 59, n)
        await keys.press_once("up", lambda: at() == 60, n)
        await keys.press_once("page_down", lambda: at() < 50, n)
        await keys.press_once("page_up", lambda: at() == 60, n)
    rows.search("0058")
    await keys.until(lambda: at() == 58)
    rows.search("-005")
    await keys.until(lambda: at() == 57)
    await keys.press("next_match", lambda: at() == 56)
    await keys.press("previous_match", lambda: at() == 57)
    await keys.press("mark", lambda: len(rows.marked) == 1)
    await keys.press("open", lambda: isinstance(screen.stack.front, ExecutionDetailView))


@presses("lines")
async def lines(keys: Keys) -> None:
    await keys.pilot.resize_terminal(80, 24)
    screen = await keys.open("agents")
    assert isinstance(screen, AgentsScreen)
    log = screen.log_pane
    await keys.until(
        lambda: screen.listing.current and screen.listing.current.key in log.head_line(0, 80).text
    )
    # what is asked next may put another agent under the cursor, and its log there
    screen.poll.close()

    def filled() -> bool:
        if not log.lines:
            log.push([f"line {n}" for n in range(200)])
        return bool(log.has_focus and log.top)

    log.focus()
    await keys.until(filled)
    for n in (0, 1):
        await keys.press_once("first", lambda: log.top == 0, n)
        await keys.press_once("down", lambda: log.top == 1, n)
        await keys.press_once("up", lambda: log.top == 0, n)
        await keys.press_once("page_down", lambda: log.top > 2, n)
        await keys.press_once("page_up", lambda: log.top == 0, n)
        await keys.press_once("last", lambda: log.following and log.top == log.max_scroll_y, n)


@presses("list")
async def short_list(keys: Keys) -> None:
    screen = await keys.open("agents")
    assert isinstance(screen, AgentsScreen)
    await keys.until(lambda: screen.listing.items)
    await keys.press("mark", lambda: len(screen.listing.marked) == 1)
    await keys.press("choose", lambda: screen.log_pane.has_focus)


@presses("log")
async def log(keys: Keys) -> None:
    screen = await keys.open("agents")
    assert isinstance(screen, AgentsScreen)
    screen.log_pane.push([f"line {n}" for n in range(200)])
    screen.log_pane.focus()
    await keys.until(lambda: screen.log_pane.has_focus)
    await keys.pilot.press("k")
    await keys.until(lambda: not screen.log_pane.following)
    await keys.press("follow", lambda: screen.log_pane.following)


async def definition_of(keys: Keys) -> DefinitionDetailView:
    """A definition with long lines, open."""
    add_execution(keys.context.database())
    screen = await keys.open("definitions")
    assert isinstance(screen, DefinitionsScreen)
    await keys.until(lambda: screen.list.table.row)
    await keys.pilot.press("enter")
    await keys.until(lambda: isinstance(screen.stack.front, DefinitionDetailView))
    view = screen.stack.front
    assert isinstance(view, DefinitionDetailView)
    await keys.until(lambda: view.definition)
    return view


@presses("code")
async def code(keys: Keys) -> None:
    from textual.content import Content

    view = await definition_of(keys)
    shown = view.query_one(CodeLines)
    await keys.until(lambda: shown.text)
    shown.show([Content("x" * 1000)])
    await keys.until(lambda: shown.has_focus and shown.allow_horizontal_scroll)
    for n in (0, 1):
        await keys.press_once("to_the_right", lambda: shown.scroll_offset.x > 0, n)
        await keys.press_once("to_the_left", lambda: shown.scroll_offset.x == 0, n)


@presses("definition")
async def definition(keys: Keys) -> None:
    view = await definition_of(keys)
    for n in (0, 1, 2):
        await keys.press_once("section", lambda: view.section == "parameters", n)
        await keys.press_once("section_before", lambda: view.section == "code", n)


@presses("tail")
async def tail(keys: Keys) -> None:
    screen = await keys.open("messages")
    assert isinstance(screen, MessagesScreen)
    for number in range(200):
        stamp = {"destination": "/topic/epictopic", ID_HEADER: str(uuid.uuid4()), "namespace": "demo"}
        keys.context.tail.take([(stamp, f'{{"namespace": "demo", "sequence": {number}}}')])
    view = screen.rows
    await keys.until(lambda: view.cursor)

    def at() -> int:
        content = getattr(view.cursor, "content", None)
        return int(content["sequence"]) if isinstance(content, dict) else -1

    for n in (0, 1):
        await keys.press_once("first", lambda: at() == 0, n)
        await keys.press_once("down", lambda: at() == 1, n)
        await keys.press_once("up", lambda: at() == 0, n)
        await keys.press_once("page_down", lambda: at() > 2, n)
        await keys.press_once("page_up", lambda: at() == 0, n)
        await keys.press_once("last", lambda: view.following, n)
    await keys.pilot.resize_terminal(80, 24)
    await keys.until(lambda: not screen.view.has_class("wide"))
    await keys.press("choose", lambda: not view.display)


async def execution_of(keys: Keys) -> tuple[ExecutionsScreen, ExecutionDetailView]:
    """An execution, open."""
    identity = add_execution(keys.context.database(), 1)
    add_messages(keys.context.database(), identity, 3)
    add_states(keys.context.database(), identity, count=3)
    screen = await keys.open("executions")
    assert isinstance(screen, ExecutionsScreen)
    screen.open_alone(identity)
    await keys.until(lambda: isinstance(screen.stack.front, ExecutionDetailView))
    view = screen.stack.front
    assert isinstance(view, ExecutionDetailView)
    await keys.until(lambda: view.recorded)
    return screen, view


@presses("execution")
async def execution(keys: Keys) -> None:
    _, view = await execution_of(keys)
    for n in (0, 1, 2):
        await keys.press_once("section", lambda: view.section == "parameters", n)
        await keys.press_once("section_before", lambda: view.section == "summary", n)
    view.go_to("messages")
    await keys.press("kind", lambda: view._kind == "stf_gen")


@presses("text")
async def text(keys: Keys) -> None:
    await keys.pilot.resize_terminal(80, 14)
    _, view = await execution_of(keys)
    shown = view.query_one(ScrollableText)
    await keys.until(lambda: shown.has_focus and shown.max_scroll_y > 1)
    await keys.press("scroll_down", lambda: shown.scroll_offset.y == 1)
    await keys.press("scroll_up", lambda: shown.scroll_offset.y == 0)
    await keys.press("scroll_end", lambda: shown.scroll_offset.y == shown.max_scroll_y)
    await keys.press("scroll_home", lambda: shown.scroll_offset.y == 0)


@presses("entry")
async def entry(keys: Keys) -> None:
    screen = await executions_of(keys, 2)
    typed = screen.list.query_one(Prompt)
    before = screen.list.filter
    await keys.pilot.press("slash", "x")
    await keys.until(lambda: typed.query_one(Input).value.endswith("x"))
    await keys.press("leave", lambda: not typed.is_open and screen.list.filter == before)


@presses("replay")
async def replay(keys: Keys) -> None:
    screen, _ = await execution_of(keys)
    await keys.pilot.press("p")
    await keys.until(lambda: isinstance(screen.stack.front, ReplayView))
    view = screen.stack.front
    assert isinstance(view, ReplayView)
    await keys.until(lambda: view.has_focus and view.query(Lines))
    played = view.replay
    for n in (0, 1):
        await keys.press_once("faster", lambda: played.speed == 2, n)
        await keys.press_once("slower", lambda: played.speed == 1, n)
        await keys.press_once("next_event", lambda: played.at == 1, n)
        await keys.press_once("event_before", lambda: played.at == 0, n)
    await keys.press("end", lambda: played.at == played.length)
    await keys.press("begin", lambda: played.at == 0)
    await keys.press("play", lambda: played.playing)
