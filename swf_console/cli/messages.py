"""`swf-console messages`: list recorded messages, show one, follow live ones."""

import argparse
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..backend.core.destinations import EPICTOPIC
from ..backend.core.errors import TimedOut
from ..backend.core.format import as_text, instant
from ..backend.core.settings import load_settings
from ..backend.core.times import parse_time
from .arguments import add, add_json, add_page, given, limit_of, seconds_of, whole_number
from .output import (
    LONGEST_LINE,
    brief,
    emit,
    fields,
    flush,
    heading,
    keep_logs_off_the_screen,
    lines,
    say,
    show,
    table,
)

if TYPE_CHECKING:
    from ..backend.core.settings import Settings
    from ..backend.database.records.messages import MessageFilter, MessageSummary
    from ..backend.messaging.message import IncomingMessage
    from ..backend.services.messages.filter import MessageMatch
    from ..backend.services.messages.search import MessagePage

FILTER_HELP = (
    'type=stf_* run=100010 sender~fastmon "text" !heartbeat .state=run: all terms must match; = compares '
    "the whole field (* and ? are wildcards, commas separate alternatives), ~ searches within a field, a "
    "word is searched in the whole message, ! negates a term, .name is a field of the body. Put it before "
    "the flags."
)
TERM = re.compile(r'[=~"]|^[!.]')
MOST = 10**9


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions; without one, list."""
    add_list_arguments(parser)
    actions = parser.add_subparsers(dest="action", metavar="list|show|tail")
    listed = actions.add_parser("list", help="list recorded messages, newest first")
    listed.add_argument("filter", nargs="*", metavar="FILTER", help=FILTER_HELP)
    add_list_arguments(listed)
    shown = actions.add_parser("show", help="show a recorded message with its content")
    shown.add_argument("message", metavar="ID", help="the message's id")
    add_json(shown, "one JSON object")
    tail = actions.add_parser("tail", help="follow the live messages of a topic")
    tail.add_argument("filter", nargs="*", metavar="FILTER", help=FILTER_HELP)
    add(tail, "--topic", "TOPIC", "the topic to follow (/topic/epictopic)")
    add(tail, "--count", "N", "stop after N messages")
    add(tail, "--timeout", "S", "stop after S seconds (exit 4 if fewer than --count messages have come)")
    add_json(tail)


def implied_action(words: Sequence[str]) -> list[str]:
    """`list`, if the first word is a term of a filter."""
    first = words[0] if words else ""
    return ["list"] if not first.startswith("-") and TERM.search(first) else []


def add_list_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that filter the list."""
    add(parser, "--namespace", "N", "only messages of this namespace")
    add(parser, "--execution", "ID", "only messages of this execution")
    add(parser, "--run-id", "ID", "only messages of this DAQ run")
    add(parser, "--type", "TYPE", "only messages of this type; stf_* matches all that start with stf_")
    add(parser, "--sender", "NAME", "only messages of this sender")
    add(parser, "--since", "TIME", "only messages sent since: 2026-01-31T12:00 (UTC), or 10m, 2h, 3d ago")
    add(parser, "--until", "TIME", "only messages sent before")
    add_page(parser)
    add_json(parser, "one JSON object a line; the last line names the next page, if there is one")


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    actions: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
        "list": list_recorded,
        "show": show_one,
        "tail": tail,
    }
    return actions[arguments.action or "list"](arguments, load_settings(home=arguments.home))


def match_of(arguments: argparse.Namespace) -> "MessageMatch":
    """The filter of the positional words."""
    from ..backend.services.messages.filter import compile_filter

    return compile_filter(" ".join(given(arguments, "filter") or []))


def list_recorded(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print a page, newest first."""
    from ..backend.services.database import opened
    from ..backend.services.messages.search import list_messages

    wanted, match, limit = filter_of(arguments), match_of(arguments), limit_of(arguments)
    with opened(settings) as database:
        page = list_messages(database, wanted, match, given(arguments, "after"), limit)
    if arguments.json:
        for item in page.items:
            emit(item)
        if page.next:
            emit({"next": page.next})
        return 0
    if page.items:
        table(
            ("sent (UTC)", "delivered", "type", "run", "execution", "sender", "destination"),
            map(row_of, page.items),
        )
    say_rest(page, filtered=bool(match.terms) or any(asdict(wanted).values()))
    return 0


def filter_of(arguments: argparse.Namespace) -> "MessageFilter":
    """The filter of the flags."""
    from ..backend.database.records.messages import MessageFilter

    return MessageFilter(
        namespace=given(arguments, "namespace"),
        execution_id=given(arguments, "execution"),
        run_id=given(arguments, "run_id"),
        message_type=given(arguments, "type"),
        sender=given(arguments, "sender"),
        since=parse_time(given(arguments, "since"), "--since"),
        until=parse_time(given(arguments, "until"), "--until"),
    )


def row_of(message: "MessageSummary") -> tuple[str, ...]:
    """A message as a row of the list."""
    return (
        instant(message.sent_at, milliseconds=True),
        "yes" if message.is_delivered else "no",
        brief(message.message_type, 50),
        brief(message.run_id, 50),
        brief(message.execution_id, 100),
        brief(message.sender_agent, 100),
        brief(message.queue_name, 100),
    )


def say_rest(page: "MessagePage", *, filtered: bool) -> None:
    """Say what is not on the page, and the next step."""
    if page.unfinished:
        say(f"{page.looked_at:,} messages were searched, {len(page.items):,} of them match.")
    if page.next:
        say(f"More: the same with --after {page.next}")
    elif not page.items and filtered:
        say("No messages match. Remove a condition, or follow live messages: swf-console messages tail")
    elif not page.items:
        say("No messages yet. Run a workflow: swf-console --run stf_datataking --namespace NAME")


def show_one(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print a recorded message."""
    from ..backend.services.database import opened
    from ..backend.services.messages.search import find_message

    with opened(settings) as database:
        message = find_message(database, arguments.message)
    if arguments.json:
        emit(message)
        return 0
    show(f"{brief(message.message_type, 50)}  {message.message_id}")
    fields(
        [
            ("sent", f"{instant(message.sent_at, milliseconds=True)} UTC"),
            (
                "delivered",
                f"{instant(message.delivered_at, milliseconds=True)} UTC"
                if message.delivered_at
                else "yes, recorded by another program without the time"
                if message.is_delivered
                else "no: no broker has confirmed it",
            ),
            ("destination", message.queue_name),
            ("sender", message.sender_agent),
            ("namespace", message.namespace),
            ("execution", message.execution_id),
            ("run", message.run_id),
            ("correlation", message.correlation_id),
            ("metadata", as_text(message.metadata) if message.metadata else None),
        ]
    )
    heading("Content")
    lines(json.dumps(message.content, indent=2, ensure_ascii=False))
    return 0


def tail(arguments: argparse.Namespace, settings: "Settings") -> int:
    """Print live messages until --count, --timeout or Ctrl-C."""
    from ..backend.services.messages.follow import Tail

    keep_logs_off_the_screen()
    count = whole_number(given(arguments, "count"), "--count", MOST, MOST)
    timeout = seconds_of(given(arguments, "timeout"), "--timeout", None)
    topic = given(arguments, "topic") or EPICTOPIC
    with Tail(settings, topic, match_of(arguments), narrate) as following:
        say(f"Following {brief(topic)} on {brief(following.place)}. Stop it with Ctrl-C.")
        shown = show_live(following.messages(timeout), count, as_json=arguments.json)
        if following.missed:
            say(f"{following.missed:,} messages were missed: the broker did not deliver them")
        if following.dropped:
            say(f"{following.dropped:,} messages were dropped: they came faster than they could be printed")
    if count < MOST and shown < count:
        raise TimedOut(f"{shown:,} of {count:,} messages came within {timeout:g} s")
    return 0


def narrate(line: str) -> None:
    """Print a line about the connection."""
    say(f"swf-console: {brief(line)}")


def show_live(messages: Any, count: int, *, as_json: bool) -> int:
    """Print up to `count` of `messages`, each immediately; returns how many were printed."""
    shown = 0
    for message in messages:
        if as_json:
            emit(document_of(message))
        else:
            show(line_of(message))
        flush()
        shown += 1
        if shown >= count:
            break
    return shown


def document_of(message: "IncomingMessage") -> dict[str, Any]:
    """A live message as JSON; a body that is not a JSON object is a string."""
    known = message.content is not None
    return {
        "message_id": message.id,
        "message_type": message.msg_type,
        "sender_agent": message.sender,
        "namespace": message.namespace,
        "execution_id": message.execution_id,
        "run_id": message.run_id,
        "queue_name": message.destination,
        "received_at": message.received_at,
        "content": message.content if known else message.body,
        "problem": message.problem,
    }


def line_of(message: "IncomingMessage") -> str:
    """A live message on one line: time, type, run, sender, and the rest of its body."""
    shown = {"msg_type", "run_id", "sender", "namespace", "execution_id", "timestamp"}
    rest = {name: value for name, value in (message.content or {}).items() if name not in shown}
    body = " ".join(f"{name}={as_text(value)}" for name, value in rest.items())
    if message.content is None:
        body = f"({message.problem}) {message.body}"
    when = instant(message.received_at, milliseconds=True).partition(" ")[2]
    kind, run = brief(message.msg_type, 50), brief(message.run_id, 50)
    return f"{when}  {kind:<14}  {run}  {brief(message.sender, 100)}  {brief(body, LONGEST_LINE)}"
