"""Another filter over a full ring: when its first result is there, and whether keys wait meanwhile."""

import time

from .console import KEPT, at_messages, flood, reached
from .harness import Row, percentile, shown
from .stage import Home, Stage
from .terminal import Terminal

TITLE = "A filter change over a full ring of 50,000 messages, one in 500 of which passes"
WHILE = 1.5
FILTERS = {"a field": "run=100011", "a text anywhere": "swf.100011"}
CLEAR = "\x15"
FOUND, FOUND_AGAIN = "swf.100011.0", "swf.100010.0"


def rows(stage: Stage) -> list[Row]:
    """Filters by a field and by text."""
    repetitions = stage.amount(15, 3)
    with stage.embedded_home() as home, at_messages(home) as terminal:
        _fill(home, terminal)
        return [row for name, text in FILTERS.items() for row in _changed(terminal, name, text, repetitions)]


def _fill(home: Home, terminal: Terminal) -> None:
    sent = int(flood(home, 8_000, 1.2 * KEPT / 8_000).communicate()[0])
    reached(terminal, sent)
    time.sleep(2)


def _changed(terminal: Terminal, name: str, text: str, repetitions: int) -> list[Row]:
    first: list[float] = []
    keys: list[float] = []
    whole: list[float] = []
    for _ in range(repetitions):
        _typed(terminal, text)
        first.append(terminal.answer("\r", FOUND))
        keys += _keys(terminal, time.monotonic() + WHILE)
        whole.append(_cleared(terminal))
    return [
        Row(f"{name}: first result, median", shown(percentile(first, 0.5), "s")),
        Row(f"{name}: first result, longest", shown(max(first), "s"), target="< 100 ms", ok=max(first) < 0.1),
        Row(
            f"{name}: taken away, longest",
            shown(max(whole), "s"),
            target="< 100 ms",
            ok=max(whole) < 0.1,
        ),
        Row(
            f"{name}: the latest key of {len(keys)}",
            shown(max(keys), "s"),
            target="<= 100 ms",
            ok=max(keys) <= 0.1,
            note=f"p50 {shown(percentile(keys, 0.5), 's')}",
        ),
    ]


def _typed(terminal: Terminal, text: str) -> None:
    terminal.press("/")
    time.sleep(0.3)
    terminal.press(text)
    time.sleep(0.3)


def _keys(terminal: Terminal, until: float) -> list[float]:
    delays = []
    while time.monotonic() < until:
        delays += [terminal.answer(" ", text) for text in ("PAUSED", "FOLLOW")]
    return delays


def _cleared(terminal: Terminal) -> float:
    _typed(terminal, CLEAR)
    delay = terminal.answer("\r", FOUND_AGAIN)
    time.sleep(1)
    return delay
