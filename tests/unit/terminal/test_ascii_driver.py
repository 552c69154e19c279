"""What stands for the characters that a terminal does not have: as many signs as they have cells."""

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
def test_everything_becomes_ascii_and_keeps_its_cells(text: str, written: str) -> None:
    assert text.translate(AsciiTable()) == written
