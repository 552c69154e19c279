"""JSON that every parser accepts (RFC 8259): numbers that JSON does not have are null, as in the database.

Python's parser reads NaN, Infinity and 1e400 of any sender as floats, and its writer would write them back as
NaN and Infinity, at which jq, browsers and most languages stop.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any


def dumps(
    value: Any,
    *,
    default: Callable[[Any], Any] | None = None,
    ensure_ascii: bool = True,
    separators: tuple[str, str] | None = None,
) -> str:
    """Write `value` as JSON; `default` turns other objects into plain values. Raises TypeError."""

    def plain(other: Any) -> Any:
        if default is None:
            raise TypeError(f"{type(other).__name__} cannot be written as JSON")
        return finite(default(other))

    try:
        return json.dumps(
            value, default=default, ensure_ascii=ensure_ascii, separators=separators, allow_nan=False
        )
    except ValueError:  # rare, so that the copy is made only then
        return json.dumps(
            finite(value), default=plain, ensure_ascii=ensure_ascii, separators=separators, allow_nan=False
        )


def finite(value: Any) -> Any:
    """The value with None for NaN and infinities, at any depth."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key) if isinstance(key, float) else key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
