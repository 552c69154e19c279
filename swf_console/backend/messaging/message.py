"""Outgoing and incoming messages; reading a message from outside never raises."""

import json
import random
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from ..core.errors import UsageError

PREFIXES = (
    "/topic/",
    "/queue/",
    "/temp-queue/",
    "/temp-topic/",
    "/remote-temp-queue/",
    "/remote-temp-topic/",
)
CONTENT_TYPE = "application/json"
ID_HEADER = "swf_message_id"
NUMBER_LIMIT = 2.0**63
is_canonical_uuid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII).fullmatch

_encode = json.JSONEncoder(allow_nan=False).encode


class MessageMetadata(NamedTuple):
    """A message's fields besides its id and body: what lists show and filters compare.

    Many messages have equal metadata, and can share one object: that saves memory in the tail.
    """

    destination: str
    msg_type: str | None = None
    namespace: str | None = None
    execution_id: str | None = None
    run_id: str | None = None
    sender: str | None = None


# the fields of the content that hold the metadata
METADATA_FIELDS = MessageMetadata._fields[1:]
TEXT = {str}


class OutgoingMessage(NamedTuple):
    """One message with its metadata and its JSON body; `id` is its swf_message_id on every path."""

    id: str
    destination: str
    content: dict[str, Any]
    body: str
    headers: dict[str, str]
    msg_type: str
    namespace: str | None
    execution_id: str | None
    run_id: str | None
    sender: str | None
    created_at: datetime


class Draft(NamedTuple):
    """A checked message that another thread encodes later.

    `created_at` is in seconds since 1970.
    """

    destination: str
    content: dict[str, Any]
    execution_id: str | None
    created_at: float


class Delivery(NamedTuple):
    """The broker confirmed message `id` with a receipt at that time (UTC)."""

    id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """One received message; if the body is not a JSON object, `content` is None and `problem` says why."""

    id: str
    destination: str
    headers: dict[str, str]
    body: str
    content: dict[str, Any] | None
    msg_type: str | None
    namespace: str | None
    execution_id: str | None
    run_id: str | None
    sender: str | None
    received_at: datetime
    problem: str | None = None
    redelivered: bool = field(default=False, compare=False)

    @property
    def metadata(self) -> MessageMetadata:
        """Its metadata."""
        return MessageMetadata(*(getattr(self, name) for name in MessageMetadata._fields))

    @property
    def sent_at(self) -> datetime:
        """The time of sending (UTC); the time of arrival without a valid timestamp."""
        timestamp = (self.content or {}).get("timestamp")
        try:
            moment = datetime.fromisoformat(timestamp) if isinstance(timestamp, str) else None
        except ValueError:
            moment = None
        if moment is None:
            return self.received_at
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def make(
    destination: str,
    content: Mapping[str, Any],
    *,
    sender: str | None = None,
    namespace: str | None = None,
    headers: Mapping[str, str] | None = None,
    message_id: str | None = None,
) -> OutgoingMessage:
    """Build a message: add sender and namespace to `content` if missing, encode it, add headers and an id.

    Raises UsageError for a bare destination, and for content that is not valid JSON.
    """
    check_destination(destination)
    full = dict(content)
    if sender is not None:
        full.setdefault("sender", sender)
    if namespace is not None:
        full.setdefault("namespace", namespace)
    made = _build(destination, full, message_id or new_id(), datetime.now(UTC))
    made.headers.update(headers or {})
    _check(made.headers)
    return made


def _build(destination: str, content: dict[str, Any], identity: str, created_at: datetime) -> OutgoingMessage:
    msg_type, namespace, execution_id, run_id, sender = (_text(content.get(name)) for name in METADATA_FIELDS)
    headers = {"persistent": "true", ID_HEADER: identity}
    if msg_type:
        headers["msg_type"] = msg_type
    if namespace:
        headers["namespace"] = namespace
    if execution_id:
        headers["execution_id"] = execution_id
    if run_id:
        headers["run_id"] = run_id
    return OutgoingMessage(
        identity,
        destination,
        content,
        write_body(content),
        headers,
        msg_type or "",
        namespace or None,
        execution_id or None,
        run_id or None,
        sender,
        created_at,
    )


def draft(destination: str, content: dict[str, Any]) -> Draft | OutgoingMessage:
    """Check what make() would refuse, and leave the encoding to write(); `content` then belongs to the draft.

    A missing timestamp is set to the current time. Encoding is deferred because the processor has just
    left its sleep when an STF is due: encoding at that moment takes ten times as long.
    """
    check_destination(destination)
    if not _is_plain(content):
        content.setdefault("timestamp", datetime.now(UTC).isoformat(timespec="microseconds"))
        return make(destination, content)
    return Draft(destination, content, _text(content.get("execution_id")), time.time())


def write(message: Draft | OutgoingMessage) -> OutgoingMessage:
    """Encode a draft; a message that is already encoded is returned unchanged."""
    if isinstance(message, OutgoingMessage):
        return message
    created_at = datetime.fromtimestamp(message.created_at, UTC)
    message.content.setdefault("timestamp", created_at.isoformat(timespec="microseconds"))
    return _build(message.destination, message.content, new_id(), created_at)


def new_id() -> str:
    """Make a UUID of version 7 (RFC 9562): the time comes first, so a database index grows at its end."""
    milliseconds = time.time_ns() // 1_000_000
    random_bits = random.getrandbits(74)
    number = (
        milliseconds << 80
        | 7 << 76
        | (random_bits >> 62) << 64
        | 2 << 62
        | random_bits & 0x3FFF_FFFF_FFFF_FFFF
    )
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


@lru_cache(maxsize=1024)
def check_destination(destination: str) -> str:
    """Return `destination`, or raise UsageError if it is bare, empty or not printable."""
    for prefix in PREFIXES:
        if destination.startswith(prefix) and len(destination) > len(prefix) and destination.isprintable():
            return destination
    raise UsageError(f"{destination!r} is not a destination", "Write /topic/NAME or /queue/NAME")


def write_body(content: Mapping[str, Any]) -> str:
    """Write `content` as JSON; UsageError if a value is not valid JSON (NaN and Infinity are not)."""
    try:
        return _encode(content)
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the message cannot be written as JSON: {error}") from error


def read(headers: Mapping[str, str], body: str) -> IncomingMessage:
    """Decode a MESSAGE frame of any sender: missing headers, other bodies, wrong types are not errors."""
    content, problem = _read_body(body)
    known = content or {}
    wrong = [name for name in ("msg_type", "namespace", "execution_id", "sender") if _wrong(known.get(name))]
    if wrong and problem is None:
        problem = f"not text: {', '.join(wrong)}"
    return IncomingMessage(
        id=identify(headers),
        headers=dict(headers),
        body=body,
        content=content,
        received_at=datetime.now(UTC),
        problem=problem,
        redelivered=headers.get("redelivered") == "true",
        **metadata_of(headers, known)._asdict(),
    )


def metadata_of(headers: Mapping[str, str], content: Mapping[str, Any]) -> MessageMetadata:
    """Metadata from the content, and from the headers where the content has none."""
    values = [content.get(name) for name in METADATA_FIELDS]
    # the fast path, taken for every message of this project: all fields are text already
    if not (all(values) and set(map(type, values)) == TEXT):
        values = [_text(content.get(name)) or headers.get(name) or None for name in METADATA_FIELDS]
    return MessageMetadata(headers.get("destination", ""), *values)


def identify(headers: Mapping[str, str]) -> str:
    """The swf_message_id if it is a UUID, else one derived from the broker's message-id.

    So several recorders of one message compute the same id.
    """
    given = headers.get(ID_HEADER)
    if given:
        if is_canonical_uuid(given):
            return given
        try:
            return str(uuid.UUID(given))
        except ValueError:
            pass
    broker_id = headers.get("message-id")
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"stomp:{broker_id}") if broker_id else uuid.uuid4())


def _read_body(body: str) -> tuple[dict[str, Any] | None, str | None]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None, "not JSON"
    if not isinstance(content, dict):
        return None, "JSON, but not an object"
    return content, None


def _is_plain(content: dict[str, Any]) -> bool:
    """Whether `content` surely encodes: plain values, no NUL, finite numbers."""
    for name, value in content.items():
        kind = type(value)
        if kind is str:
            if "\0" in value:
                return False
        elif kind is float or kind is int:
            if not -NUMBER_LIMIT < value < NUMBER_LIMIT:
                return False
        elif kind is not bool and value is not None:
            return False
        if type(name) is not str:
            return False
    return True


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return None


def _wrong(value: object) -> bool:
    return value is not None and not isinstance(value, str)


def _check(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not isinstance(value, str) or "\0" in value or "\0" in name:
            raise UsageError(f"the header {name!r} of a message must be text without NUL, not {value!r}")
