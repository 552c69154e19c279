"""What the Broker screen does; each function blocks and returns its result as text."""

from collections.abc import Iterable, Sequence

from ...backend.core.format import plural, size
from ...backend.services.broker import operations
from ...backend.services.broker.records import Removal, WaitingMessage
from ...backend.services.broker.target import Target
from ..context import ConsoleContext

MOST_SHOWN = 500


def browse(context: ConsoleContext, target: Target) -> list[WaitingMessage]:
    """The first messages of a queue or of a durable subscription."""
    return operations.browse(context.settings, target, MOST_SHOWN)


def drop(context: ConsoleContext, targets: Iterable[Target]) -> str:
    """Remove durable subscriptions with their messages."""
    return _said("dropped", (one for target in targets for one in operations.drop(context.settings, target)))


def purge(context: ConsoleContext, targets: Iterable[Target]) -> str:
    """Remove the messages of queues and durable subscriptions."""
    return _said("purged", (one for target in targets for one in operations.purge(context.settings, target)))


def resend(context: ConsoleContext, ids: Sequence[str]) -> str:
    """Send dead letters again."""
    return f"resent {plural(operations.resend(context.settings, ids), 'message')}"


def discard(context: ConsoleContext, ids: Sequence[str]) -> str:
    """Remove dead letters."""
    return f"discarded {plural(operations.discard(context.settings, ids), 'message')}"


def compact(context: ConsoleContext) -> str:
    """Give free space in the store's file back to the disk."""
    done = operations.compact(context.settings)
    return f"{size(done.before_bytes)} before, {size(done.after_bytes)} now"


def _said(what: str, removals: Iterable[Removal]) -> str:
    done = list(removals)
    known = [one.messages for one in done if one.messages is not None]
    with_them = f" with {plural(sum(known), 'message')}" if known else ""
    return f"{what} {len(done):,}{with_them}"
