"""Ten minutes of messages once the ring is full: does the console's memory grow?"""

import time

from .console import KEPT, at_messages, counted, dropped, flood, reached
from .harness import Row, rss, shown
from .stage import Stage

TITLE = "The live tail's memory over ten minutes of 1,000 messages/s, the ring full from the beginning"
RATE = 1_000
FILL = 8_000
GROWTH = 10e6
MOST = 200e6


def rows(stage: Stage) -> list[Row]:
    """Memory at the beginning, at the end, and what was counted."""
    seconds = stage.amount(600, 20)
    with stage.embedded_home() as home, at_messages(home) as terminal:
        sent = int(flood(home, FILL, 1.2 * KEPT / FILL).communicate()[0])
        reached(terminal, sent)
        warm = flood(home, RATE, stage.amount(20, 3))
        sent += int(warm.communicate()[0])
        reached(terminal, sent)
        time.sleep(1)
        before = rss(terminal.pid)
        sent += int(flood(home, RATE, seconds).communicate()[0])
        reached(terminal, sent)
        after, said, lost = rss(terminal.pid), counted(terminal.text), dropped(terminal.text)
    return [
        Row(
            f"{seconds} s at {RATE:,} messages/s",
            f"{(after - before) / 1e6:+.1f} MB",
            shown(before, "B"),
            target="< +10 MB",
            ok=after - before < GROWTH,
        ),
        Row("memory in all", shown(after, "B"), target="< 200 MB", ok=after < MOST),
        Row(
            "counted, dropped of them",
            f"{said:,}, {lost:,}",
            f"{sent:,}",
            target="all counted",
            ok=said + lost == sent,
        ),
    ]
