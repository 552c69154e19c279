"""A message as one line of the tail."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from swf_console.widgets.tail.row import parts_of

ALL_COLUMNS = 96
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass
class Row:
    content: dict[str, Any]
    msg_type: str | None = "stf_gen"
    namespace: str | None = "demo"
    run_id: str | None = "100010"
    sender: str | None = "daq"
    number: int = 1
    is_note: bool = False
    at: datetime = NOON
    body: str = ""

    def __post_init__(self) -> None:
        self.body = json.dumps(self.content)


def line(content: dict[str, Any], width: int) -> str:
    return "".join(text for text, _ in parts_of(Row(content), width))


def test_message_row_fitting_text_is_not_cut() -> None:
    whole = line({"filename": "swf.100010.000001.stf", "sequence": 1}, 120)

    assert whole.endswith("filename=swf.100010.000001.stf sequence=1 ")
    assert line({"filename": "swf.100010.000001.stf", "sequence": 1}, len(whole) - 1) == whole


def test_message_row_long_text_is_cut_with_mark() -> None:
    content = {"filename": "swf.100010.000001.stf", "sequence": 1}
    whole = line(content, 160).rstrip()

    assert len(whole) > ALL_COLUMNS
    for width in range(ALL_COLUMNS, len(whole)):
        assert line(content, width) == f"{whole[: width - 1]}…"


def test_message_row_column_fields_are_not_repeated() -> None:
    assert "100010" not in line({"run_id": "100010", "msg_type": "stf_gen", "x": 1}, 120).partition("daq")[2]


def test_message_row_without_namespace_is_marked() -> None:
    parts = parts_of(Row({"x": 1}, namespace=None), ALL_COLUMNS + 40)
    assert ("no namespace ", "watch") in parts
    assert ("no namespace ", "watch") not in parts_of(Row({"x": 1}), ALL_COLUMNS + 40)
