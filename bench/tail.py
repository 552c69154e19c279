"""The live tail while messages pour in through the embedded broker, and while nothing comes."""

import time

from .console import KEPT, READY, at_messages, counted, dropped, flood, reached, toggled, watched
from .harness import Row, rss, shown
from .seeding import seed
from .stage import CONSOLE, Home, Stage
from .terminal import Terminal

TITLE = "The live tail through the embedded broker, 160x50; the control is the same console before"
WARM = 1000
LATEST = 1.0
RECORDED = 100
SETTLED = 3.0


def rows(stage: Stage) -> list[Row]:
    """Two rates of messages, and none."""
    with stage.embedded_home() as home:
        return [
            *_flooded(home, 1_000, stage.amount(25, 6)),
            *_flooded(home, 10_000, stage.amount(20, 6)),
            _quiet(home, stage.amount(10, 3)),
        ]


def _flooded(home: Home, rate: int, seconds: int) -> list[Row]:
    name = f"{rate:,} messages/s"
    with at_messages(home) as terminal:
        before = _warmed(home, terminal)
        memory, calm = rss(terminal.pid), toggled(terminal, seconds / 2)
        pouring = flood(home, rate, seconds)
        time.sleep(1)
        busy = watched(terminal, seconds - 2)
        sent = int(pouring.communicate()[0])
        ended = time.monotonic()
        late = max(0.0, reached(terminal, sent + before) - ended)
        said, lost = counted(terminal.text) - before, dropped(terminal.text)
        full = rss(terminal.pid)
    each = (full - memory) / (min(sent + before, KEPT) - before)
    return [
        Row(f"{name}: sent", f"{sent:,}", f"{rate * seconds:,}", sent / (rate * seconds)),
        Row(
            f"{name}: counted, dropped of them",
            f"{said:,}, {lost:,}",
            f"{sent:,}",
            target="all counted",
            ok=said + lost == sent,
        ),
        Row(
            f"{name}: behind at the end",
            shown(late, "s"),
            target=f"<= {LATEST:g} s",
            ok=late <= LATEST,
        ),
        *busy.rows(name, calm),
        Row(f"{name}: memory a message kept", f"{each:.0f} bytes", target="< 600 bytes", ok=each < 600),
        Row(f"{name}: memory in all", shown(full, "B"), target="< 200 MB", ok=full < 200e6),
    ]


def _warmed(home: Home, terminal: Terminal) -> int:
    """So many messages have come that everything is loaded that they need."""
    sent = int(flood(home, WARM, 2).communicate()[0])
    reached(terminal, sent)
    time.sleep(1)
    return sent


def _quiet(home: Home, seconds: float) -> Row:
    """The lines but the clock's that are painted while recorded messages are seen and none come."""
    seed(home.settings.database_url, RECORDED, 10 * RECORDED)
    with Terminal([CONSOLE, "--namespace", "space-3"], cwd=home.path, env=home.environ) as terminal:
        terminal.wait_for(READY)
        terminal.answer("3", "swf.100010.0")
        time.sleep(SETTLED)
        terminal.forget()
        written = terminal.written
        time.sleep(seconds)
        painted = terminal.lines - {1}
        clock = (terminal.written - written) / seconds
    return Row(
        "nothing comes: lines painted, the clock's line left out",
        f"{len(painted)}",
        target="0",
        ok=not painted,
        note=f"the clock's line takes {clock:.0f} B/s",
    )
