"""`python -m bench.pour HOME RATE SECONDS`: the console, and a thread of it that puts messages into its ring.

It begins on SIGUSR1, and puts in RATE * SECONDS messages, evenly paced where it can.
"""

import signal
import sys
import threading
import time
import uuid
from pathlib import Path

from swf_console.backend.core.settings import load_settings
from swf_console.backend.messaging.message import ID_HEADER
from swf_console.cli.console import show
from swf_console.viewmodels.context import ConsoleContext
from swf_console.viewmodels.messages.buffer import MessageBuffer

from .flood import body

DISTINCT = 5_000
STEP = 0.005


def main() -> int:
    """Open the console, and pour when told to."""
    home, rate, seconds = sys.argv[1:]
    context = ConsoleContext(load_settings(home=Path(home)), "bench")
    told = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: told.set())
    pourer = threading.Thread(target=_pour, args=(context.tail, told, int(rate), int(seconds)), daemon=True)
    pourer.start()
    return show(context)


def _pour(tail: MessageBuffer, told: threading.Event, rate: int, seconds: int) -> None:
    frames = [
        ({"destination": "/topic/epictopic", ID_HEADER: str(uuid.uuid4())}, body(number))
        for number in range(DISTINCT)
    ]
    told.wait()
    began, put = time.monotonic(), 0
    while put < rate * seconds:
        due = min(rate * seconds, int((time.monotonic() - began) * rate))
        for first in range(put, due, DISTINCT):
            tail.take(frames[: min(DISTINCT, due - first)])
        put = due
        time.sleep(STEP)


if __name__ == "__main__":
    sys.exit(main())
