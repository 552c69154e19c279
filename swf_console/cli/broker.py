"""`swf-console broker`: serve the embedded STOMP broker; list, browse and clean what the broker holds."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..backend.core.destinations import DEAD_LETTERS
from ..backend.core.errors import Refused, UsageError
from ..backend.core.format import instant, plural, since, size
from ..backend.core.settings import load_settings
from .arguments import add, add_json, given, limit_of
from .output import brief, emit, keep_logs_off_the_screen, say, show, table

if TYPE_CHECKING:
    from ..backend.broker.websocket import WebSocketListener
    from ..backend.core.settings import Settings
    from ..backend.services.broker.records import (
        BrokerContents,
        DestinationStatus,
        DurableSubscription,
        Removal,
        WaitingMessage,
    )

QUEUE_COLUMNS = ("queue", "messages", "oldest", "size", "in flight", "consumers", "in", "out", "expired")
# what decides first: a terminal of 80 columns shows no more than the client id
SUBSCRIPTION_COLUMNS = (
    "client",
    "messages",
    "oldest",
    "size",
    "client id",
    "name",
    "topic",
    "agent",
    "selector",
)
MESSAGE_COLUMNS = ("message id", "sent (UTC)", "type", "size", "text")
LETTER_COLUMNS = ("message id", "sent (UTC)", "type", "sent to", "cause")
TARGET = "/queue/NAME, or the CLIENT-ID of a durable subscription and its NAME"
LONGEST_ID = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions; without one, serve."""
    parser.add_argument(
        "--port",
        type=int,
        metavar="N",
        help="serve: listen on this port (default: the last one, or a free one)",
    )
    parser.add_argument(
        "--websocket",
        type=int,
        metavar="PORT",
        help="serve: accept STOMP over WebSocket on this port of the loopback too (0: a free one)",
    )
    actions = parser.add_subparsers(
        dest="action", metavar="queues|subscriptions|browse|drop|purge|compact|resend|discard"
    )
    add_json(
        actions.add_parser("queues", help="queues: messages, age, size, consumers; how full the store is")
    )
    add_json(actions.add_parser("subscriptions", help="durable subscriptions: client, messages, age, size"))
    browse = actions.add_parser(
        "browse", help="show messages of a queue or of a durable subscription; they stay there"
    )
    browse.add_argument("target", nargs="*", metavar="TARGET", help=f"{TARGET} ({DEAD_LETTERS})")
    add(browse, "--limit", "N", "show N at most (50)")
    add_json(browse)
    for name, text in (
        ("drop", "remove a durable subscription with its messages"),
        ("purge", "remove the messages of a queue or of a durable subscription"),
    ):
        one = actions.add_parser(name, help=text)
        one.add_argument("target", nargs="+", metavar="TARGET", help=TARGET)
        _add_yes(one)
    _add_yes(
        actions.add_parser("compact", help="return free space in the store's file to the disk"), asks=False
    )
    for name, text in (
        ("resend", "send dead letters to their original destination again"),
        ("discard", "remove dead letters"),
    ):
        one = actions.add_parser(name, help=text)
        one.add_argument("ids", nargs="*", metavar="MESSAGE-ID", help="as browse shows them")
        one.add_argument("--all", action="store_true", help="all dead letters")
        if name == "resend":
            add(one, "--to", "DESTINATION", "send them to this one instead")
        _add_yes(one)


def _add_yes(parser: argparse.ArgumentParser, *, asks: bool = True) -> None:
    if asks:
        parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do what was requested; 2 where a confirmation is needed and cannot be asked for."""
    settings = load_settings(home=arguments.home)
    if arguments.action is None:
        return serve(arguments, settings)
    keep_logs_off_the_screen()
    actions: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
        "queues": list_queues,
        "subscriptions": list_subscriptions,
        "browse": browse,
        "drop": drop,
        "purge": purge,
        "compact": compact,
        "resend": resend,
        "discard": discard,
    }
    return actions[arguments.action](arguments, settings)


def serve(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Serve until SIGTERM or SIGINT."""
    from ..backend.broker.log import Log
    from ..backend.broker.server import serve as serve_broker

    serve_broker(
        settings.state_dir,
        port=arguments.port or settings.broker_port,
        sync=settings.broker_sync,
        log=Log(None),
        websocket=_websocket(arguments.websocket),
    )
    return 0


def _websocket(port: int | None) -> "WebSocketListener | None":
    if port is None:
        return None
    if not 0 <= port <= 65535:
        raise UsageError(f"--websocket {port} is not a port", "Use a number from 0 to 65535")
    from ..backend.broker.websocket import WebSocketListener

    return WebSocketListener(port)


def list_queues(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print the queues, those with messages first."""
    from ..backend.services.broker.operations import contents

    found = contents(settings)
    if given(arguments, "json"):
        for queue in found.queues:
            emit(queue)
        return 0
    queues = sorted(found.queues, key=lambda one: (-(one.messages or 0), one.destination))
    if queues:
        table(QUEUE_COLUMNS, map(queue_row, queues))
    else:
        say("No queues.")
    say_store(found)
    return 0


def queue_row(queue: "DestinationStatus") -> tuple[str, ...]:
    """A queue as a row of the table."""
    return (
        brief(queue.destination, LONGEST_ID),
        count(queue.messages),
        since(queue.oldest_at),
        size_of(queue.bytes, queue.limit_bytes),
        count(queue.in_flight),
        count(queue.consumers),
        count(queue.enqueued),
        count(queue.dequeued),
        count(queue.expired),
    )


def list_subscriptions(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print the durable subscriptions, those without a client first."""
    from ..backend.services.broker.operations import contents

    found = contents(settings)
    if given(arguments, "json"):
        for subscription in found.subscriptions:
            emit(subscription)
        for note in found.notes:
            say(note)
        return 0
    order = sorted(found.subscriptions, key=lambda one: (one.active, -(one.messages or 0), one.client_id))
    if order:
        table(SUBSCRIPTION_COLUMNS, map(subscription_row, order))
    else:
        say("No durable subscriptions.")
    say_store(found)
    return 0


def subscription_row(subscription: "DurableSubscription") -> tuple[str, ...]:
    """A durable subscription as a row of the table."""
    return (
        "connected" if subscription.active else "none",
        count(subscription.messages),
        since(subscription.oldest_at),
        size_of(subscription.bytes, subscription.limit_bytes),
        brief(subscription.client_id, LONGEST_ID),
        brief(subscription.name, LONGEST_ID),
        brief(subscription.destination, LONGEST_ID),
        brief(subscription.agent or "-", LONGEST_ID),
        brief(subscription.selector or "-", LONGEST_ID),
    )


def say_store(found: "BrokerContents") -> None:
    """How full the store is, and what this broker does not tell."""
    store = found.store
    if store is not None:
        free = "" if store.disk_free_bytes is None else f", {size(store.disk_free_bytes)} free on its disk"
        say(
            f"Store of {found.server} at {found.place}: {size(store.bytes)} of {size(store.limit_bytes)} "
            f"({store.fraction:.0%}){free}"
        )
        if store.refusal:
            say(f"Persistent messages are refused: {brief(store.refusal)}")
    for note in found.notes:
        say(f"Note: {note}")


def browse(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print the first messages of a queue."""
    from ..backend.services.broker.operations import browse as browse_target
    from ..backend.services.broker.target import target_of

    limit = limit_of(arguments)
    target = target_of(arguments.target or [DEAD_LETTERS])
    messages = browse_target(settings, target, limit)
    if given(arguments, "json"):
        for message in messages:
            emit(message)
        return 0
    letters = target.destination == DEAD_LETTERS
    if messages:
        table(LETTER_COLUMNS if letters else MESSAGE_COLUMNS, (message_row(one, letters) for one in messages))
    else:
        say(f"No messages in {brief(str(target))}.")
    if len(messages) == limit:
        say(f"The first {limit:,}. More: --limit N")
    return 0


def message_row(message: "WaitingMessage", letter: bool) -> tuple[str, ...]:
    """A message as a row of the table."""
    start = (brief(message.id, LONGEST_ID), instant(message.sent_at), brief(message.msg_type or "-", 40))
    if letter:
        return (
            *start,
            brief(message.original_destination or "-", LONGEST_ID),
            brief(message.cause or "-", 200),
        )
    return (*start, size(message.size), brief(message.body, 200))


def drop(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Remove a durable subscription."""
    from ..backend.services.broker.operations import drop as drop_target
    from ..backend.services.broker.target import target_of

    target = target_of(arguments.target)
    confirm(arguments, f"Drop {brief(str(target))} with all its messages?")
    return show_removals(arguments, "dropped", drop_target(settings, target))


def purge(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Remove the messages of a queue or of a durable subscription."""
    from ..backend.services.broker.operations import purge as purge_target
    from ..backend.services.broker.target import target_of

    target = target_of(arguments.target)
    confirm(arguments, f"Remove all messages of {brief(str(target))}?")
    return show_removals(arguments, "purged", purge_target(settings, target))


def show_removals(arguments: argparse.Namespace, done: str, removals: Sequence["Removal"]) -> int:
    """Print what was removed."""
    for one in removals:
        if given(arguments, "json"):
            emit(one)
        else:
            with_it = "" if one.messages is None else f": {plural(one.messages, 'message')} removed"
            show(f"{done} {brief(one.target)}{with_it}")
    return 0


def compact(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Return free space in the store's file to the disk."""
    from ..backend.services.broker.operations import compact as compact_store

    done = compact_store(settings)
    if given(arguments, "json"):
        emit(done)
    else:
        show(f"compacted: {size(done.before_bytes)} before, {size(done.after_bytes)} now")
    return 0


def resend(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Send dead letters again."""
    from ..backend.services.broker.operations import resend as resend_letters

    ids = letter_ids(arguments, settings)
    to = given(arguments, "to") or ""
    where = brief(to) if to else "their original destination"
    confirm(arguments, f"Send {plural(len(ids), 'dead letter')} to {where}?")
    return show_count(arguments, "resent", resend_letters(settings, ids, to) if ids else 0)


def discard(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Remove dead letters."""
    from ..backend.services.broker.operations import discard as discard_letters

    ids = letter_ids(arguments, settings)
    confirm(arguments, f"Remove {plural(len(ids), 'dead letter')}?")
    return show_count(arguments, "discarded", discard_letters(settings, ids) if ids else 0)


def letter_ids(arguments: argparse.Namespace, settings: "Settings") -> Sequence[str]:
    """The ids that were given, or with --all those of all dead letters. Raises UsageError."""
    from ..backend.services.broker.operations import dead_letter_ids

    if bool(arguments.ids) == arguments.all:
        raise UsageError("give message ids, or --all", f"List them: swf-console broker browse {DEAD_LETTERS}")
    return dead_letter_ids(settings) if arguments.all else arguments.ids


def show_count(arguments: argparse.Namespace, done: str, messages: int) -> int:
    """Print how many messages were handled."""
    if given(arguments, "json"):
        emit({done: messages})
    else:
        show(f"{done} {plural(messages, 'message')}")
    return 0


def confirm(arguments: argparse.Namespace, question: str) -> None:
    """Ask, unless --yes was given. Raises Refused without a yes, UsageError without a terminal to ask on."""
    if arguments.yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            f"{arguments.action} asks for confirmation, and standard input is not a terminal", "Give --yes"
        )
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise Refused("Nothing was changed", "Answer y, or give --yes")


def count(value: Any) -> str:
    """A number in a table; `?` where the broker does not tell."""
    return "?" if value is None else f"{value:,}"


def size_of(used: int | None, limit: int | None) -> str:
    """A size, with its share of the limit where there is one."""
    if used is None:
        return "?"
    return f"{size(used)} ({used / limit:.0%})" if limit else size(used)
