"""Schemas of requests: accepted values, and the messages for others."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import MISSING

from swf_console.api.schemas import (
    CHOICE,
    NULL,
    TEXTS,
    Document,
    Flag,
    Identifier,
    Natural,
    Number,
    Problems,
    RequestSchema,
    ShortText,
    Text,
    Timestamp,
)

INTEGER, LIMITS = "A valid integer is required.", "Ensure this value is from 0 to 2147483647."
BLANK, LONG = "This field may not be blank.", "Ensure this field has no more than 5 characters."
CONTROL, STRING = "Control characters are not allowed.", "Not a valid string."
TIME = "Not a time in ISO 8601, such as 2026-01-31T12:00:00Z."
UUID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"


class Sample(RequestSchema):
    line: Annotated[str, ShortText(5)] | MISSING = MISSING
    blank: Annotated[str, ShortText(5, blank=True)] | MISSING | None = MISSING
    natural: Natural | MISSING = MISSING
    number: Number | MISSING = MISSING
    flag: Flag | MISSING = MISSING
    text: Text | MISSING = MISSING
    word: Annotated[Literal["a", "b", "c"], CHOICE] | MISSING = MISSING
    moment: Timestamp | MISSING = MISSING
    identifier: Identifier | MISSING = MISSING
    document: Document | MISSING = MISSING


class Needed(RequestSchema):
    second: Natural
    first: Natural = 7


WRONG: dict[tuple[str, str], list[Any]] = {
    ("line", STRING): [True, 1.5, [], {}, 2**53],
    ("line", BLANK): ["", "      "],
    ("line", LONG): ["abcdef", "abcde ", "\ud800" * 6, 123456],
    ("line", CONTROL): ["a\n", "\x00", "\x9f", "a\ud800"],
    ("blank", LONG): ["      "],
    ("natural", INTEGER): [True, 1.5, "1_0", "x", "", "1e3", [], float("inf")],
    ("natural", LIMITS): [-1, 2**31, "2147483648", 1e300],
    ("number", "A valid number is required."): [True, "x", "nan", 10**400, []],
    ("flag", "Must be a valid boolean."): ["yes", "", 2, 1.0, []],
    ("text", STRING): [False, 1.5, -(2**53), {}],
    ("word", "Not a valid choice: one of a, b, c."): ["d", "a ", 1, [], "\ud800"],
    ("moment", TIME): [5, "yesterday", "10000-01-01", "2026-02-30", " " * 65],
    ("identifier", "Must be a valid UUID."): [UUID[:-1], f"{{{UUID}}}", 7],
    ("document", "Must be a JSON object."): [[], "{}", 1],
    **{(name, NULL): [None] for name in Sample.model_fields if name != "blank"},
}
SPELLED: list[tuple[str, Any, list[Any]]] = [
    ("line", "5", [5, "5", " 5 "]),
    ("blank", "", ["", "     "]),
    ("blank", None, [None]),
    ("natural", 5, [5, 5.0, "5", " +5 ", "5.0", "5."]),
    ("number", 1.5, [1.5, "1.5", " 15e-1"]),
    ("flag", True, [True, 1, "1", "true", "True"]),
    ("flag", False, [False, 0, "0", "false", "False"]),
    ("text", "a\ufffd\ufffd\n", ["a\x00\ud800\n"]),
    ("text", "5", [5]),
    ("word", "b", ["b"]),
    ("moment", datetime(2026, 1, 31, 12, tzinfo=UTC), ["2026-01-31t13:00:00+01:00", "2026-01-31 12:00Z"]),
    ("identifier", UUID, [UUID, UUID.upper(), UUID.replace("-", "")]),
    ("document", {"\ud800": [None]}, [{"\ud800": [None]}]),
]


@pytest.mark.parametrize(
    ("field", "text", "value"), [(*told, value) for told, values in WRONG.items() for value in values]
)
def test_request_schema_invalid_value_has_known_message(field: str, text: str, value: Any) -> None:
    with pytest.raises(Problems) as refused:
        Sample.read({field: value})
    assert refused.value.fields == {field: [text]}


def test_request_schema_every_message_is_tested() -> None:
    tried = {text for _, text in WRONG} | {"This field is required."}
    filled = {text.format(max_length=5, low=0, high=2**31 - 1, expected="a, b, c") for text in TEXTS.values()}
    assert tried == filled | {NULL}


def test_request_schema_several_problems_keep_field_order() -> None:
    with pytest.raises(Problems) as refused:
        Needed.read({"first": "x"})
    assert list(refused.value.fields.items()) == [
        ("second", ["This field is required."]),
        ("first", [INTEGER]),
    ]


@pytest.mark.parametrize(
    ("field", "read", "value"), [(*told, value) for *told, values in SPELLED for value in values]
)
def test_request_schema_text_value_is_converted(field: str, read: Any, value: Any) -> None:
    assert Sample.read({field: value, "unknown": 1}) == {field: read}


def test_request_schema_changes_has_no_required_fields_or_defaults() -> None:
    assert Needed.read({"second": 1}) == {"second": 1, "first": 7}
    change = Needed.changes("Change", "second")
    assert change.read({"second": 1}) == {}
    assert change.read({"first": "3"}) == {"first": 3}


def test_request_schema_query_empty_value_counts_as_missing() -> None:
    assert Sample.read_query({"natural": "", "flag": "1"}) == {"flag": True}
