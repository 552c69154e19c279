"""Find the line of every key in a TOML text that the parser has already accepted."""

import re
from typing import NamedTuple

Path = tuple[str | int, ...]

BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
SPACE = re.compile(r"[ \t]*")
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
STRING = re.compile(
    r'"""(?:\\.|(?!""").)*"{3,5}'
    r"|'''(?:(?!''').)*'{3,5}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
SCALAR = re.compile(r"[^,\]}#\r\n]+")
ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


class Place(NamedTuple):
    """The position of a key: line and column, both from 1."""

    line: int
    column: int


Places = dict[Path, Place]


def locate(text: str) -> Places:
    """The position of every table and key of `text`, which must be valid TOML.

    A path holds the keys from the top, and an index (from 0) for an element of an array.
    """
    return _Scan(text).run()


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = self.line_start = self.counted = 0
        self.line = 1
        self.places: Places = {}
        self.elements: dict[Path, int] = {}

    def run(self) -> Places:
        table: Path = ()
        while self.skip(BLANK) < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
        return self.places

    def header(self) -> Path:
        start = self.at
        is_array = self.text.startswith("[[", start)
        self.at += 2 if is_array else 1
        path = self.within_arrays(self.keys()[0])
        self.at += 2 if is_array else 1
        if is_array:
            self.note(path, start)
            index = self.elements[path] = self.elements.get(path, -1) + 1
            path = (*path, index)
        self.note(path, start)
        return path

    def within_arrays(self, keys: list[str]) -> Path:
        """The path of a header: tables below an array of tables belong to its last element."""
        path: Path = ()
        for number, key in enumerate(keys, 1):
            path = (*path, key)
            if path in self.elements and number < len(keys):
                path = (*path, self.elements[path])
        return path

    def pair(self, table: Path) -> None:
        keys, start = self.keys()
        self.at += 1  # the equals sign
        for end in range(1, len(keys) + 1):
            self.note((*table, *keys[:end]), start)
        self.skip(SPACE)
        self.value((*table, *keys))

    def value(self, path: Path) -> None:
        opening = self.text[self.at]
        if opening == "[":
            self.array(path)
        elif opening == "{":
            self.inline_table(path)
        elif opening in "\"'":
            self.skip(STRING)
        else:
            self.skip(SCALAR)

    def array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self.next_item() != "]":
            self.note((*path, index), self.at)
            self.value((*path, index))
            index += 1
        self.at += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        while self.next_item() != "}":
            self.pair(path)
        self.at += 1

    def next_item(self) -> str:
        self.skip(BLANK)
        if self.text[self.at] == ",":
            self.at += 1
            self.skip(BLANK)
        return self.text[self.at]

    def keys(self) -> tuple[list[str], int]:
        """A dotted key and the offset of its start; the position is then the character after it."""
        self.skip(SPACE)
        start = self.at
        keys = [self.key()]
        while self.text[self.skip(SPACE)] == ".":
            self.at += 1
            self.skip(SPACE)
            keys.append(self.key())
        return keys, start

    def key(self) -> str:
        start = self.at
        if self.text[start] not in "\"'":
            self.skip(BARE_KEY)
            return self.text[start : self.at]
        self.skip(STRING)
        inside = self.text[start + 1 : self.at - 1]
        return ESCAPE.sub(_unescape, inside) if self.text[start] == '"' else inside

    def skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return self.at

    def note(self, path: Path, offset: int) -> None:
        if path in self.places:
            return
        newlines = self.text.count("\n", self.counted, offset)
        if newlines:
            self.line += newlines
            self.line_start = self.text.rindex("\n", self.counted, offset) + 1
        self.counted = offset
        self.places[path] = Place(self.line, offset - self.line_start + 1)


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    return chr(int(code, 16)) if code else ESCAPED.get(match[4], match[4])
