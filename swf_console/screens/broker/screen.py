"""The Broker screen: queues, durable subscriptions, dead letters, and what an operator does to them."""

import shlex
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content

from ...actions.registry import action_of
from ...backend.core.destinations import DEAD_LETTERS
from ...backend.core.format import plural
from ...backend.core.sanitize import brief
from ...backend.services.broker.target import Target
from ...viewmodels.broker.control import compact, discard, drop, purge, resend
from ...viewmodels.broker.monitor import broker_snapshot
from ...widgets.key_labels import with_keys
from ...widgets.semantic_colors import STYLES
from ...widgets.table.short_list import ShortList
from ...widgets.text.line import Line
from ...widgets.text.notice import Notice
from ..base.document import Document
from ..base.host import host_of
from ..base.polling import Poll
from ..base.screen import StackedScreen
from ..base.views import View
from .messages import WaitingMessages, as_json
from .rows import COLUMNS, broker_items, summary, target_of_row

if TYPE_CHECKING:
    from ...backend.services.broker.records import WaitingMessage
    from ...viewmodels.broker.monitor import BrokerSnapshot
    from ...viewmodels.context import ConsoleContext

EVERY_SECONDS = 2.0
MOST_PROBLEMS = 2


class BrokerOverview(View):
    """The list of everything that the broker holds, refreshed while it is in front."""

    def __init__(self, context: "ConsoleContext", opens: Callable[[Target], None]) -> None:
        super().__init__()
        self.context, self._opens = context, opens
        self.snapshot: BrokerSnapshot | None = None
        self.poll: Poll[BrokerSnapshot] = Poll(
            self, lambda: broker_snapshot(context), self._show, self._show_trouble, every=EVERY_SECONDS
        )

    def compose(self) -> ComposeResult:
        """Store, problems, list."""
        yield Line(id="broker-summary")
        yield Notice(identity="broker-notice")
        yield ShortList(COLUMNS, identity="broker-list", empty="Loading …", markable=True)

    @property
    def listing(self) -> ShortList:
        """Durable subscriptions, queues, topics."""
        return self.query_one("#broker-list", ShortList)

    @property
    def targets(self) -> list[Target]:
        """The marked queues and durable subscriptions, or the one under the cursor."""
        found = (target_of_row(item.value) for item in self.listing.chosen)
        return [target for target in found if target is not None]

    def activated(self) -> None:
        """Start refreshing."""
        self.poll.open()
        self.listing.focus()

    def deactivated(self) -> None:
        """Stop refreshing."""
        self.poll.close()

    def refresh_now(self) -> None:
        """Read immediately."""
        self.poll.now()

    def back(self) -> bool:
        """Clear the marks."""
        if self.listing.marked:
            self.listing.unmark()
            return True
        return False

    def copy_text(self, what: str) -> str | None:
        """The name, the row, or the command line that lists the same."""
        item = self.listing.current
        if item is None or what == "command":
            return "swf-console broker subscriptions" if what == "command" else None
        return item.key.replace("\0", " ") if what == "cell" else "  ".join(cell.text for cell in item.cells)

    def _show(self, snapshot: "BrokerSnapshot") -> None:
        self.snapshot = snapshot
        text, color = summary(snapshot)
        self.query_one("#broker-summary", Line).show(Content.styled(f" {text}", STYLES[color]))
        self.listing.stale = False
        self.listing.show(list(broker_items(snapshot.contents)))
        problems = [f"{one.text}. {one.advice}" for one in snapshot.problems[:MOST_PROBLEMS]]
        more = len(snapshot.problems) - len(problems)
        if more > 0:
            problems[-1] += f" (and {more:,} more)"
        self.query_one(Notice).say(*problems, *snapshot.contents.notes)

    def _show_trouble(self, trouble: str) -> None:
        self.listing.stale = bool(trouble)
        if trouble:
            self.query_one(Notice).say(trouble)

    @on(ShortList.Chosen, "#broker-list")
    def _chosen(self, event: ShortList.Chosen) -> None:
        event.stop()
        target = target_of_row(event.item.value) if event.item else None
        if target is None:
            host_of(self).say("A topic keeps no messages: they wait in its durable subscriptions")
        else:
            self._opens(target)


class BrokerScreen(StackedScreen):
    """The overview, and the messages that are opened from it."""

    screen_name: ClassVar[str] = "broker"
    help_text: ClassVar[str] = (
        "A durable subscription keeps the messages of a topic for a client, also while that is not connected:"
        " without a client its backlog grows until the broker's store is full. Enter shows waiting messages;"
        " they stay where they are. docs/broker.md explains the limits."
    )
    DEFAULT_CSS = "BrokerScreen { height: 1fr; width: 1fr; }"

    def __init__(self, context: "ConsoleContext") -> None:
        self._overview = BrokerOverview(context, self._open)
        super().__init__(context, self._overview)

    def compose(self) -> ComposeResult:
        """The stack of views."""
        yield self._stack

    @property
    def overview(self) -> BrokerOverview:
        """The list."""
        return self._overview

    def action_back(self) -> None:
        """Go back one view; on the list, clear the marks."""
        if not self._stack.front.back():
            self._stack.pop()

    def action_letters(self) -> None:
        """Show the dead-letter queue."""
        self._stack.pop_to_first()
        self._open(Target(DEAD_LETTERS))

    def action_drop(self) -> None:
        """Remove durable subscriptions."""
        targets = self._targets("drop")
        if any(one.destination for one in targets):
            host_of(self).say("only durable subscriptions can be dropped; purge empties a queue", bad=True)
        elif targets:
            self._change("drop", targets, lambda: drop(self.context, targets))

    def action_purge(self) -> None:
        """Remove the messages of queues and durable subscriptions."""
        targets = self._targets("purge")
        if targets:
            self._change("purge", targets, lambda: purge(self.context, targets))

    def action_compact(self) -> None:
        """Compact the store of the embedded broker."""
        host = host_of(self)
        if not host.writable:
            host.say(host.refusal, bad=True)
            return
        action = action_of("compact", "broker")

        def do() -> None:
            host.record(action, "swf-console broker compact", lambda: compact(self.context), self._changed)

        host.ask("Compact the broker's store?", do)

    def action_resend(self) -> None:
        """Send dead letters again."""
        self._change_letters("resend", lambda ids: resend(self.context, ids))

    def action_discard(self) -> None:
        """Remove dead letters."""
        self._change_letters("discard", lambda ids: discard(self.context, ids))

    def _open(self, target: Target) -> None:
        self._stack.push(WaitingMessages(self.context, target, self._read))

    def _read(self, message: "WaitingMessage") -> None:
        title = f" {message.msg_type or 'message'} {message.id}"
        self._stack.push(
            Document(
                title, lambda: as_json(message), "json", f"swf-console broker browse {message.destination}"
            )
        )

    def _targets(self, verb: str) -> list[Target]:
        front = self._stack.front
        if isinstance(front, WaitingMessages):
            return [front.target]
        targets = self._overview.targets if front is self._overview else []
        if not targets:
            host_of(self).say(f"nothing to {verb} under the cursor: choose a queue or a durable subscription")
        return targets

    def _change_letters(self, verb: str, change: Callable[[Sequence[str]], str]) -> None:
        front = self._stack.front
        if not (isinstance(front, WaitingMessages) and front.is_letters):
            host_of(self).say(
                with_keys("open the dead-letter queue ({broker.letters}) to ") + f"{verb} its messages"
            )
            return
        letters = front.chosen
        if not letters:
            host_of(self).say("no dead letter under the cursor")
            return
        ids = [one.id for one in letters]
        names = [
            f"{one.msg_type or 'message'} for {one.original_destination or 'unknown'}: {one.cause or '-'}"
            for one in letters
        ]
        command = shlex.join(["swf-console", "broker", verb, *ids])
        self._confirm(
            verb,
            f"{verb.capitalize()} {plural(len(ids), 'dead letter')}?",
            names,
            command,
            lambda: change(ids),
        )

    def _change(self, verb: str, targets: Sequence[Target], change: Callable[[], str]) -> None:
        commands = (shlex.join(["swf-console", "broker", verb, *_words(target)]) for target in targets)
        what = "the messages of " if verb == "purge" else ""
        subject = f"{len(targets):,} entries" if len(targets) > 1 else brief(str(targets[0]), 50)
        title = f"{verb.capitalize()} {what}{subject}?"
        self._confirm(verb, title, [str(one) for one in targets], "; ".join(commands), change)

    def _confirm(
        self, verb: str, title: str, names: Sequence[str], command: str, change: Callable[[], str]
    ) -> None:
        host = host_of(self)
        if not host.writable:
            host.say(host.refusal, bad=True)
            return
        action = action_of(verb, "broker")
        host.confirm_many(title, names, lambda: host.record(action, command, change, self._changed))

    def _changed(self, _result: object) -> None:
        front = self._stack.front
        if isinstance(front, WaitingMessages):
            front.listing.unmark()
        self._overview.listing.unmark()
        front.refresh_now()


def _words(target: Target) -> list[str]:
    return [target.destination] if target.destination else [target.client_id, target.name]
