"""What goes into a column comes out of it, on both databases, or is refused."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from swf_console.backend.database.sql.types import encode, encoded, sqlite_time, utc, uuid_digits


def test_time_other_zone_stored_in_utc() -> None:
    summer = datetime(2026, 7, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    assert utc(summer) == summer
    assert sqlite_time(summer) == "2026-07-01 10:30:00.000000"


def test_time_naive_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        utc(datetime(2026, 7, 1))  # noqa: DTZ001


def test_time_texts_sort_by_time() -> None:
    moments = [
        datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=step) for step in (0, 1, 10, 999_999)
    ]
    texts = [str(sqlite_time(moment)) for moment in moments]
    assert texts == sorted(texts)


@pytest.mark.parametrize("bad", ["", "not-a-uuid", "123"])
def test_uuid_invalid_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="not a UUID"):
        uuid_digits(bad)


def test_encoded_valid_text_unchanged() -> None:
    text = '{"a": 1,  "b": "\\u00e9 \\ud83d\\ude00 \\\\u0000"}'
    assert encoded(text) is text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": NaN, "b": [Infinity, -Infinity]}', {"a": None, "b": [None, None]}),
        ('{"a": "x\\u0000y"}', {"a": "x\ufffdy"}),
        ('{"a\\u0000": 1}', {"a\ufffd": 1}),
        ('["\\ud800", "\\udc00x", "\\ud83d\\ude00"]', ["\ufffd", "\ufffdx", "\U0001f600"]),
        ('["NaN is a word"]', ["NaN is a word"]),
    ],
)
def test_encode_python_only_json_becomes_valid(text: str, value: object) -> None:
    assert json.loads(encoded(text)) == value


def test_encoded_number_beyond_float_becomes_null() -> None:
    assert encoded("[1e999999, 1e-999, 2e10]", of_others=True) == "[null,0.0,20000000000.0]"
    assert encoded("[1.5e300]", of_others=True) == "[1.5e300]"


def test_encode_unknown_type_becomes_text() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert json.loads(encode({"at": at, "nan": float("nan")})) == {"at": str(at), "nan": None}
