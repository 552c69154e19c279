"""The console in a terminal of 160x50: at its messages, with messages pouring in, and its keys timed."""

import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import PIPE, Popen

from .harness import Row, cpu_seconds, main_seconds, percentile, shown
from .stage import CHECKOUT, CONSOLE, Home
from .terminal import Terminal

OPEN = ("--namespace", "bench")
READY = "quit"
SSH = {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
BETWEEN_KEYS = 0.05
KEPT = 50_000
COUNTED = re.compile(r"stf_gen ([\d,]+)")
DROPPED = re.compile(r"([\d,]+) dropped")


@contextmanager
def at_messages(home: Home, *, link: int | None = None, ssh: bool = False) -> Iterator[Terminal]:
    """The console on its Messages screen, the pipes up."""
    environment = {**home.environ, **(SSH if ssh else {})}
    with Terminal([CONSOLE, *OPEN], cwd=home.path, env=environment, link=link) as terminal:
        to_messages(terminal)
        yield terminal


def to_messages(terminal: Terminal) -> None:
    """Open the Messages screen, and wait for the broker."""
    terminal.wait_for(READY)
    terminal.answer("3", "FOLLOW")
    terminal.wait_for("Connected")


def flood(home: Home, rate: int, seconds: float) -> Popen[str]:
    """Messages to the broker of that home; the process prints how many it has sent."""
    broker = home.broker()
    words = [broker.host, broker.port, broker.user, broker.password, rate, seconds]
    command = [sys.executable, "-m", "bench.flood", *map(str, words)]
    return Popen(command, cwd=CHECKOUT, stdout=PIPE, text=True)


def toggled(terminal: Terminal, seconds: float) -> list[float]:
    """The seconds from a key to PAUSED, and from a key to FOLLOW, again and again."""
    delays = []
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        for text in ("PAUSED", "FOLLOW"):
            delays.append(terminal.answer(" ", text))
            time.sleep(BETWEEN_KEYS)
    return delays


@dataclass(frozen=True, slots=True)
class Watched:
    """What a console did: delays of its keys (s), and without keys bytes a second and shares of a core."""

    delays: list[float]
    output: float
    painting: float
    whole: float

    def rows(self, name: str, calm: Sequence[float]) -> list[Row]:
        """Keys, shares of a core, output."""
        return [
            *key_rows(name, self.delays, calm),
            Row(
                f"{name}: a core, painting",
                shown(self.painting * 100, "%"),
                target="<= 30%",
                ok=self.painting <= 0.3,
            ),
            Row(f"{name}: a core, reading and painting", shown(self.whole * 100, "%")),
            output_row(f"{name}: written", self.output, 220e3),
        ]


def watched(terminal: Terminal, seconds: float) -> Watched:
    """Look for half the time what it costs, and press keys for the other half."""
    pid, written, began = terminal.pid, terminal.written, time.monotonic()
    whole, painting = cpu_seconds(pid), main_seconds(pid)
    time.sleep(seconds / 2)
    took = time.monotonic() - began
    output, painting = terminal.written - written, main_seconds(pid) - painting
    whole = cpu_seconds(pid) - whole
    return Watched(toggled(terminal, seconds / 2), output / took, painting / took, whole / took)


def counted(text: str) -> int:
    """How many messages the screen said last that it has counted."""
    return _last(COUNTED, text)


def dropped(text: str) -> int:
    """How many it said last that it has dropped."""
    return _last(DROPPED, text)


def reached(terminal: Terminal, sent: int, patience: float = 10.0) -> float:
    """When so many were counted or dropped; infinite where that does not come to pass."""

    def all_there(text: str) -> bool:
        return counted(text) + dropped(text) >= sent

    try:
        return terminal.wait_until(all_there, patience)
    except TimeoutError:
        return float("inf")


def key_rows(name: str, busy: Sequence[float], calm: Sequence[float] = ()) -> list[Row]:
    """Key to paint: its median, its 99th percentile, and the longest."""
    p50, p99, most = percentile(busy, 0.5), percentile(busy, 0.99), max(busy)
    beside = [shown(percentile(calm, share), "s") if calm else "" for share in (0.5, 0.99, 1)]
    return [
        Row(f"{name}: key to paint, p50", shown(p50, "s"), beside[0]),
        Row(f"{name}: key to paint, p99", shown(p99, "s"), beside[1], target="<= 50 ms", ok=p99 <= 0.05),
        Row(f"{name}: the longest wait", shown(most, "s"), beside[2], target="<= 100 ms", ok=most <= 0.1),
    ]


def output_row(what: str, rate: float, limit: float) -> Row:
    """Bytes written a second."""
    return Row(what, f"{rate / 1e3:.0f} kB/s", target=f"<= {limit / 1e3:.0f} kB/s", ok=rate <= limit)


def _last(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.findall(text)
    return int(found[-1].replace(",", "")) if found else 0
