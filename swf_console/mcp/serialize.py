"""Answers as JSON that can be read whole: rows as objects, long texts and lists cut, and that said."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any

from ..backend.core.format import iso

MOST_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True)
class Measure:
    """How long a text, how many elements of a list in a row, how deep a row may be."""

    text: int
    elements: int
    depth: int


# the first whose answer is short enough is taken
MEASURES = (
    Measure(100_000, 10_000, 60),
    Measure(4_000, 1_000, 20),
    Measure(800, 100, 10),
    Measure(200, 20, 6),
    Measure(40, 5, 4),
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list; `next` is the cursor of what follows, `note` what else has to be said."""

    items: tuple[Any, ...]
    next: str | None
    note: str = ""


def shaped(answer: Any) -> dict[str, Any]:
    """The answer as a JSON object of at most 200,000 characters or so; `shortened` counts what was cut."""
    document: dict[str, Any] = {}
    for measure in MEASURES:
        document = Shaper(measure).document(answer)
        if len(json.dumps(document)) <= MOST_CHARACTERS:
            break
    return document


class Shaper:
    """Makes JSON of rows by one measure, and counts its cuts."""

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._cuts = 0

    def document(self, answer: Any) -> dict[str, Any]:
        """One answer."""
        made = self._listed(answer) if isinstance(answer, Listed) else self.plain(answer)
        document: dict[str, Any] = made if isinstance(made, dict) else {"result": made}
        if self._cuts:
            document["shortened"] = self._cuts
        return document

    def plain(self, value: Any, depth: int = 0) -> Any:
        """A value as JSON has it."""
        if is_dataclass(value) and not isinstance(value, type):
            return {each.name: self.plain(getattr(value, each.name), depth + 1) for each in fields(value)}
        if not isinstance(value, Mapping | list | tuple | set | frozenset):
            return self._scalar(value)
        if depth >= self._measure.depth:
            self._cuts += 1
            return "…"
        if isinstance(value, Mapping):
            kept = list(value.items())[: self._kept(len(value))]
            return {self._text(str(key)): self.plain(item, depth + 1) for key, item in kept}
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [self.plain(item, depth + 1) for item in items[: self._kept(len(items))]]

    def _scalar(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        if isinstance(value, datetime):
            return iso(value)
        return self._text(str(value))

    def _listed(self, page: Listed) -> dict[str, Any]:
        more = page.next is not None
        notes = [page.note] if page.note else []
        if more:
            notes.append("this list is cut: call again with cursor = next_cursor for what follows")
        return {
            "items": [self.plain(item) for item in page.items],
            "count": len(page.items),
            "has_more": more,
            "next_cursor": page.next,
            **({"note": "; ".join(notes)} if notes else {}),
        }

    def _kept(self, length: int) -> int:
        if length > self._measure.elements:
            self._cuts += 1
        return self._measure.elements

    def _text(self, text: str) -> str:
        # what cannot be written as UTF-8 came from a file of somebody else's
        text = text.encode("utf-8", "replace").decode()
        if len(text) <= self._measure.text:
            return text
        self._cuts += 1
        return f"{text[: self._measure.text]}… ({len(text) - self._measure.text} more characters)"
