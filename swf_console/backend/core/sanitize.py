"""Data as a terminal may show it: nothing in it is ever interpreted."""

import re
import unicodedata

BIDIRECTIONAL = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
LONGEST = 400


def harmless(value: object) -> str:
    """Text in which control and direction characters are visible and do nothing."""
    text = str(value)
    return text if text.isprintable() else "".join(map(_visible, text))


def brief(value: object, longest: int = LONGEST) -> str:
    """The same with at most `longest` characters of it; what was cut off is counted."""
    text = str(value)
    if len(text) <= longest:
        return harmless(text)
    return f"{harmless(text[:longest])}… ({len(text) - longest:,} more)"


def harmless_lines(text: str, *, most: int = 20_000, longest: int = 4000) -> str:
    """A text of many lines: line ends stay, tabs become spaces, nothing in it is without end."""
    lines = text.splitlines()
    shown = [brief(line.expandtabs(8), longest) for line in lines[:most]]
    if len(lines) > most:
        shown.append(f"… ({len(lines) - most:,} more lines)")
    return "\n".join(shown)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if unicodedata.bidirectional(character) in BIDIRECTIONAL or ord(character) > 0xFF:
        return f"\\u{ord(character):04x}"
    return SHORT.get(character, f"\\x{ord(character):02x}")


# CSI, OSC and other strings (ECMA-48), then the short escapes; an unfinished one ends with the line.
ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]?"
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"
    r"|\x9b[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """One line without ANSI sequences; a carriage return shows what came last, other controls are dropped."""
    return CONTROL.sub("", ANSI.sub("", text).rstrip("\r").rpartition("\r")[2])
