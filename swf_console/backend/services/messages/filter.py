"""The message filter, for the live tail, the list, the console and programs.

    type=stf_* run=100010 sender~fastmon "any text" !heartbeat -noise .state=run

All terms must match. `field=value` compares the whole field (`*` and `?` are wildcards, commas separate
alternatives, a quoted value is literal, an empty value matches a missing field), `field~text` searches
within the field, `!=` and `!~` negate, a bare word is searched in the whole message, `!` or `-` before a
term negates it. `.name` (and `.name.below`) is a field of the message's body. Text search ignores case;
whole fields are compared with case.
"""

import fnmatch
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple, Protocol

from ...core.errors import UsageError
from ...core.suggest import suggest
from ...messaging.message import MessageMetadata

HELP = 'Example: type=stf_* run=100010 sender~fastmon "text" !heartbeat .state=run'
LONGEST = 2000


class Field(NamedTuple):
    """The attribute of a message; `indexed` is the field of MessageFilter with a database index."""

    attribute: str
    indexed: str = ""


FIELDS = {
    "type": Field("metadata.msg_type", "message_type"),
    "run": Field("metadata.run_id", "run_id"),
    "execution": Field("metadata.execution_id", "execution_id"),
    "namespace": Field("metadata.namespace", "namespace"),
    "sender": Field("metadata.sender", "sender"),
    "destination": Field("metadata.destination"),
    "id": Field("id"),
}
ALIASES = {
    "msg_type": "type",
    "run_id": "run",
    "execution_id": "execution",
    "ns": "namespace",
    "from": "sender",
    "topic": "destination",
    "queue": "destination",
}
SUBJECT = re.compile(r"(\.?[A-Za-z_][\w.-]*)(!=|!~|=|~)")
WORD = re.compile(r"\S+")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(?=\s|$)', re.DOTALL)


class Filterable(Protocol):
    """What a filter reads: a received message, or a stored one."""

    @property
    def id(self) -> str: ...
    @property
    def metadata(self) -> MessageMetadata: ...
    @property
    def body(self) -> str: ...
    @property
    def content(self) -> Any: ...


Test = Callable[[Filterable], bool]


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; `field` is None for text anywhere. `values` are the alternatives for a whole field."""

    field: str | None
    operator: str
    values: tuple[str, ...]
    negated: bool
    literal: bool
    test: Test

    def __call__(self, message: Filterable) -> bool:
        return self.test(message) is not self.negated

    @property
    def needs_body(self) -> bool:
        """Whether the message's body is needed."""
        return self.field is None or self.field.startswith(".")

    @property
    def single(self) -> str | None:
        """The one value that the field must have (perhaps with wildcards), if there is only one."""
        is_one = self.operator == "=" and not self.negated and len(self.values) == 1
        return (self.values[0] or None) if is_one else None


@dataclass(frozen=True, slots=True)
class MessageMatch:
    """A compiled filter: call it with a message. Without terms every message matches."""

    terms: tuple[Term, ...] = ()

    def __call__(self, message: Filterable) -> bool:
        return all(term(message) for term in self.terms)

    @property
    def needs_body(self) -> bool:
        """Whether it needs the message's body."""
        return any(term.needs_body for term in self.terms)

    @property
    def needs_metadata_only(self) -> bool:
        """Whether metadata alone decides, without body and id: equal metadata has an equal result."""
        return not any(term.needs_body or term.field == "id" for term in self.terms)


def compile_filter(text: str) -> MessageMatch:
    """Compile a filter. Raises UsageError for an unknown field, an open quote, an operator without text."""
    if len(text) > LONGEST:
        raise UsageError(f"the filter is longer than {LONGEST} characters", "Shorten it")
    terms, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        term, at = _term(text, at)
        terms.append(term)
    return MessageMatch(tuple(terms))


def _term(text: str, at: int) -> tuple[Term, int]:
    negated = text[at] in "!-"
    start = at + negated
    subject = SUBJECT.match(text, start)
    field = _field(subject[1]) if subject else None
    operator = subject[2] if subject else "~"
    value, literal, end = _value(text, subject.end() if subject else start)
    if operator.endswith("~") and not value:
        raise UsageError(f"{text[at:end] or text[at]!r} has no search text", HELP)
    negated ^= operator.startswith("!")
    if field is None:
        return Term(None, "~", (value,), negated, literal, _anywhere(value)), end
    if operator.endswith("~"):
        return Term(field, "~", (value,), negated, literal, _inside(_reader(field), value)), end
    values = (value,) if literal else tuple(value.split(","))
    return Term(field, "=", values, negated, literal, _whole(_reader(field), values, literal)), end


def _value(text: str, at: int) -> tuple[str, bool, int]:
    """The value that starts at `at`, whether it is quoted, and its end."""
    if text[at : at + 1] == '"':
        quoted = QUOTED.match(text, at)
        if not quoted:
            raise UsageError(f"the quote in {text[at : at + 40]!r} is not closed", HELP)
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL), True, quoted.end()
    word = WORD.match(text, at)
    return (word[0], False, word.end()) if word else ("", False, at)


def _field(name: str) -> str:
    if name.startswith("."):
        return name
    known = ALIASES.get(name.lower(), name.lower())
    if known not in FIELDS:
        meant = suggest(name, [*FIELDS, *ALIASES], at_most=1)
        fields = f"Fields: {', '.join(FIELDS)}; .{name} is a field of the body, quote it to search for text"
        raise UsageError(f"unknown message field {name!r}", f"{meant} {fields}".lstrip())
    return known


def _reader(field: str) -> Callable[[Filterable], str]:
    if field.startswith("."):
        path = field[1:].split(".")
        return lambda message: _spelled(_below(message.content, path))
    read = attrgetter(FIELDS[field].attribute)
    return lambda message: read(message) or ""


def _below(content: Any, path: list[str]) -> Any:
    for name in path:
        if not isinstance(content, Mapping):
            return None
        content = content.get(name)
    return content


def _spelled(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _whole(read: Callable[[Filterable], str], values: tuple[str, ...], literal: bool) -> Test:
    plain = {value for value in values if literal or not set(value) & set("*?")}
    patterns = [_pattern(value) for value in values if value not in plain]

    def test(message: Filterable) -> bool:
        text = read(message)
        return text in plain or any(pattern.match(text) for pattern in patterns)

    return test


def _pattern(value: str) -> re.Pattern[str]:
    # only `*` and `?` are wildcards; the pattern of fnmatch.translate does not backtrack (Python 3.9 on),
    # so no filter can block the tail
    return re.compile(fnmatch.translate(value.replace("[", "[[]")))


def _inside(read: Callable[[Filterable], str], value: str) -> Test:
    wanted = value.lower()
    return lambda message: wanted in read(message).lower()


def _anywhere(value: str) -> Test:
    wanted = value.lower()
    # the body is JSON text, which may escape the same characters
    spellings = {wanted, json.dumps(value)[1:-1].lower()}
    fields = attrgetter(*(field.attribute for field in FIELDS.values()))

    def test(message: Filterable) -> bool:
        body = message.body.lower()
        if any(spelling in body for spelling in spellings):
            return True
        return any(wanted in field.lower() for field in fields(message) if field)

    return test
