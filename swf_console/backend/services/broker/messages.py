"""Browsed messages as data."""

import json

from ...messaging.broker_client import RawMessage
from ...messaging.message import metadata_of
from .records import WaitingMessage
from .statistics import instant_of

ORIGINAL_DESTINATION = "original-destination"
CAUSE = "dlqDeliveryFailureCause"


def waiting_message(message: RawMessage, size: int | None = None) -> WaitingMessage:
    """A browsed message as data. `size` is that of the whole message, where its body was cut."""
    headers = message.headers
    return WaitingMessage(
        id=message.id,
        destination=headers.get("destination", ""),
        sent_at=instant_of(headers.get("timestamp")),
        msg_type=metadata_of(headers, _content(message.body)).msg_type or "",
        size=len(message.body.encode()) if size is None else size,
        body=message.body,
        headers=dict(headers),
        original_destination=headers.get(ORIGINAL_DESTINATION, ""),
        cause=headers.get(CAUSE, ""),
    )


def _content(body: str) -> dict[str, object]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
