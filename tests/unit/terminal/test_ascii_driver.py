"""Replacements of characters that an ASCII terminal does not have, of the same width."""

import pytest

from swf_console.terminal.ascii_driver import AsciiTable


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\x1b[1mplain\x1b[0m", "\x1b[1mplain\x1b[0m"),
        ("╭─ Help ─╮│┃╰╯", "+- Help -+||++"),
        ("cut… a·b → c", "cut~ a.b > c"),
        ("café Łódź", "cafe ?odz"),
        ("▂▅█▎", "  # "),
        ("日本", "????"),
        ("e\u0301", "e"),
        ("\u202e\U0001f600", "??"),
    ],
)
def test_ascii_driver_text_becomes_ascii_of_same_width(text: str, written: str) -> None:
    assert text.translate(AsciiTable()) == written
