"""The Messages screen: the live tail of a topic, with history from the database behind it."""

import json
from typing import Any, ClassVar

from textual.app import ComposeResult

from ...backend.core.errors import SwfError
from ...backend.core.sanitize import brief
from ...backend.core.times import parse_clock
from ...backend.services.messages.filter import FIELDS, HELP
from ...viewmodels.context import ConsoleContext
from ...viewmodels.messages.ring_buffer import BufferedMessage
from ...viewmodels.messages.search import search_row
from ...widgets.key_labels import with_keys
from ...widgets.worker import BlockingCall
from ..base.host import host_of
from ..base.prompt import Prompt
from ..base.screen import BaseScreen
from .labels import row_text, tail_command
from .view import MessagesView

GRAMMAR = f"""Filters: all terms must match
  type=stf_*  run=100010   the complete field; * and ? are wildcards
  sender~fastmon           a part of a field
  .state=run               a field of the body
  "any text"  word         a text anywhere in the message
  !heartbeat  -noise       excludes matches
  Fields: {" ".join(FIELDS)}"""


class MessagesScreen(BaseScreen):
    """Actions and prompt of the tail."""

    screen_name = "messages"
    help_text: ClassVar[str] = GRAMMAR

    def __init__(self, context: ConsoleContext) -> None:
        super().__init__(context)
        self.tail, self.view = context.tail, MessagesView(context)
        self.rows, self.prompt = self.view.rows, self.view.prompt
        self._marks = 0
        self._searching = BlockingCall(self, "search")

    def compose(self) -> ComposeResult:
        yield self.view

    def opened(self) -> None:
        """Start updating."""
        self.view.start()

    def closed(self) -> None:
        """Stop updating."""
        self.view.stop()

    def refresh_now(self) -> None:
        """Reload everything."""
        self.view.reload()

    def remember(self) -> dict[str, object]:
        """The filter, and whether all namespaces are shown."""
        return {"filter": self.tail.filter_text, "everywhere": self.tail.everywhere}

    def recall(self, remembered: dict[str, object]) -> None:
        """Restore filter and scope, or use the filter that another screen passes."""
        everywhere = remembered.get("everywhere")
        if isinstance(everywhere, bool) and everywhere != self.tail.everywhere:
            self.tail.set_namespace(self.context.namespace, everywhere=everywhere)
        text = remembered.get("filter")
        if isinstance(text, str) and text != self.tail.filter_text:
            self._filter(text)

    def copy_text(self, what: str) -> str | None:
        """The id, the line or the body of the message under the cursor."""
        row = self.rows.cursor
        if what == "command":
            return tail_command(self.tail.filter_text)
        if not isinstance(row, BufferedMessage) or row.is_note:
            return None
        texts = {"cell": row.id, "row": row_text(row), "json": _pretty(row)}
        return texts.get(what)

    # actions

    def action_filter(self, text: str | None = None) -> None:
        """Prompt for a filter, or apply one."""
        if text is None:
            self.prompt.ask("filter", self.tail.filter_text, HELP)
        else:
            self._filter(text)

    def action_search(self, text: str | None = None) -> None:
        """Prompt for a text to search, or search for it."""
        if text is None:
            self.prompt.ask(
                "search",
                self.rows.searched,
                with_keys("a text in a message; then {messages.found} and {messages.previous}"),
            )
        else:
            self._search(text)

    def action_jump(self, text: str | None = None) -> None:
        """Prompt for a time, or go there."""
        if text is None:
            self.prompt.ask("jump", "", "a time (UTC) such as 12:30 or 12:30:05, or an age such as 10m")
        else:
            self._jump(text)

    def action_found(self, forward: bool = True) -> None:
        """Go to the next match."""
        if not self.rows.searched:
            self.action_search()
            return
        text, cursor = self.rows.searched, self.rows.cursor
        # without a cursor: from the newest message
        start = self.tail.position(cursor.number) if cursor else len(self.tail)
        self._searching.start(
            lambda: search_row(self.tail, text, start, forward=forward), self._found, self.view.not_read
        )

    def action_pause(self) -> None:
        """Pause or resume."""
        if self.rows.following:
            self.rows.pause()
        else:
            self.rows.follow()
        self.view.paint_head()

    def action_follow(self) -> None:
        """Go to the newest message and follow."""
        self.rows.follow()
        self.view.paint_head()

    def action_mark(self) -> None:
        """Draw a line below the newest message."""
        self._marks += 1
        self.tail.note(f"mark {self._marks}")
        self.rows.update()

    def action_everywhere(self) -> None:
        """Switch between all namespaces and this one."""
        if self.context.namespace is None:
            host_of(self).say(with_keys("no namespace is chosen: all are shown; {namespace} chooses one"))
            return
        self.tail.set_namespace(self.context.namespace, everywhere=not self.tail.everywhere)
        self.refresh_now()

    def action_detail(self) -> None:
        """Show the message beside the list, or instead of it."""
        self.view.toggle_detail()

    def action_back(self) -> None:
        """Undo one thing: detail, search, filter, pause."""
        if not self.view.close_detail():
            self._undo_one()
        self.view.paint_head()

    def _undo_one(self) -> None:
        if self.rows.searched:
            self.rows.searched = ""
            self.rows.refresh()
        elif self.tail.filter_text:
            self._filter("")
        elif not self.rows.following:
            self.rows.follow()

    # the prompt

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Apply what was typed with Enter; a wrong text stays in the prompt, with the reason."""
        event.stop()
        if event.done:
            take = {"filter": self._filter, "search": self._search, "jump": self._jump}[event.kind]
            wrong = take(event.text.strip())
            if wrong:
                self.prompt.ask(event.kind, event.text)
                self.prompt.say(wrong)
                return
        if event.done or event.left:
            self.view.focus_shown()

    def _filter(self, text: str) -> str:
        """Show what matches; for a wrong filter, change nothing and return the error."""
        try:
            self.tail.set_filter(text)
        except SwfError as error:
            host_of(self).say(str(error), bad=True)
            return str(error)
        # the database may hold older matches of the new filter
        self.view.history.reset()
        self.rows.reload()
        self.view.paint_head()
        return ""

    def _search(self, text: str) -> str:
        self.rows.searched = text
        self.rows.refresh()
        if text:
            self.action_found(forward=False)
        return ""

    def _found(self, position: int | None) -> None:
        if position is None:
            searched = brief(self.rows.searched, 60)
            history = with_keys("{tail.first} loads history")
            host_of(self).say(f"no more matches for {searched!r} in the buffer; {history}")
        else:
            self._go_to(position)

    def _jump(self, text: str) -> str:
        try:
            moment = parse_clock(text, "the time").timestamp()
        except SwfError as error:
            host_of(self).say(str(error), bad=True)
            return str(error)
        self.view.history.back_to(moment, lambda: self._go_to(self.tail.position_at(moment)))
        return ""

    def _go_to(self, position: int) -> None:
        self.rows.go_to(position)
        self.view.paint_head()


def _pretty(row: BufferedMessage) -> str:
    content: Any = row.content
    return row.body if content is None else json.dumps(content, indent=2, ensure_ascii=False)
