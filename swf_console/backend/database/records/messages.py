"""Rows of messages, frozen; times are aware UTC, ids UUID text. Named tuples where many are made."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple


class NewMessage(NamedTuple):
    """A message to store. Its content is `content_json` (JSON text, stored unchanged) or else `content`."""

    message_id: str
    message_type: str
    sent_at: datetime
    content: Any = None
    content_json: str | None = None
    namespace: str | None = None
    execution_id: str | None = None
    run_id: str | None = None
    sender_agent: str | None = None
    queue_name: str | None = None
    correlation_id: str | None = None
    metadata: dict[str, Any] | None = None
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSummary:
    """A message in a list, without its content."""

    message_id: str
    message_type: str
    sender_agent: str | None
    namespace: str | None
    execution_id: str | None
    run_id: str | None
    queue_name: str | None
    sent_at: datetime
    delivered_at: datetime | None
    is_successful: bool | None

    @property
    def is_delivered(self) -> bool:
        """Whether the broker confirmed it; other programs store that without the time."""
        return self.delivered_at is not None or bool(self.is_successful)


@dataclass(frozen=True, slots=True)
class MessageRecord(MessageSummary):
    """A message with its content."""

    content: Any
    metadata: dict[str, Any] | None
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """All given conditions must hold. A `message_type` may end in `*`; `until` is exclusive.

    With `or_no_namespace` messages without a namespace match too, which agents of every namespace obey;
    messages without a recorded destination match every `destination`.
    """

    namespace: str | None = None
    execution_id: str | None = None
    run_id: str | None = None
    message_type: str | None = None
    sender: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    destination: str | None = None
    or_no_namespace: bool = False
