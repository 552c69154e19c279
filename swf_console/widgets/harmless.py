"""Data as a terminal may show it: nothing in it is ever interpreted."""

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
