"""Lines of log files as people read them."""

import json
import logging
import sys

import pytest

from swf_console.backend.core.logs import JsonFormatter
from swf_console.backend.services.logs import readable_lines


def written(message: str, *, failed: bool = False) -> str:
    try:
        raise ValueError("no such file")
    except ValueError:
        trace = sys.exc_info() if failed else None
    record = logging.LogRecord("swf_console.agent", logging.WARNING, "", 1, message, (), trace)
    record.created = 1_700_000_000.25
    return JsonFormatter().format(record)


def test_readable_lines_own_line_time_level_message() -> None:
    assert readable_lines(written("3 slices wait")) == ["22:13:20.250 WARNING  3 slices wait"]


def test_readable_lines_exception_indented() -> None:
    first, *trace = readable_lines(written("not read", failed=True))

    assert first == "22:13:20.250 WARNING  not read"
    assert trace[0] == "    Traceback (most recent call last):"
    assert trace[-1] == "    ValueError: no such file"


@pytest.mark.parametrize(
    "line",
    ["", "plain words", "{", "{}", '{"time": 3}', '{"time": "now"}', "[" * 100_000, json.dumps({"a": 1})],
    ids=range(8),
)
def test_readable_lines_other_text_unchanged(line: str) -> None:
    assert readable_lines(line) == [line]
