"""Commands on `/queue/agent_control.<user>` and their replies, as data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from ...core.errors import Refused
from ...messaging.message import IncomingMessage
from ...messaging.replies import checked_reply_to

START, STOP, RESTART, STATUS, PING = "start_testbed", "stop_testbed", "restart", "status", "ping"
COMMANDS = (START, STOP, RESTART, STATUS, PING)
QUERIES = (STATUS, PING)
REPLY = "agent_control_reply"
# a command that waited longer for its manager is not carried out: the situation may have changed
STALE = timedelta(minutes=10)
CONFIGURATION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class ManagerCommand:
    """A valid command; `reply_to` is a destination of the requester, or None."""

    command: str
    source: str
    config_name: str | None = None
    reply_to: str | None = None
    correlation_id: str | None = None
    reply_requested: bool = False

    @property
    def is_query(self) -> bool:
        """Whether it changes nothing."""
        return self.command in QUERIES


def control_queue(user: str) -> str:
    """The queue on which the agent manager of `user` takes commands."""
    return f"/queue/agent_control.{user}"


def read_command(message: IncomingMessage, now: datetime | None = None) -> ManagerCommand:
    """Read a command. Raises Refused for anything that must be neither carried out nor answered."""
    content: Mapping[str, Any] = message.content or {}
    command = content.get("command")
    if command not in COMMANDS:
        raise Refused(f"{str(command)[:60]!r} is not a command", f"Commands: {', '.join(COMMANDS)}")
    source = _text(content, "source") or ""
    reply_to = _text(content, "reply_to") or message.headers.get("reply-to")
    name = _text(content, "config_name")
    if name is not None and (not CONFIGURATION.fullmatch(name) or ".." in name):
        raise Refused(f"{name[:60]!r} is not a valid configuration name")
    if command not in QUERIES and _stale(content.get("timestamp"), now or datetime.now(UTC)):
        raise Refused(f"{command} was sent more than {STALE.total_seconds() / 60:g} minutes ago")
    return ManagerCommand(
        command=command,
        source=source[:100],
        config_name=name,
        reply_to=checked_reply_to(reply_to, source) if reply_to and source else None,
        reply_requested=reply_to is not None,
        correlation_id=_text(content, "correlation_id") or message.headers.get("correlation-id"),
    )


def answer(command: ManagerCommand, user: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """The reply to a command: user, time, correlation id and the `result`."""
    return {
        "msg_type": REPLY,
        "command": command.command,
        "correlation_id": command.correlation_id,
        "username": user,
        "timestamp": datetime.now(UTC).isoformat(),
        **result,
    }


def _text(content: Mapping[str, Any], name: str) -> str | None:
    """A text field; another type is refused."""
    value = content.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Refused(f"{name} is not text")
    return value


def _stale(timestamp: Any, now: datetime) -> bool:
    """Whether it was sent too long ago; a time without a zone is not checked."""
    try:
        sent = datetime.fromisoformat(timestamp)
        return sent.tzinfo is not None and now - sent > STALE
    except (TypeError, ValueError, OverflowError):
        return False
