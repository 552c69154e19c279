"""Decoding of keys: Esc and the key typed right after it are two keys."""

from collections.abc import Iterable

from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser

ESCAPE = "\x1b"
# first characters of the sequences of function keys
INTRODUCERS = "[O"


class TerminalKeys(XTermParser):
    """Textual's parser, which reads Esc and a digit as one key and drops Esc before some characters.

    Sequences that name a key, such as Alt with Backspace, stay one key.
    """

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if is_escape_and_another(sequence):
            yield events.Key("escape", ESCAPE)
            sequence = sequence[1]
        yield from super()._sequence_to_key_events(sequence, alt)


def is_escape_and_another(sequence: str) -> bool:
    """Whether the sequence is two keys, whatever follows."""
    if len(sequence) != 2 or sequence[0] != ESCAPE or sequence[1] in INTRODUCERS:
        return False
    return not isinstance(ANSI_SEQUENCES_KEYS.get(sequence), tuple)
