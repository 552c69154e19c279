"""The live tail over SSH, and over a link that takes 100 kB a second."""

import time

from .console import at_messages, flood, output_row, toggled
from .harness import Row, percentile, shown
from .stage import Home, Stage

TITLE = "The live tail over a slow link, 160x50"
LINK = 100_000
FIRST = 2.0


def rows(stage: Stage) -> list[Row]:
    """Output in SSH mode; keys over the link, in SSH mode and not."""
    seconds = stage.amount(15, 5)
    with stage.embedded_home() as home:
        found = []
        for rate in (1_000, 10_000):
            name = f"{rate:,} messages/s"
            found.append(_output(home, f"{name}, SSH mode: written", rate, seconds))
            found.append(_keys(home, f"{name}, 100 kB/s: key to paint, p50", rate, seconds))
        found.append(_keys(home, "1,000 messages/s, 100 kB/s, SSH mode: p50", 1_000, seconds, ssh=True))
    return found


def _output(home: Home, what: str, rate: int, seconds: int) -> Row:
    with at_messages(home, ssh=True) as terminal:
        pouring = flood(home, rate, seconds)
        time.sleep(1)
        written, began = terminal.written, time.monotonic()
        pouring.wait()
        return output_row(what, (terminal.written - written) / (time.monotonic() - began), 60e3)


def _keys(home: Home, what: str, rate: int, seconds: int, *, ssh: bool = False) -> Row:
    with at_messages(home, link=LINK, ssh=ssh) as terminal:
        pouring = flood(home, rate, seconds + FIRST)
        time.sleep(FIRST)
        delays = toggled(terminal, seconds - 1)
        pouring.wait()
    p50, p99 = percentile(delays, 0.5), percentile(delays, 0.99)
    return Row(
        what,
        shown(p50, "s"),
        target="< 150 ms",
        ok=p50 < 0.15,
        note=f"p99 {shown(p99, 's')}, {len(delays)} keys",
    )
