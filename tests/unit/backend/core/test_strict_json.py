"""Strict JSON: what Python alone reads and writes is null."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swf_console.backend.core import strict_json


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def strict(text: str) -> Any:
    """Read JSON as every parser but Python's does."""
    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400"])
def test_dumps_number_that_json_does_not_have_is_null(number: str) -> None:
    read = json.loads(f'{{"a": {number}, "b": [{number}, {{"c": {number}}}], "d": 1.5}}')
    assert strict(strict_json.dumps(read)) == {"a": None, "b": [None, {"c": None}], "d": 1.5}


@dataclass
class Row:
    value: float


def test_dumps_default_returning_nan_is_null() -> None:
    assert strict(strict_json.dumps({"row": Row(math.nan)}, default=asdict)) == {"row": {"value": None}}


def test_dumps_object_without_default_is_refused() -> None:
    for document in ({"row": Row(1.0)}, {"row": Row(1.0), "x": math.inf}):
        with pytest.raises(TypeError):
            strict_json.dumps(document)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(values)
def test_dumps_any_value_is_read_by_a_strict_parser(value: Any) -> None:
    assert strict(strict_json.dumps(value)) == strict_json.finite(value)
