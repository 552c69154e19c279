"""Announcements: texts that users send to the topic; shown in the tail, ignored by agents."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...config.names import resolve_namespace
from ...core.destinations import EPICTOPIC
from ...core.errors import Refused, TimedOut, UsageError
from ...core.settings import Settings
from ...database import Database
from ...messaging.client import send, sender_of
from ...messaging.message import make
from ..executions.outbox import DatabaseOutbox
from ..executions.request import testbed_of
from ..ownership import check_writable

DELIVERY_SECONDS = 5.0
ANNOUNCEMENT = "announcement"
# message types that agents react to: users may not send them
CONTRACT = frozenset(
    {
        *("run_imminent", "start_run", "stf_gen", "pause_run", "resume_run", "end_run"),
        *("stf_ready", "tf_file_registered", "processing_complete"),
        *("slice", "slice_result", "run_imminent_worker"),
        *("run_workflow", "stop_workflow", "status_request"),
    }
)
TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A sent message that the broker has confirmed."""

    message_id: str
    msg_type: str
    namespace: str
    destination: str


def send_message(
    settings: Settings,
    database: Database,
    text: str,
    *,
    msg_type: str = ANNOUNCEMENT,
    namespace: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> SentMessage:
    """Send `text` to the topic and wait for the broker's receipt.

    Raises NamespaceError; UsageError for an invalid type; Refused for a type that agents react to;
    BrokerUnreachable; TimedOut without a receipt: the message is recorded then, and not sent again.
    """
    resolved = resolve_namespace(namespace, testbed_of(settings))
    check_writable(database, settings.user)
    message = make(
        EPICTOPIC,
        {
            "msg_type": checked_type(msg_type),
            "namespace": resolved,
            "message": text,
            "metadata": dict(metadata or {}),
            "timestamp": datetime.now(UTC).isoformat(),
        },
        sender=sender_of(settings),
    )
    if not send(settings, DatabaseOutbox(database), [message], DELIVERY_SECONDS):
        raise TimedOut(f"the broker did not confirm {message.id} within {DELIVERY_SECONDS:g} s")
    return SentMessage(message.id, message.msg_type, resolved, EPICTOPIC)


def checked_type(msg_type: str) -> str:
    """`msg_type`, if agents ignore it. Raises UsageError and Refused."""
    if not TYPE_NAME.fullmatch(msg_type):
        raise UsageError(f"{msg_type[:60]!r} is not a message type", f"Use letters, such as {ANNOUNCEMENT}")
    if msg_type.lower() in CONTRACT:
        raise Refused(
            f"agents react to {msg_type}: it is not allowed for announcements", f"Use {ANNOUNCEMENT}"
        )
    return msg_type
