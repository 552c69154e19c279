"""The keys of a terminal: Esc and what is typed right after it are two of them, however they come."""

from collections.abc import Iterable

from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser

ESCAPE = "\x1b"
# what function keys begin with
INTRODUCERS = "[O"


class TerminalKeys(XTermParser):
    """Textual takes Esc and a digit for what one make of keyboard types so, and forgets Esc before a sign.

    Sequences that name a key, as those of Alt with Backspace, stay that key.
    """

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        if is_escape_and_another(sequence):
            yield events.Key("escape", ESCAPE)
            sequence = sequence[1]
        yield from super()._sequence_to_key_events(sequence, alt)


def is_escape_and_another(sequence: str) -> bool:
    """Whether these are two keys, and nothing that comes after them can make them one."""
    if len(sequence) != 2 or sequence[0] != ESCAPE or sequence[1] in INTRODUCERS:
        return False
    return not isinstance(ANSI_SEQUENCES_KEYS.get(sequence), tuple)
