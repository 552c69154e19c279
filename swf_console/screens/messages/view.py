"""The view of the Messages screen: head, live tail, detail, and loading of history."""

import os
import time

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer

from ...viewmodels.context import ConsoleContext
from ...viewmodels.messages.history import SKEW_SECONDS
from ...viewmodels.messages.ring_buffer import BufferedMessage
from ...widgets.repaint import RepaintLimiter
from ...widgets.tail.message_tail import MessageTail
from ..base.host import host_of
from ..base.prompt import Prompt
from ..base.screen import WIDE
from .detail import MessageDetail
from .head import MessagesHead
from .history import MessageHistory
from .labels import empty_text

# rates and counts that change ten times a second cannot be read
HEAD_EVERY = 0.5


class MessagesView(Vertical):
    """The tail, repainted as fast as the terminal allows, with the detail beside it or instead of it."""

    DEFAULT_CSS = "MessagesView { height: 1fr; width: 1fr; }"

    def __init__(self, context: ConsoleContext) -> None:
        super().__init__()
        self.head, self.prompt = MessagesHead(), Prompt()
        self.rows, self.detail = MessageTail(context.tail), MessageDetail()
        self.history = MessageHistory(self, context, self._history_loaded, self.not_read)
        self.context, self._tail = context, context.tail
        self._timer: Timer | None = None
        self._over_ssh, self._repaint = bool(os.environ.get("SSH_CONNECTION")), RepaintLimiter()
        self._head_at = 0.0
        self._detail_wanted = False

    def compose(self) -> ComposeResult:
        yield self.head
        yield self.prompt
        with Horizontal(id="messages-body"):
            yield self.rows
            yield self.detail

    def on_mount(self) -> None:
        """Arrange the parts."""
        self._arrange()

    def on_resize(self) -> None:
        """Arrange the parts anew."""
        self._arrange()

    def start(self) -> None:
        """Start updating."""
        if self._timer is None:
            preferences = self.context.preferences
            frames = preferences.frames_ssh if self._over_ssh else preferences.frames
            self._timer = self.set_interval(1 / frames, self._tick)
        self._tick()

    def stop(self) -> None:
        """Stop updating; the buffer still receives messages."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def reload(self) -> None:
        """Reload everything."""
        self.history.reset()
        self._head_at = 0.0
        self.rows.reload()
        self._tick()

    def toggle_detail(self) -> None:
        """Show the message beside the list, or instead of it."""
        self._detail_wanted = not self._detail_wanted
        self._arrange()

    def close_detail(self) -> bool:
        """Close a detail that is shown instead of the list; returns whether there was one."""
        closes = self.size.width < WIDE and self._detail_wanted
        if closes:
            self.toggle_detail()
        return closes

    def focus_shown(self) -> None:
        """Give the focus to what is shown."""
        (self.rows if self.rows.display else self.detail).focus()

    def paint_head(self) -> None:
        """Update the head, and the explanation of an empty list."""
        self._head_at = time.monotonic()
        stale = self.head.show(self.context, self.rows)
        self._restyle(stale=stale)
        if not len(self._tail):
            connection = self.context.connections()[0]
            counters = self._tail.counters()
            self.rows.explain(empty_text(counters, connection, self._tail.filter_text, self._tail.namespace))

    @on(MessageTail.Moved)
    def moved(self) -> None:
        """Show the detail of the message under the cursor."""
        self._show_detail()
        self.paint_head()

    @on(MessageTail.Opened)
    def open_detail(self) -> None:
        """Enter: show the detail."""
        self._detail_wanted = True
        self._arrange()

    @on(MessageTail.OlderRowsRequested)
    def load_older(self) -> None:
        """Load older messages from the database."""
        self.history.load_older()

    @on(MessageTail.RowsDropped)
    def reload_lost(self, event: MessageTail.RowsDropped) -> None:
        """Load the message again that has left the buffer."""
        row = event.row
        if isinstance(row, BufferedMessage):
            self.history.back_to(
                # the clocks of sender and recorder differ: begin a little earlier
                row.seconds - SKEW_SECONDS,
                lambda: self.rows.resume_at(self._tail.position_of(row), event.by),
            )

    def _history_loaded(self) -> None:
        self.rows.update()
        self.paint_head()

    def not_read(self, error: Exception) -> None:
        """Show why older messages cannot be loaded."""
        host_of(self).say(f"cannot load history: {error}", bad=True)

    def _arrange(self) -> None:
        wide = self.size.width >= WIDE
        rows, detail = self.rows, self.detail
        detail.display = wide or self._detail_wanted
        rows.display = wide or not self._detail_wanted
        self.set_class(wide, "wide")
        if detail.display:
            self._show_detail()
        if not self.prompt.is_open and self.is_attached and self.app.focused in (rows, detail, None):
            self.focus_shown()

    def _show_detail(self) -> None:
        row = self.rows.cursor
        if self.detail.display:
            self.detail.show_message(row if isinstance(row, BufferedMessage) else None)

    def _tick(self) -> None:
        # a link that is slower than the output would delay the answers to keys by seconds
        if not self._repaint.due(getattr(self.app._driver, "output", None)):
            return
        self.rows.compact = self._over_ssh or self._repaint.slow
        self.rows.update()
        if time.monotonic() - self._head_at >= HEAD_EVERY:
            self.paint_head()
            if self.rows.following:
                self._show_detail()
            if self.rows.has_blank_lines:
                self.history.fill()

    def _restyle(self, *, stale: bool) -> None:
        self.rows.stale = stale
        if stale != self.has_class("stale"):
            self.set_class(stale, "stale")
            self.rows.refresh()
