"""The console on a terminal that has nothing but ASCII: whatever is painted, each cell is a sign it has."""

import unicodedata
from typing import Any

from rich.cells import cell_len

from .driver import TerminalDriver

LINES = {"─": "-", "━": "-", "│": "|", "┃": "|", "█": "#", "…": "~", "·": ".", "•": "*", "→": ">", "←": "<"}


class InAscii(dict[int, str]):
    """What stands for a character: as many signs as it has cells, found when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = character if character.isascii() else stand_in(character)
        return self[code]


def stand_in(character: str) -> str:
    """The letter without its accent, a corner, an empty cell for a part of a block; else question marks."""
    name = unicodedata.name(character, "")
    cells = cell_len(character)
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    if character in LINES:
        return LINES[character]
    if len(plain) == cells:
        return plain
    if name.startswith("BOX DRAWINGS"):
        return "+"
    # the ends of scroll bars: the rest of such a cell is its colour
    return " " if "BLOCK" in name else "?" * cells


class AsciiDriver(TerminalDriver):
    """Writes nothing but ASCII."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._signs = InAscii()

    def write(self, data: str) -> None:
        """Write."""
        super().write(data if data.isascii() else data.translate(self._signs))
