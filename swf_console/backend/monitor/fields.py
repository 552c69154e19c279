"""Fields of requests: read with every problem found, and described."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .kinds import Kind, Schema

ABSENT: Any = object()


class Problems(Exception):
    """What is wrong with a request, by field."""

    def __init__(self, fields: Mapping[str, list[str]]) -> None:
        super().__init__("; ".join(f"{name}: {' '.join(texts)}" for name, texts in fields.items()))
        self.fields = dict(fields)

    @classmethod
    def of(cls, field: str, text: str) -> "Problems":
        """One problem of one field."""
        return cls({field: [text]})


@dataclass(frozen=True, slots=True)
class Field:
    """A field by name; without a default it is left out where it is not given."""

    name: str
    kind: Kind
    required: bool = False
    null: bool = False
    default: Any = ABSENT
    about: str = ""

    def schema(self) -> Schema:
        """What is accepted."""
        schema = self.kind.schema()
        if self.null and schema:
            schema = {"anyOf": [*schema.get("anyOf", [schema]), {"type": "null"}]}
        if self.about:
            schema["description"] = self.about
        return schema

    def standing(self) -> Any:
        """What stands where it is not given."""
        return self.default() if isinstance(self.default, Callable) else self.default  # type: ignore[arg-type]


class Body:
    """The fields of a JSON object; others are ignored."""

    def __init__(self, *fields: Field, partial: bool = False) -> None:
        self.fields, self._partial = fields, partial

    def partially(self, *without: str) -> "Body":
        """The same for a change: nothing is required, nothing has a default. `without` cannot be changed."""
        kept = (replace(field, required=False) for field in self.fields if field.name not in without)
        return Body(*kept, partial=True)

    def read(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The values; raises Problems."""
        values: dict[str, Any] = {}
        problems: dict[str, list[str]] = {}
        for field in self.fields:
            given = document.get(field.name, ABSENT)
            if given is ABSENT:
                self._stand(field, values, problems)
                continue
            try:
                values[field.name] = _read(field, given)
            except ValueError as error:
                problems[field.name] = [str(error)]
        if problems:
            raise Problems(problems)
        return values

    def schema(self) -> Schema:
        """The object's schema."""
        required = [field.name for field in self.fields if field.required]
        return {
            "type": "object",
            "properties": {field.name: field.schema() for field in self.fields},
            **({"required": required} if required else {}),
        }

    def _stand(self, field: Field, values: dict[str, Any], problems: dict[str, list[str]]) -> None:
        if self._partial:
            return
        if field.required:
            problems[field.name] = ["This field is required."]
        elif field.default is not ABSENT:
            values[field.name] = field.standing()


def read_query(fields: Iterable[Field], given: Mapping[str, str]) -> dict[str, Any]:
    """The values of a query; an empty one is not given. Raises Problems."""
    return Body(*fields).read({name: value for name, value in given.items() if value != ""})


def _read(field: Field, given: Any) -> Any:
    if given is None:
        if not field.null:
            raise ValueError("This field may not be null.")
        return None
    return field.kind.read(given)
