"""Commands on `/queue/agent_control.<user>` and their answers, as data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ...core.errors import Refused
from ...messaging.message import IncomingMessage

START, STOP, RESTART, STATUS, PING = "start_testbed", "stop_testbed", "restart", "status", "ping"
COMMANDS = (START, STOP, RESTART, STATUS, PING)
QUESTIONS = (STATUS, PING)
REPLY = "agent_control_reply"
REPLY_PREFIXES = ("/queue/agent_control.reply.", "/topic/agent_control.reply.")
# a command that waited for its manager longer than that is not what anybody wants any more
STALE = timedelta(minutes=10)
REQUESTER = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
BELOW = re.compile(r"(\.[A-Za-z0-9_-]{1,100}){0,8}")
CONFIGURATION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class ManagerCommand:
    """A command that was understood; `reply_to` is a destination of the requester's own, or None."""

    command: str
    source: str
    config_name: str | None = None
    reply_to: str | None = None
    correlation_id: str | None = None

    @property
    def asks(self) -> bool:
        """Whether it only wants to know."""
        return self.command in QUESTIONS


def control_queue(user: str) -> str:
    """Where the agent manager of `user` takes commands."""
    return f"/queue/agent_control.{user}"


def read_command(message: IncomingMessage, now: datetime | None = None) -> ManagerCommand:
    """Understand a message. Raises Refused for anything that is not to be acted upon, or answered."""
    content: Mapping[str, Any] = message.content or {}
    command = content.get("command")
    if command not in COMMANDS:
        raise Refused(f"{str(command)[:60]!r} is no command", f"There are {', '.join(COMMANDS)}")
    source = _text(content, "source") or ""
    told = _text(content, "reply_to") or message.headers.get("reply-to")
    name = _text(content, "config_name")
    if name is not None and (not CONFIGURATION.fullmatch(name) or ".." in name):
        raise Refused(f"{name[:60]!r} is no name of a configuration")
    if command not in QUESTIONS and _stale(content.get("timestamp"), now or datetime.now(UTC)):
        raise Refused(f"{command} was sent more than {STALE.total_seconds() / 60:g} minutes ago")
    return ManagerCommand(
        command=command,
        source=source[:100],
        config_name=name,
        reply_to=own_destination(told, source) if told else None,
        correlation_id=_text(content, "correlation_id") or message.headers.get("correlation-id"),
    )


def own_destination(reply_to: str, source: str) -> str:
    """`reply_to`, where it is one of the requester's own: a prefix, its `source`, perhaps words after dots.

    Raises Refused for every other: an answer must not become a command or a message to somebody else.
    """
    for prefix in REPLY_PREFIXES:
        mine = prefix + source
        if (
            REQUESTER.fullmatch(source)
            and reply_to.startswith(mine)
            and BELOW.fullmatch(reply_to[len(mine) :])
        ):
            return reply_to
    raise Refused(
        f"{reply_to[:80]!r} is no destination of {source[:60]!r}",
        f"Ask for answers on {REPLY_PREFIXES[0]}SOURCE or {REPLY_PREFIXES[1]}SOURCE",
    )


def answer(command: ManagerCommand, user: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """What is answered: who, to what, when, and what is told."""
    return {
        "msg_type": REPLY,
        "command": command.command,
        "correlation_id": command.correlation_id,
        "username": user,
        "timestamp": datetime.now(UTC).isoformat(),
        **told,
    }


def _text(content: Mapping[str, Any], name: str) -> str | None:
    """A field that is text; a wrong type is refused, since nobody can say what was meant."""
    value = content.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Refused(f"{name} is no text")
    return value


def _stale(timestamp: Any, now: datetime) -> bool:
    """Whether it was sent long ago; a time without a zone says nothing."""
    try:
        sent = datetime.fromisoformat(timestamp)
        return sent.tzinfo is not None and now - sent > STALE
    except (TypeError, ValueError, OverflowError):
        return False
