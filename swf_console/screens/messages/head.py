"""The lines above the messages: mode, filter, rates, types, problems."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from ...backend.core.sanitize import brief
from ...viewmodels.context import ConsoleContext
from ...widgets.tail.message_tail import MessageTail
from ...widgets.text.line import Line
from ...widgets.text.notice import Notice
from .labels import counts_label, mode_label, stale_text, types_label


class MessagesHead(Vertical):
    """Updated by the view."""

    DEFAULT_CSS = "MessagesHead { height: auto; }"

    def compose(self) -> ComposeResult:
        """Two lines and a notice."""
        yield Line(id="messages-head")
        yield Line(id="messages-types")
        yield Notice(identity="messages-notice")

    def show(self, context: ConsoleContext, view: MessageTail) -> bool:
        """Update the lines; returns whether the tail is out of date."""
        tail, following = context.tail, context.subscription
        connection = context.connections()[0]
        stale = stale_text(connection) if following else ""
        mode = mode_label(following=view.following, unseen=view.unseen)
        topic = "all namespaces" if tail.everywhere else tail.topic.removeprefix("/topic/")
        searched = _search_label(tail.filter_text, view.searched)
        left = Content.assemble(" ", mode, "  ", (brief(topic, 40), "$text-muted"), searched)
        dropped = following.dropped if following else 0
        right = counts_label(tail.counters(), dropped, tail.rates(), self.size.width)
        self.query_one("#messages-head", Line).show(left, Content.assemble(right, " "))
        self.query_one("#messages-types", Line).show(types_label(tail.types()))
        self.query_one(Notice).say(stale)
        return bool(stale)


def _search_label(filtered: str, searched: str) -> Content:
    parts = []
    if filtered:
        parts.append(Content.assemble("  / ", (brief(filtered, 60), "bold $text-warning")))
    if searched:
        parts.append(Content.assemble("  search ", (brief(searched, 40), "reverse")))
    return Content("").join(parts)
