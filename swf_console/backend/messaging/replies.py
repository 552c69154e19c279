"""Where replies to commands may go: to destinations of the requester, so that none becomes a command.

`reply_to` comes from outside: without this rule, a message could make a service send to any queue.
"""

import re

from ..core.errors import Refused

AGENT_CONTROL, WORKFLOW_CONTROL = "agent_control", "workflow_control"
# the broker makes these for one connection, or rewrites them for ours
TEMPORARY = re.compile(r"/(remote-)?temp-(queue|topic)/[!-+\--~]{1,200}")  # no comma: composite destinations
SOURCE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
BELOW = re.compile(r"(\.[A-Za-z0-9_-]{1,100}){0,8}")
# `reply` is how 0.1 spells it
PREFIX = re.compile(rf"/(topic|queue)/({AGENT_CONTROL}|{WORKFLOW_CONTROL})\.(replies|reply)\.")


def reply_topic(service: str, source: str) -> str:
    """The topic for the replies of `service` to the requester `source`."""
    return f"/topic/{service}.replies.{source}"


def checked_reply_to(reply_to: str, *sources: str) -> str:
    """`reply_to`, if it is temporary or belongs to one of `sources`. Raises Refused for any other.

    A requester's destinations are /topic or /queue, `<service>.replies.<source>`, and more words after dots.
    """
    if TEMPORARY.fullmatch(reply_to):
        return reply_to
    prefix = PREFIX.match(reply_to)
    name = reply_to[prefix.end() :] if prefix else ""
    if any(SOURCE.fullmatch(one) and _is_below(name, one) for one in sources):
        return reply_to
    raise Refused(
        f"reply_to {reply_to[:80]!r} is not a destination of source {(sources or ('',))[0][:60]!r}",
        f"Use /topic/SERVICE.replies.SOURCE (SERVICE: {WORKFLOW_CONTROL}, {AGENT_CONTROL}) or /temp-queue/X",
    )


def _is_below(name: str, source: str) -> bool:
    return name.startswith(source) and BELOW.fullmatch(name[len(source) :]) is not None
