"""Messages as server-sent events: the fields that filters use, and the encoded frame."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...backend.core.format import iso
from ...backend.database.records.messages import MessageRecord, NewMessage
from ...backend.http_server.responses import encode

_NOT_IN_EVENT_NAME = re.compile(r"[^!-~]+")


@dataclass(frozen=True, slots=True)
class Event:
    """One message of the stream, encoded once for all clients."""

    id: str
    msg_type: str
    agents: frozenset[str]
    run_id: str | None
    namespace: str | None
    execution_id: str | None
    frame: bytes


@dataclass(frozen=True, slots=True)
class EventFilter:
    """A filter: every given condition must hold; None is not given."""

    msg_types: frozenset[str] | None = None
    agents: frozenset[str] | None = None
    run_ids: frozenset[str] | None = None
    namespace: str | None = None
    execution_id: str | None = None

    def __call__(self, event: Event) -> bool:
        """Whether the event passes."""
        return (
            (self.msg_types is None or event.msg_type in self.msg_types)
            and (self.agents is None or not self.agents.isdisjoint(event.agents))
            and (self.run_ids is None or event.run_id in self.run_ids)
            and (self.namespace is None or event.namespace == self.namespace)
            and (self.execution_id is None or event.execution_id == self.execution_id)
        )

    def to_json(self) -> dict[str, Any]:
        """The given conditions as JSON."""
        lists = {"msg_types": self.msg_types, "agents": self.agents, "run_ids": self.run_ids}
        return {
            **{name: sorted(words) for name, words in lists.items() if words is not None},
            **({"namespace": self.namespace} if self.namespace is not None else {}),
            **({"execution_id": self.execution_id} if self.execution_id is not None else {}),
        }


def frame(event: str, data: Mapping[str, Any], identity: str | None = None) -> bytes:
    """The bytes of one event. JSON in ASCII has no line break, so data is one line."""
    head = f"id: {identity}\n" if identity else ""
    return f"{head}event: {event}\ndata: ".encode("ascii") + encode(data) + b"\n\n"


def gap_event(reason: str, missed: int | None = None) -> Event:
    """An event for every client: messages are missing here. It has no id, so that no replay starts there."""
    data = frame("gap", {"reason": reason, "missed": missed, "timestamp": iso(datetime.now(UTC))})
    return Event("", "gap", frozenset(), None, None, None, data)


def event_of(message: MessageRecord | NewMessage, content: Any) -> Event:
    """The event of a message with this content."""
    data = content if isinstance(content, dict) else {"content": content}
    by = data.get("processed_by")
    agents = {name for name in (message.sender_agent, by) if isinstance(name, str) and name}
    return Event(
        id=message.message_id,
        msg_type=message.message_type,
        agents=frozenset(agents),
        run_id=message.run_id,
        namespace=message.namespace,
        execution_id=message.execution_id,
        frame=frame(
            _NOT_IN_EVENT_NAME.sub("_", message.message_type) or "message",
            {**data, **_metadata(message, message.sent_at)},
            message.message_id,
        ),
    )


def _metadata(message: MessageRecord | NewMessage, sent_at: datetime) -> dict[str, Any]:
    return {
        "sender_agent": message.sender_agent,
        "namespace": message.namespace,
        "queue_name": message.queue_name,
        "sent_at": iso(sent_at),
    }
