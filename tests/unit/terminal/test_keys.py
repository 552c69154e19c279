"""Decoding of keys: Esc and the key after it are two keys, a function key is one."""

import pytest
from textual import events

from swf_console.terminal.keys import TerminalKeys


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        ("\x1b4", ["escape", "4"]),
        ("\x1b:", ["escape", "colon"]),
        ("\x1b?", ["escape", "question_mark"]),
        ("\x1bR", ["escape", "R"]),
        ("\x1b\r", ["escape", "enter"]),
        ("x\x1b-\x1b=\x1b§", ["x", "escape", "minus", "escape", "equals_sign", "escape", "section_sign"]),
        ("\x1b/" + 40 * "a", ["escape", "slash", *40 * "a"]),
        ("\x1b4/a", ["escape", "4", "slash", "a"]),
        ("\x1b[A\x1b[1;3A\x1bOP\x1b[15~", ["up", "alt+up", "f1", "f5"]),
        ("\x1b\x7f\x1bb\x1bf", ["ctrl+w", "ctrl+left", "ctrl+right"]),
        ("£¡º", ["pound_sign", "inverted_exclamation_mark", "º"]),
    ],
)
def test_terminal_keys_escape_and_key_at_once_are_two_keys(sent: str, keys: list[str]) -> None:
    found = list(TerminalKeys().feed(sent))
    assert [each.key for each in found if isinstance(each, events.Key)] == keys
