"""A message on one line: time, type, run, sender, and the other fields of its body."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from ...backend.core.format import as_text
from ...backend.core.sanitize import brief, sanitize
from ..semantic_colors import Part
from ..symbols import symbol

SHOWN_IN_COLUMNS = {"msg_type", "run_id", "sender", "namespace", "execution_id", "timestamp"}
LONGEST_BODY = 20_000
LONGEST_TEXT = 1000
WIDE_RUN = 74
WIDE_SENDER = 96
TYPE, WIDE_TYPE = 18, 22
NO_NAMESPACE = "no namespace "


class MessageRow(Protocol):
    """A message, or a note of the console (`is_note`)."""

    number: int
    body: str

    @property
    def is_note(self) -> bool: ...
    @property
    def at(self) -> datetime: ...
    @property
    def msg_type(self) -> str | None: ...
    @property
    def namespace(self) -> str | None: ...
    @property
    def run_id(self) -> str | None: ...
    @property
    def sender(self) -> str | None: ...
    @property
    def content(self) -> Any: ...


def parts_of(row: MessageRow, width: int, *, compact: bool = False) -> list[Part]:
    """The parts of the line in `width` cells; `compact` makes fewer of them, for slow terminals."""
    clock = clock_of(row.at)
    if row.is_note:
        dashes = symbol("rule") * 2
        text = f"{dashes} {clock}{brief(row.body, 200)} "
        return [(text + symbol("rule") * max(0, width - len(text)), "watch")]
    parts: list[Part] = [
        (clock, "off"),
        (padded(row.msg_type, WIDE_TYPE if width >= WIDE_SENDER else TYPE), "busy"),
    ]
    if width >= WIDE_RUN:
        parts.append((padded(row.run_id, 8), "unknown"))
    if width >= WIDE_SENDER:
        parts.append((padded(row.sender, 22), "unknown"))
    if row.namespace is None:
        parts.append((NO_NAMESPACE, "watch"))
    parts += _fitted(other_fields(row), width - sum(len(text) for text, _ in parts))
    if compact:
        return [
            (parts[0][0] + parts[1][0], "busy"),
            ("".join(text for text, _ in parts[2:])[:width], "plain"),
        ]
    return parts


def clock_of(at: datetime) -> str:
    """The time of day in UTC; on another day, date and minute."""
    if at.date() == datetime.now(UTC).date():
        return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d} "
    return f"{at:%m-%d %H:%M}  "


def padded(text: str | None, width: int) -> str:
    """Text in a column, cut where it is too long."""
    shown = brief(text, 100) if text else "-"
    return f"{shown:<{width}} " if len(shown) <= width else f"{shown[: width - 1]}{symbol('cut')} "


def other_fields(row: MessageRow) -> Iterator[Part]:
    """The fields that have no column."""
    content = row.content if len(row.body) <= LONGEST_BODY else None
    if not isinstance(content, Mapping):
        yield brief(row.body, LONGEST_TEXT), "plain"
        return
    for name, value in content.items():
        if name not in SHOWN_IN_COLUMNS:
            yield f"{sanitize(name)}=", "unknown"
            yield f"{brief('null' if value is None else as_text(value), 300)} ", "plain"


def _fitted(rest: Iterator[Part], available: int) -> list[Part]:
    """The parts that fit; a cut is marked."""
    fitting: list[Part] = []
    for text, color in rest:
        if available < 1 and fitting:
            last, before = fitting.pop()
            return [*fitting, (last[: len(last) + available - 1] + symbol("cut"), before)]
        if len(text.rstrip()) > available:
            return [*fitting, (text[: max(0, available - 1)] + symbol("cut"), color)]
        fitting.append((text, color))
        available -= len(text)
    return fitting
