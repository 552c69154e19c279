"""What is seen of messages: the head, the live tail, the message under the cursor, the past behind it."""

import os
import time

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.timer import Timer

from ..backend.operations.console.history import SKEW_SECONDS
from ..backend.operations.console.ring import Kept
from ..backend.operations.console.services import ConsoleServices
from ..widgets.message_tail import MessageTail
from ..widgets.pace import Pace
from .entry import Entry
from .host import host_of
from .message_detail import MessageDetail
from .message_history import MessageHistory
from .message_words import emptiness
from .messages_head import MessagesHead
from .pane import Pane

WIDE = 120
HEAD_EVERY = 0.5


class MessagesView(Pane):
    """The tail as it comes, painted at its pace, with the detail beside it or instead of it."""

    def __init__(self, services: ConsoleServices) -> None:
        super().__init__(services)
        self.tail = services.tail
        self._timer: Timer | None = None
        self._far, self._pace = bool(os.environ.get("SSH_CONNECTION")), Pace()
        self._head_at = 0.0
        self._detail_wanted = False
        self._history = MessageHistory(self, services, self._came, self._wrong)

    def compose(self) -> ComposeResult:
        yield MessagesHead()
        yield Entry()
        with Horizontal(id="messages-body"):
            yield MessageTail(self.tail)
            yield MessageDetail()

    def on_mount(self) -> None:
        """The detail stands beside the tail where there is room."""
        self._arrange()

    def on_resize(self) -> None:
        """Another width arranges anew."""
        self._arrange()

    def opened(self) -> None:
        """Begin to look."""
        if self._timer is None:
            preferences = self.services.preferences
            frames = preferences.frames_ssh if self._far else preferences.frames
            self._timer = self.set_interval(1 / frames, self._tick)
        self._tick()

    def closed(self) -> None:
        """Look no more; the tail goes on."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def refresh_now(self) -> None:
        """Everything anew."""
        self._history.begin_anew()
        self._head_at = 0.0
        self.view.show_anew()
        self._tick()

    @property
    def view(self) -> MessageTail:
        """The tail on screen."""
        return self.query_one(MessageTail)

    @property
    def entry(self) -> Entry:
        """Where a filter, a text or a time is typed."""
        return self.query_one(Entry)

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
        self._history.read_on()

    @on(MessageTail.Lost)
    def find_again(self, event: MessageTail.Lost) -> None:
        """What was read has left the ring: it is recorded."""
        row = event.row
        if isinstance(row, Kept):
            self._history.back_to(
                row.seconds - SKEW_SECONDS,
                lambda: self.view.come_back(self.tail.position_of(row), event.by),
            )

    def _came(self) -> None:
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
        if not self.entry.open and self.is_attached and self.app.focused in (tail, detail, None):
            (tail if tail.display else detail).focus()

    def _show_detail(self) -> None:
        detail, row = self.query_one(MessageDetail), self.view.cursor
        if detail.display:
            detail.show_message(row if isinstance(row, Kept) else None)

    def _tick(self) -> None:
        if not self._pace.due(getattr(self.app._driver, "output", None)):
            return
        self.view.calm = self._far or self._pace.slow
        self.view.look()
        if time.monotonic() - self._head_at >= HEAD_EVERY:
            self._head()
            if self.view.following:
                self._show_detail()
            if self.view.room_left:
                self._history.fill()

    def _head(self) -> None:
        self._head_at = time.monotonic()
        stale = self.query_one(MessagesHead).show(self.services, self.view)
        self._restyle(stale=stale)
        if not len(self.tail):
            pipe = self.services.pipes()[0]
            numbers = self.tail.numbers()
            self.view.explain(emptiness(numbers, pipe, self.tail.filter_text, self.tail.namespace))

    def _restyle(self, *, stale: bool) -> None:
        self.view.stale = stale
        if stale != self.has_class("stale"):
            self.set_class(stale, "stale")
            self.view.refresh()
