"""The live tail while 50,000 messages a second are put into its ring, past the broker."""

import os
import signal
import sys
import time

from .console import counted, reached, to_messages, toggled, watched
from .harness import Row
from .stage import CHECKOUT, Stage
from .terminal import Terminal

TITLE = "The live tail with 50,000 messages a second put into its ring, 160x50"
RATE = 50_000


def rows(stage: Stage) -> list[Row]:
    """The console with a thread that pours."""
    seconds = stage.amount(20, 6)
    name = f"{RATE:,} messages/s into the ring"
    with stage.embedded_home() as home:
        command = [sys.executable, "-m", "bench.pour", str(home.path), str(RATE), str(seconds)]
        environ = {**home.environ, "PYTHONPATH": str(CHECKOUT)}
        with Terminal(command, cwd=home.path, env=environ) as terminal:
            to_messages(terminal)
            calm = toggled(terminal, seconds / 3)
            os.kill(terminal.pid, signal.SIGUSR1)
            poured = time.monotonic()
            time.sleep(1)
            busy = watched(terminal, seconds - 2)
            rate = RATE * seconds / (reached(terminal, RATE * seconds, 2 * seconds) - poured)
            said = counted(terminal.text)
    return [
        Row(
            f"{name}: taken a second",
            f"{rate:,.0f}",
            f"{RATE:,}",
            rate / RATE,
            ">= 0.95 x",
            rate >= 0.95 * RATE,
        ),
        Row(f"{name}: counted", f"{said:,}", f"{RATE * seconds:,}", target="all", ok=said == RATE * seconds),
        *busy.rows(name, calm),
    ]
