"""The console under a terminal of 160x50: its first paint, and its tail while messages pour in."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

from .harness import Row, at_most, cpu_seconds, interleaved, median, percentile, rss, shown
from .stage import CHECKOUT, CONSOLE, Home, Stage
from .terminal import Terminal

TITLE = "The console: first paint, and the live tail through the embedded broker"
READY = "quit"
MINIMAL = """
from textual.app import App
from textual.widgets import Static
class Minimal(App):
    def compose(self): yield Static("quit")
Minimal().run()
"""
OPEN = ("--namespace", "bench")
KEPT = 50_000


def rows(stage: Stage) -> list[Row]:
    """First paint, then two rates of messages."""
    with stage.embedded_home() as home:
        found = list(_first_paint(stage, home))
        for rate in (1_000, 10_000):
            found += _flooded(stage, home, rate)
        return [*found, _over_ssh(stage, home)]


def _first_paint(stage: Stage, home: Home) -> Iterator[Row]:
    def paint(words: list[str], text: str) -> float:
        with Terminal(words, cwd=home.path, env=home.environ) as terminal:
            return terminal.wait_for(text) - terminal.began

    console = [str(CONSOLE), *OPEN]
    taken = interleaved(
        stage.amount(11, 3),
        {
            "minimal": lambda: paint([sys.executable, "-c", MINIMAL], READY),
            "console": lambda: paint(console, READY),
            "overview": lambda: paint(console, "Nothing runs"),
        },
    )
    minimal, first, filled = (median(taken[name]) for name in ("minimal", "console", "overview"))
    yield at_most("first useful paint, against a minimal Textual app", first, minimal, 1.3, "s")
    yield at_most("the overview filled", filled, minimal, 2.0, "s")


def _flooded(stage: Stage, home: Home, rate: int) -> list[Row]:
    seconds = stage.amount(20, 6)
    name = f"{rate:,} messages/s"
    with _messages(home) as terminal:
        _flood(home, 1000, 2).wait()
        time.sleep(1)
        memory, calm = rss(terminal.pid), _toggled(terminal, seconds / 2)
        flood = _flood(home, rate, seconds)
        time.sleep(1)
        written, cpu, began = terminal.written, cpu_seconds(terminal.pid), time.monotonic()
        busy = _toggled(terminal, seconds - 2)
        took = time.monotonic() - began
        share = (cpu_seconds(terminal.pid) - cpu) / took
        output = (terminal.written - written) / took
        sent = int(flood.communicate()[0])
        terminal.press("f")
        terminal.wait_for("0 dropped")
        each = (rss(terminal.pid) - memory) / min(sent, KEPT)
        quiet = _quiet(terminal)
    p50, p99 = percentile(busy, 0.5), percentile(busy, 0.99)
    return [
        Row(f"{name}: sent, and none dropped", f"{sent:,}", ok=True, target="all"),
        Row(f"{name}: key to paint, p50", shown(p50, "s"), shown(percentile(calm, 0.5), "s")),
        Row(
            f"{name}: key to paint, p99",
            shown(p99, "s"),
            shown(percentile(calm, 0.99), "s"),
            target="<= 50 ms",
            ok=p99 <= 0.05,
        ),
        Row(f"{name}: a core, reading and painting", shown(share * 100, "%")),
        Row(f"{name}: written", f"{output / 1e3:.0f} kB/s", target="<= 220 kB/s", ok=output <= 220e3),
        Row(f"{name}: memory a message", f"{each:.0f} bytes", target="<= 600", ok=each <= 600),
        Row(f"{name}: written when it is over", f"{quiet:.0f} B/s", target="<= 2 kB/s", ok=quiet < 2000),
    ]


def _over_ssh(stage: Stage, home: Home) -> Row:
    seconds = stage.amount(15, 5)
    with _messages(home, SSH_CONNECTION="192.0.2.1 1 192.0.2.2 22") as terminal:
        flood = _flood(home, 1000, seconds)
        time.sleep(1)
        written, began = terminal.written, time.monotonic()
        flood.wait()
        output = (terminal.written - written) / (time.monotonic() - began)
    what = "1,000 messages/s over SSH: written"
    return Row(what, f"{output / 1e3:.0f} kB/s", target="<= 60 kB/s", ok=output <= 60e3)


@contextmanager
def _messages(home: Home, **environ: str) -> Iterator[Terminal]:
    """The console on its Messages screen."""
    environment = {**home.environ, **environ}
    with Terminal([CONSOLE, *OPEN], cwd=home.path, env=environment) as terminal:
        terminal.wait_for(READY)
        terminal.answer("3", "FOLLOW")
        terminal.wait_for("0 dropped")
        yield terminal


def _flood(home: Home, rate: int, seconds: int) -> Popen[str]:
    broker = home.broker()
    words = [broker.host, broker.port, broker.user, broker.password, rate, seconds]
    command = [sys.executable, "-m", "bench.flood", *map(str, words)]
    return Popen(command, cwd=CHECKOUT, stdout=PIPE, text=True)


def _toggled(terminal: Terminal, seconds: float) -> list[float]:
    """The seconds from a key to PAUSED, and from a key to FOLLOW, again and again."""
    delays = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for text in ("PAUSED", "FOLLOW"):
            delays.append(terminal.answer(" ", text))
            time.sleep(0.1)
    return delays


def _quiet(terminal: Terminal, seconds: float = 5.0) -> float:
    """Bytes written a second while nothing comes."""
    time.sleep(3)
    written = terminal.written
    time.sleep(seconds)
    return (terminal.written - written) / seconds
