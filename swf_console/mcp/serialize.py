"""Results as JSON of limited size: rows as objects, long texts and lists shortened and marked."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from ..backend.core.format import iso
from ..backend.database.records.pages import Page

MAX_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True)
class SerializationLimits:
    """Limits of one row: characters of a text, elements of a list, levels of nesting."""

    text: int
    elements: int
    depth: int


# tried in order until the result is short enough
STEPS = (
    SerializationLimits(100_000, 10_000, 60),
    SerializationLimits(4_000, 1_000, 20),
    SerializationLimits(800, 100, 10),
    SerializationLimits(200, 20, 6),
    SerializationLimits(40, 5, 4),
)


@dataclass(frozen=True, slots=True)
class NotedPage:
    """A page of a list with a note for the assistant."""

    page: Page[Any]
    note: str


def serialize(result: Any) -> dict[str, Any]:
    """The result as a JSON object of about 200,000 characters at most; `shortened` counts the cuts."""
    document: dict[str, Any] = {}
    for limits in STEPS:
        document = Serializer(limits).document(result)
        if len(json.dumps(document)) <= MAX_CHARACTERS:
            break
    return document


class Serializer:
    """Converts rows to JSON within limits, and counts the cuts."""

    def __init__(self, limits: SerializationLimits) -> None:
        self._limits = limits
        self._cuts = 0

    def document(self, result: Any) -> dict[str, Any]:
        """The JSON object of one result."""
        match result:
            case NotedPage():
                document = self._page(result.page, result.note)
            case Page():
                document = self._page(result)
            case _:
                document = self.plain(result)
                document = document if isinstance(document, dict) else {"result": document}
        if self._cuts:
            document["shortened"] = self._cuts
        return document

    def plain(self, value: Any, depth: int = 0) -> Any:
        """A value in JSON types."""
        if is_dataclass(value) and not isinstance(value, type):
            return {each.name: self.plain(getattr(value, each.name), depth + 1) for each in fields(value)}
        if not isinstance(value, Mapping | list | tuple | set | frozenset):
            return self._scalar(value)
        if depth >= self._limits.depth:
            self._cuts += 1
            return "…"
        if isinstance(value, Mapping):
            pairs = list(value.items())[: self._count(len(value))]
            return {self._text(str(key)): self.plain(item, depth + 1) for key, item in pairs}
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [self.plain(item, depth + 1) for item in items[: self._count(len(items))]]

    def _scalar(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if isinstance(value, datetime):
            return iso(value)
        return self._text(str(value))

    def _page(self, page: Page[Any], note: str = "") -> dict[str, Any]:
        more = page.next is not None
        notes = [note] if note else []
        if more:
            notes.append("the list continues: call again with cursor = next_cursor")
        return {
            "items": [self.plain(item) for item in page.items],
            "count": len(page.items),
            "has_more": more,
            "next_cursor": page.next,
            **({"note": "; ".join(notes)} if notes else {}),
        }

    def _count(self, length: int) -> int:
        if length > self._limits.elements:
            self._cuts += 1
        return self._limits.elements

    def _text(self, text: str) -> str:
        # text from files of other programs may contain lone surrogates
        text = text.encode("utf-8", "replace").decode()
        if len(text) <= self._limits.text:
            return text
        self._cuts += 1
        return f"{text[: self._limits.text]}… ({len(text) - self._limits.text} more characters)"
