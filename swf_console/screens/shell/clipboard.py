"""Copying by OSC 52, also through tmux and screen."""

import base64
from collections.abc import Callable, Mapping
from typing import Protocol

# tmux and many terminals drop longer sequences silently
MOST_BYTES = 74_000
# GNU screen drops a string of more than 768 bytes
SCREEN_CHUNK = 700


class SayLine(Protocol):
    """Shows one line on the action line."""

    def __call__(self, text: str, *, bad: bool = False) -> None:
        """Show it."""


class Clipboard:
    """The clipboard of the user's terminal; `write` sends a sequence to it."""

    def __init__(self, environ: Mapping[str, str], write: Callable[[str], None], say: SayLine) -> None:
        self._environ, self._write, self._say = environ, write, say

    def copy(self, text: str, what: str = "") -> None:
        """Copy by OSC 52, and show by which way."""
        sequence, how = copy_sequence(text, self._environ)
        if sequence:
            self._write(sequence)
        words = f"copied {what or f'{len(text):,} characters'} ({how})" if sequence else f"not copied: {how}"
        self._say(words, bad=not sequence)


def copy_sequence(text: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """The sequence to write to the terminal, and its name; for a text that is too long "" and the reason."""
    encoded = base64.b64encode(text.encode()).decode()
    if len(encoded) > MOST_BYTES:
        return "", f"too long to copy: {len(text):,} characters"
    bare = f"\x1b]52;c;{encoded}\a"
    if environ.get("TMUX"):
        # tmux passes the wrapped one on where that is allowed, and copies the bare one with set-clipboard on
        wrapped = bare.replace("\x1b", "\x1b\x1b")
        return f"{bare}\x1bPtmux;{wrapped}\x1b\\", "OSC 52 through tmux"
    if environ.get("STY") or environ.get("TERM", "").startswith("screen"):
        return "".join(f"\x1bP{part}\x1b\\" for part in _cut(bare)), "OSC 52 through screen"
    return bare, "OSC 52"


def title_sequence(title: str, environ: Mapping[str, str]) -> str:
    """The sequence that sets the window's title; empty for terminals and multiplexers that would print it."""
    if environ.get("TERM", "").startswith(("linux", "dumb")) or environ.get("STY"):
        return ""
    return f"\x1b]2;{''.join(each for each in title if each.isprintable())}\a"


def _cut(text: str) -> list[str]:
    return [text[first : first + SCREEN_CHUNK] for first in range(0, len(text), SCREEN_CHUNK)]
