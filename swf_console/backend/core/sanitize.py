"""Untrusted text made safe for a terminal: control characters are shown, never executed."""

import re
import unicodedata

BIDIRECTIONAL = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
LONGEST = 400


def sanitize(value: object) -> str:
    """Text with control and bidirectional characters replaced by visible escapes."""
    text = str(value)
    return text if text.isprintable() else "".join(map(_visible, text))


def brief(value: object, longest: int = LONGEST) -> str:
    """Sanitized text of at most `longest` characters, with the number of characters that were cut."""
    text = str(value)
    if len(text) <= longest:
        return sanitize(text)
    return f"{sanitize(text[:longest])}… ({len(text) - longest:,} more)"


def sanitize_lines(text: str, *, most: int = 20_000, longest: int = 4000) -> str:
    """A text of many lines: line ends stay, tabs become spaces, number and length of lines are limited."""
    lines = text.splitlines()
    shown = [brief(line.expandtabs(8), longest) for line in lines[:most]]
    if len(lines) > most:
        shown.append(f"… ({len(lines) - most:,} more lines)")
    return "\n".join(shown)


NOT_STORABLE = re.compile("[\0\ud800-\udfff]")


def storable(text: str | None, longest: int) -> str | None:
    """Text that every database accepts: without NUL and lone surrogates, cut after `longest` characters."""
    if text is None:
        return None
    if len(text) > longest:
        text = f"{text[:longest]}… ({len(text) - longest:,} more characters)"
    return NOT_STORABLE.sub("\ufffd", text)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    if unicodedata.bidirectional(character) in BIDIRECTIONAL or ord(character) > 0xFF:
        return f"\\u{ord(character):04x}"
    return SHORT.get(character, f"\\x{ord(character):02x}")


# ECMA-48: CSI sequences, OSC and other strings, then short escapes; an unfinished one ends with the line
ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]?"
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"
    r"|\x9b[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def strip_ansi(text: str) -> str:
    """One line without ANSI sequences and controls; of parts separated by carriage returns only the last."""
    return CONTROL.sub("", ANSI.sub("", text).rstrip("\r").rpartition("\r")[2])
