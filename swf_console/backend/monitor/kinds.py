"""Kinds of values in requests: what is accepted, what it becomes, and how the OpenAPI document says so."""

import math
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

Schema = dict[str, Any]

SMALLEST, LARGEST = -(2**31), 2**31 - 1
LARGEST_BIG = 2**63 - 1
LONGEST_TEXT = 1_000_000
EXACT = 2**53 - 1
TRUE = ("true", "True", "1")
FALSE = ("false", "False", "0")
NUMBER_AS_TEXT: Schema = {"type": "integer", "minimum": -EXACT, "maximum": EXACT}
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}(\.0{0,9})?", re.ASCII)
_IDENTIFIER = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE | re.ASCII)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Kind(Protocol):
    """One kind of value."""

    def read(self, value: Any) -> Any:
        """The value as it is worked with; ValueError with the reason where it is none of this kind."""

    def schema(self) -> Schema:
        """What is accepted, as JSON schema."""


@dataclass(frozen=True, slots=True)
class Name:
    """Short text on one line, such as a name; numbers are taken as text."""

    longest: int
    blank: bool = False

    def read(self, value: Any) -> str:
        """The text without spaces around it."""
        given = _text(value)
        text = given.strip(" ")
        if not text and not self.blank:
            raise ValueError("This field may not be blank.")
        if len(given) > self.longest:
            raise ValueError(f"Ensure this field has no more than {self.longest} characters.")
        if _CONTROL.search(text):
            raise ValueError("Control characters are not allowed.")
        return text

    def schema(self) -> Schema:
        """A string with its length, or a whole number."""
        any_but_controls = r"[^\u0000-\u001f\u007f-\u009f]*"
        one_more = "" if self.blank else r"[^ \u0000-\u001f\u007f-\u009f]" + any_but_controls
        text = {"type": "string", "maxLength": self.longest, "pattern": f"^{any_but_controls}{one_more}$"}
        return {"anyOf": [text, NUMBER_AS_TEXT]}


@dataclass(frozen=True, slots=True)
class Text:
    """Text of any length that a body can hold; what cannot be stored becomes U+FFFD."""

    def read(self, value: Any) -> str:
        """The text."""
        return _UNSTORABLE.sub("\ufffd", _text(value))

    def schema(self) -> Schema:
        """A string, or a whole number."""
        return {"anyOf": [{"type": "string"}, NUMBER_AS_TEXT]}


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number; text that spells one is one."""

    low: int = SMALLEST
    high: int = LARGEST

    def read(self, value: Any) -> int:
        """The number."""
        number = _integer(value)
        if not self.low <= number <= self.high:
            raise ValueError(f"Ensure this value is from {self.low} to {self.high}.")
        return number

    def schema(self) -> Schema:
        """A number within limits, or its digits."""
        digits = {"type": "string", "pattern": f"^[1-9][0-9]{{0,{len(str(self.high)) - 2}}}$"}
        return {"anyOf": [{"type": "integer", "minimum": self.low, "maximum": self.high}, digits]}


@dataclass(frozen=True, slots=True)
class Number:
    """A finite number."""

    def read(self, value: Any) -> float:
        """The number."""
        try:
            number = float(value) if isinstance(value, int | float | str) else math.nan
        except (ValueError, OverflowError):
            number = math.nan
        if isinstance(value, bool) or not math.isfinite(number):
            raise ValueError("A valid number is required.")
        return number

    def schema(self) -> Schema:
        """A number that a float can hold, or its digits."""
        digits = {"type": "string", "pattern": r"^-?[0-9]{1,15}(\.[0-9]{1,9})?$"}
        return {"anyOf": [{"type": "number"}, digits]}


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false, also in words."""

    def read(self, value: Any) -> bool:
        """The flag."""
        if isinstance(value, bool):
            return value
        text = str(value) if isinstance(value, int | str) else ""
        if text not in TRUE + FALSE:
            raise ValueError("Must be a valid boolean.")
        return text in TRUE

    def schema(self) -> Schema:
        """A boolean, or its word."""
        return {"anyOf": [{"type": "boolean"}, {"enum": [*TRUE, *FALSE, 1, 0]}]}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def read(self, value: Any) -> str:
        """The word."""
        if not isinstance(value, str) or value not in self.words:
            raise ValueError(f"Not a valid choice: one of {', '.join(self.words)}.")
        return value

    def schema(self) -> Schema:
        """The words."""
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in ISO 8601; without a zone it is local time."""

    def read(self, value: Any) -> datetime:
        """The instant in UTC."""
        try:
            if not isinstance(value, str) or len(value) > 64:
                raise ValueError(value)
            return datetime.fromisoformat(value.strip().upper()).astimezone(UTC)
        except (ValueError, OverflowError, OSError):
            raise ValueError("Not a time in ISO 8601, such as 2026-01-31T12:00:00Z.") from None

    def schema(self) -> Schema:
        """A string of that form."""
        return {"type": "string", "format": "date-time"}


@dataclass(frozen=True, slots=True)
class Identifier:
    """A UUID."""

    def read(self, value: Any) -> str:
        """The UUID with dashes."""
        if isinstance(value, str) and _IDENTIFIER.fullmatch(value):
            return str(uuid.UUID(value))
        raise ValueError("Must be a valid UUID.")

    def schema(self) -> Schema:
        """A string of that form."""
        return {"type": "string", "format": "uuid"}


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON object."""

    def read(self, value: Any) -> dict[str, Any]:
        """The object as it is."""
        if not isinstance(value, dict):
            raise ValueError("Must be a JSON object.")
        return value

    def schema(self) -> Schema:
        """An object."""
        return {"type": "object"}


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value."""

    def read(self, value: Any) -> Any:
        """The value as it is."""
        return value

    def schema(self) -> Schema:
        """No limits but those of the body."""
        return {}


@dataclass(frozen=True, slots=True)
class Words:
    """Words with commas between them."""

    def read(self, value: Any) -> frozenset[str]:
        """The words."""
        return frozenset(word.strip() for word in str(value).split(",") if word.strip())

    def schema(self) -> Schema:
        """A string."""
        return {"type": "string"}


@dataclass(frozen=True, slots=True)
class Renamed:
    """A kind whose words are translated before they are read."""

    kind: Kind
    translate: Callable[[Any], Any]

    def read(self, value: Any) -> Any:
        """The value by its proper name."""
        return self.kind.read(self.translate(value))

    def schema(self) -> Schema:
        """As the kind's."""
        return self.kind.schema()


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("Not a valid string.")
    if isinstance(value, int) and abs(value) > EXACT:
        raise ValueError("Not a valid string.")
    return str(value)


def _integer(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    raise ValueError("A valid integer is required.")
