"""Messages: the live tail of the topic, with the database behind it."""

import json
import os
import time
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input

from ..backend.errors import SwfError
from ..backend.operations.console.ring import Kept
from ..backend.operations.console.searching import find_row
from ..backend.operations.console.services import ConsoleServices
from ..backend.operations.message_filter import HELP
from ..backend.operations.moments import parse_clock
from ..widgets.background import Background
from ..widgets.harmless import brief
from ..widgets.line import Line
from ..widgets.message_tail import MessageTail
from .host import host_of
from .message_detail import MessageDetail
from .message_words import (
    command_of,
    counts_of,
    emptiness,
    mode_of,
    row_text,
    stale_words,
    types_of,
)
from .pane import Pane

WIDE = 120
HEAD_EVERY = 0.5
FILL_AGAIN = 5.0
GRAMMAR = """Filters: all terms must hold
  type=stf_*  run=100010   the whole field; * and ? stand for anything
  sender~fastmon           looks inside a field
  .state=run               a field of the body
  "any text"  word         anywhere in the message
  !heartbeat  -noise       not that
  Fields: type run execution namespace sender destination id"""


class MessagesPane(Pane):
    """What is on the topic, as it comes."""

    screen_name = "messages"
    help_text: ClassVar[str] = GRAMMAR

    def __init__(self, services: ConsoleServices) -> None:
        super().__init__(services)
        self.tail = services.tail
        self._timer: Timer | None = None
        self._head_at = self._fill_at = 0.0
        self._marks = 0
        self._asking = ""
        self._detail_wanted = False
        self._reading = Background(self, "history")
        self._searching = Background(self, "search")
        self._read_once = False

    def compose(self) -> ComposeResult:
        yield Line(id="messages-head")
        yield Line(id="messages-types")
        yield Input(id="messages-input", classes="hidden")
        with Horizontal(id="messages-body"):
            yield MessageTail(self.tail)
            yield MessageDetail()

    # the pane's life

    def on_mount(self) -> None:
        """The detail stands beside the tail where there is room."""
        self._arrange()

    def on_resize(self) -> None:
        """Another width arranges anew."""
        self._arrange()

    def opened(self) -> None:
        """Begin to look."""
        if self._timer is None:
            preferences, far = self.services.preferences, bool(os.environ.get("SSH_CONNECTION"))
            frames = preferences.frames_ssh if far else preferences.frames
            self.view.calm = far
            self._timer = self.set_interval(1 / frames, self._tick)
        self._tick()

    def closed(self) -> None:
        """Look no more; the tail goes on."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def refresh_now(self) -> None:
        """Everything anew."""
        self._read_once = False
        self._head_at = 0.0
        self.view.show_anew()
        self._tick()

    def remember(self) -> dict[str, object]:
        """The filter, and whether other namespaces are shown."""
        return {"filter": self.tail.filter_text, "everywhere": self.tail.everywhere}

    def recall(self, remembered: dict[str, object]) -> None:
        """Take up a filter that was remembered, or that another screen asks for."""
        everywhere = remembered.get("everywhere")
        if isinstance(everywhere, bool) and everywhere != self.tail.everywhere:
            self.tail.set_namespace(self.services.namespace, everywhere=everywhere)
        text = remembered.get("filter")
        if isinstance(text, str) and text != self.tail.filter_text:
            self._filter(text)

    def copy_text(self, what: str) -> str | None:
        """Of the message under the cursor."""
        row = self.view.cursor
        if what == "command":
            return command_of(self.tail.filter_text)
        if not isinstance(row, Kept) or row.is_note:
            return None
        texts = {"cell": row.id, "row": row_text(row), "json": _pretty(row)}
        return texts.get(what)

    @property
    def view(self) -> MessageTail:
        """The tail on screen."""
        return self.query_one(MessageTail)

    # what is done here

    def action_filter(self, text: str | None = None) -> None:
        """Ask for a filter, or take one."""
        if text is None:
            self._ask("filter", self.tail.filter_text, HELP)
        else:
            self._filter(text)

    def action_search(self, text: str | None = None) -> None:
        """Ask for a text to look for, or look for one."""
        if text is None:
            self._ask("search", self.view.searched, "a text anywhere in a message; n and N go on")
        else:
            self._search(text)

    def action_jump(self, text: str | None = None) -> None:
        """Ask for a time, or go there."""
        if text is None:
            self._ask("jump", "", "a time (UTC) such as 12:30 or 12:30:05, or an age such as 10m")
        else:
            self._jump(text)

    def action_found(self, forward: bool = True) -> None:
        """The next row that holds what is searched for."""
        if not self.view.searched:
            self.action_search()
            return
        text, cursor = self.view.searched, self.view.cursor
        start = self.tail.position(cursor.number) if cursor else len(self.tail)
        self._searching.start(
            lambda: find_row(self.tail, text, start, forward=forward), self._found, self._wrong
        )

    def action_pause(self) -> None:
        """Pause, and go on."""
        if self.view.following:
            self.view.pause()
        else:
            self.view.follow()
        self._head()

    def action_follow(self) -> None:
        """Go to the newest and stay with it."""
        self.view.follow()
        self._head()

    def action_mark(self) -> None:
        """Draw a line behind the newest message."""
        self._marks += 1
        self.tail.note(f"mark {self._marks}")
        self.view.look()

    def action_everywhere(self) -> None:
        """All namespaces, or this one alone."""
        if self.services.namespace is None:
            host_of(self).say("there is no namespace: all are shown; 0 chooses one")
            return
        self.tail.set_namespace(self.services.namespace, everywhere=not self.tail.everywhere)
        self.refresh_now()

    def action_detail(self) -> None:
        """Show the message beside the list, or instead of it."""
        self._detail_wanted = not self._detail_wanted
        self._arrange()

    def action_back(self) -> None:
        """One thing at a time: the detail, the search, the filter, the pause."""
        if self.size.width < WIDE and self._detail_wanted:
            self._detail_wanted = False
            self._arrange()
        elif self.view.searched:
            self.view.searched = ""
            self.view.refresh()
        elif self.tail.filter_text:
            self._filter("")
        elif not self.view.following:
            self.view.follow()
        self._head()

    # the line that is typed into

    def _ask(self, what: str, value: str, words: str) -> None:
        self._asking = what
        box = self.query_one("#messages-input", Input)
        box.border_title = what
        box.placeholder = f"{what}: {words}"
        box.value = value
        box.remove_class("hidden")
        box.focus()

    @on(Input.Submitted, "#messages-input")
    def entered(self, event: Input.Submitted) -> None:
        """Take what was typed."""
        event.stop()
        take = {"filter": self._filter, "search": self._search, "jump": self._jump}[self._asking]
        if take(event.value.strip()):
            self._put_away()

    def on_key(self, event: events.Key) -> None:
        """Esc puts the line away."""
        if event.key == "escape" and self._asking:
            event.stop()
            event.prevent_default()
            self._put_away()

    def _put_away(self) -> None:
        self._asking = ""
        self.query_one("#messages-input", Input).add_class("hidden")
        (self.view if self.view.display else self.query_one(MessageDetail)).focus()

    def _filter(self, text: str) -> bool:
        try:
            self.tail.set_filter(text)
        except SwfError as error:
            host_of(self).say(str(error), bad=True)
            return False
        self._read_once = False
        self.view.show_anew()
        self._head()
        return True

    def _search(self, text: str) -> bool:
        self.view.searched = text
        self.view.refresh()
        if text:
            self.action_found(forward=False)
        return True

    def _found(self, position: int | None) -> None:
        if position is None:
            host_of(self).say(f"nothing more holds {brief(self.view.searched, 60)!r}; g reads the past")
        else:
            self.view.go_to(position)
            self._head()

    def _jump(self, text: str) -> bool:
        try:
            moment = parse_clock(text, "the time")
        except SwfError as error:
            host_of(self).say(str(error), bad=True)
            return False
        self._read_back_to(moment.timestamp(), tries=20)
        return True

    def _read_back_to(self, moment: float, tries: int) -> None:
        oldest = self.tail.window(0, 1)
        if tries and not self.tail.ends and (not oldest or oldest[0].seconds > moment):
            self._reading.start(
                lambda: self.tail.read_on(self.services.database(), 1000),
                lambda count: self._read_back_to(moment, tries - 1 if count else 0),
                self._wrong,
            )
            return
        self.view.go_to(self.tail.position_at(moment))
        self._head()

    # what is painted

    @on(MessageTail.Moved)
    def moved(self) -> None:
        """The detail follows the cursor."""
        self._show_detail()
        self._head()

    @on(MessageTail.Opened)
    def open_detail(self) -> None:
        """Enter."""
        self._detail_wanted = True
        self._arrange()

    @on(MessageTail.AtTheEnd)
    def read_on(self) -> None:
        """Behind the ring is the database."""
        if not self.tail.ends:
            self._reading.start(lambda: self.tail.read_on(self.services.database()), self._read, self._wrong)

    def _read(self, _count: int) -> None:
        self.view.look()
        self._head()

    def _wrong(self, error: Exception) -> None:
        host_of(self).say(f"the past cannot be read: {error}", bad=True)

    def _arrange(self) -> None:
        wide = self.size.width >= WIDE
        tail, detail = self.view, self.query_one(MessageDetail)
        detail.display = wide or self._detail_wanted
        tail.display = wide or not self._detail_wanted
        self.set_class(wide, "wide")
        if detail.display:
            self._show_detail()
        if not self._asking and self.is_attached and self.app.focused in (tail, detail, None):
            (tail if tail.display else detail).focus()

    def _show_detail(self) -> None:
        detail, row = self.query_one(MessageDetail), self.view.cursor
        if detail.display:
            detail.show_message(row if isinstance(row, Kept) else None)

    def _tick(self) -> None:
        if self._writer_is_busy():
            return
        self.view.look()
        if self.view.following:
            self._show_detail()
        if time.monotonic() - self._head_at >= HEAD_EVERY:
            self._head()
            self._fill_the_screen()

    def _writer_is_busy(self) -> bool:
        """Whether the terminal has not taken yet what was painted last."""
        writer = getattr(getattr(self.app, "_driver", None), "_writer_thread", None)
        waiting = getattr(writer, "_queue", None)
        return bool(waiting is not None and waiting.qsize() > 1)

    def _fill_the_screen(self) -> None:
        """Read what is recorded, once, where there is less to see than there is room for."""
        due = time.monotonic() >= self._fill_at
        if due and not self._read_once and self.view.room_left and self.services.askings:
            self._read_once = True
            if not self.tail.ends:
                self._reading.start(
                    lambda: self.tail.read_on(self.services.database()), self._read, self._not_filled
                )

    def _not_filled(self, _error: Exception) -> None:
        """The database's pipe says what is wrong; it is tried again."""
        self._read_once, self._fill_at = False, time.monotonic() + FILL_AGAIN

    def _head(self) -> None:
        self._head_at = time.monotonic()
        tail, width = self.tail, self.size.width
        numbers, following = tail.numbers(), self.services.following
        pipe = self.services.pipes()[0]
        stale = stale_words(pipe) if following else ""
        self.view.stale = bool(stale)
        self._restyle(stale=bool(stale))
        mode = mode_of(following=self.view.following, waiting=self.view.waiting)
        place = "all namespaces" if tail.everywhere else tail.topic.removeprefix("/topic/")
        left = Content.assemble(" ", mode, "  ", (brief(place, 40), "$text-muted"), self._looked_for())
        right = counts_of(numbers, following.dropped if following else 0, tail.rates(), width)
        self.query_one("#messages-head", Line).show(left, Content.assemble(right, " "))
        second = Content.styled(f" {stale}", "$text-warning") if stale else types_of(tail.types())
        self.query_one("#messages-types", Line).show(second)
        if not len(tail):
            self.view.explain(emptiness(numbers, pipe, tail.filter_text, tail.namespace))

    def _restyle(self, *, stale: bool) -> None:
        if stale != self.has_class("stale"):
            self.set_class(stale, "stale")
            self.view.refresh()

    def _looked_for(self) -> Content:
        parts = []
        if self.tail.filter_text:
            parts.append(Content.assemble("  / ", (brief(self.tail.filter_text, 60), "bold $text-warning")))
        if self.view.searched:
            parts.append(Content.assemble("  search ", (brief(self.view.searched, 40), "reverse")))
        return Content("").join(parts)


def _pretty(row: Kept) -> str:
    content: Any = row.content
    return row.body if content is None else json.dumps(content, indent=2, ensure_ascii=False)
