"""A driver for terminals that have only ASCII."""

import unicodedata
from typing import Any

from rich.cells import cell_len

from .driver import TerminalDriver

LINES = {"─": "-", "━": "-", "│": "|", "┃": "|", "█": "#", "…": "~", "·": ".", "•": "*", "→": ">", "←": "<"}


class AsciiTable(dict[int, str]):
    """The replacement of each character, as wide as the character; computed at its first use."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = character if character.isascii() else ascii_for(character)
        return self[code]


def ascii_for(character: str) -> str:
    """The letter without its accent, `+` for a corner, a blank for a part of a block; else question marks."""
    name = unicodedata.name(character, "")
    cells = cell_len(character)
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    if character in LINES:
        return LINES[character]
    if len(plain) == cells:
        return plain
    if name.startswith("BOX DRAWINGS"):
        return "+"
    # a scroll bar is drawn by its colour, its ends are parts of blocks
    return " " if "BLOCK" in name else "?" * cells


class AsciiDriver(TerminalDriver):
    """Writes only ASCII."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._signs = AsciiTable()

    def write(self, data: str) -> None:
        """Write with replacements."""
        super().write(data if data.isascii() else data.translate(self._signs))
