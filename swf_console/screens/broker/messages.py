"""The messages of a queue or of a durable subscription, as a view over the list."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from ...backend.core.destinations import DEAD_LETTERS
from ...backend.core.format import plural
from ...backend.core.sanitize import brief
from ...backend.services.broker.target import Target
from ...viewmodels.broker.control import MOST_SHOWN, browse
from ...widgets.key_labels import with_keys
from ...widgets.table.short_list import Item, ShortList
from ...widgets.text.line import Line
from ...widgets.worker import BlockingCall
from ..base.polling import cause_of
from ..base.views import View
from .rows import LETTER_COLUMNS, MESSAGE_COLUMNS, message_item

if TYPE_CHECKING:
    from ...backend.services.broker.records import WaitingMessage
    from ...viewmodels.context import ConsoleContext

KEYS_OF_LETTERS = "{broker.resend} resend   {broker.discard} discard   Enter read   Esc back "
KEYS = "Enter read   Esc back "


class WaitingMessages(View):
    """Reads once, and again on `refresh_now`: reading a queue costs the broker something."""

    def __init__(
        self, context: "ConsoleContext", target: Target, opens: "Callable[[WaitingMessage], None]"
    ) -> None:
        super().__init__()
        self.context, self.target, self._opens = context, target, opens
        self.is_letters = target.destination == DEAD_LETTERS
        self.loaded = False
        self._reading = BlockingCall(self, "browse")

    def compose(self) -> ComposeResult:
        """Title, messages."""
        yield Line(id="waiting-title")
        yield ShortList(
            LETTER_COLUMNS if self.is_letters else MESSAGE_COLUMNS,
            identity="waiting-list",
            empty="Loading …",
            markable=self.is_letters,
        )

    def on_mount(self) -> None:
        """Start reading."""
        self._head("Loading … ")
        self.refresh_now()
        super().on_mount()

    @property
    def listing(self) -> ShortList:
        """The messages."""
        return self.query_one("#waiting-list", ShortList)

    def activated(self) -> None:
        """Give the focus to the list."""
        self.listing.focus()

    def refresh_now(self) -> None:
        """Read again."""
        self._reading.start(lambda: browse(self.context, self.target), self._show, self._failed)

    def back(self) -> bool:
        """Clear the marks."""
        if self.listing.marked:
            self.listing.unmark()
            return True
        return False

    @property
    def chosen(self) -> "list[WaitingMessage]":
        """The marked messages, or the one under the cursor."""
        return [message_of(item) for item in self.listing.chosen]

    def copy_text(self, what: str) -> str | None:
        """The id, the row, the message as JSON, or the command line that lists it."""
        if what == "command":
            return f"swf-console broker browse {self.target}"
        item = self.listing.current
        if item is None:
            return None
        texts = {"cell": item.key, "json": as_json(message_of(item))}
        return texts.get(what, "  ".join(cell.text for cell in item.cells))

    def _show(self, messages: "Sequence[WaitingMessage]") -> None:
        self.loaded = True
        self.listing.stale = False
        self.listing.set_empty_text(f"No messages in {brief(str(self.target), 120)}")
        self.listing.show([message_item(one, self.is_letters) for one in messages])
        count = (
            f"the first {MOST_SHOWN:,}" if len(messages) == MOST_SHOWN else plural(len(messages), "message")
        )
        self._head(with_keys(KEYS_OF_LETTERS if self.is_letters else KEYS), count)

    def _failed(self, error: Exception) -> None:
        self.listing.stale = True
        self._head(f"{cause_of(error)} ")

    def _head(self, right: str, count: str = "") -> None:
        title = Content.assemble((f" {brief(str(self.target), 120)} ", "bold"), (count, ""))
        self.query_one("#waiting-title", Line).show(title, Content(right))

    @on(ShortList.Chosen, "#waiting-list")
    def _chosen(self, event: ShortList.Chosen) -> None:
        event.stop()
        if event.item is not None:
            self._opens(message_of(event.item))


def message_of(item: Item) -> "WaitingMessage":
    """The message that a row shows."""
    return cast("WaitingMessage", item.value)


def as_json(message: "WaitingMessage") -> str:
    """A message to read: its headers, and its body as JSON where it is that."""
    try:
        body = json.loads(message.body)
    except (ValueError, RecursionError):
        body = message.body
    return json.dumps({"headers": message.headers, "body": body}, indent=2, ensure_ascii=False)
