"""Rows as answers show them, and the schema that says so, both from the row's dataclass."""

import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar

from .kinds import Schema

T = TypeVar("T")

SCHEMAS: Mapping[Any, Schema] = {
    int: {"type": "integer"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
}


class Shown(Generic[T]):
    """How a row is shown: its fields, and `more` that are made of it, each with its schema."""

    def __init__(self, title: str, row: type[T], **more: tuple[Callable[[T], Any], Schema]) -> None:
        self.title, self._row, self._more = title, row, more
        self._fields = tuple(row.__dataclass_fields__)  # type: ignore[attr-defined]

    def __call__(self, item: T) -> dict[str, Any]:
        """The row as JSON."""
        row = {name: getattr(item, name) for name in self._fields}
        return row | {name: make(item) for name, (make, _) in self._more.items()}

    def schema(self) -> Schema:
        """The row's schema."""
        hints = typing.get_type_hints(self._row)
        own = {name: _schema(hints[name]) for name in self._fields}
        properties = own | {name: schema for name, (_, schema) in self._more.items()}
        return {"type": "object", "properties": properties, "required": sorted(properties)}


class Told:
    """An answer that is no row."""

    def __init__(self, title: str, **properties: Schema) -> None:
        self.title, self._properties = title, properties

    def schema(self) -> Schema:
        """The answer's schema."""
        return {"type": "object", "properties": self._properties, "required": sorted(self._properties)}


def _schema(hint: Any) -> Schema:
    if isinstance(hint, types.UnionType):
        kinds = [_schema(kind) for kind in typing.get_args(hint) if kind is not types.NoneType]
        if len(kinds) == 1 and "type" in kinds[0]:
            return {**kinds[0], "type": [kinds[0]["type"], "null"]}
        return {}
    return SCHEMAS.get(hint, {})
