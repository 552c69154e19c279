"""The first look at the testbed, taken by a fork on another core while this process still loads its screen.

What looks needs the database's libraries, which take as long to load as the screen does. The fork ends with
its answer; it changes nothing but a database file that is not there, or not at this version yet.
"""

import os
import pickle
import select
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from ...settings import Settings
from .memory import Memory

if TYPE_CHECKING:
    from .looks import OverviewLook

LONGEST = 10
PATIENCE = 1.5
SHOWN_BY = "overview"


def look_first(settings: Settings, namespace: str | None) -> "FirstLook | None":
    """Take one where the console opens with the screen that shows it."""
    opens_with = Memory(settings.state_dir).recall(namespace, "screen") or SHOWN_BY
    return FirstLook(settings, namespace) if opens_with == SHOWN_BY else None


class FirstLook:
    """Forks at once: make it before there is any thread. `take` gives its answer, once."""

    def __init__(self, settings: Settings, namespace: str | None) -> None:
        self._end, write_end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _look(write_end, settings, namespace)
        os.close(write_end)
        self._lock, self._over = threading.Lock(), threading.Event()

    def take(self, timeout: float = PATIENCE) -> "OverviewLook | None":
        """What it saw; None where it has seen nothing by then, or was asked before. Blocks meanwhile."""
        with self._lock:
            if self._over.is_set():
                return None
            said = self._said(timeout)
            self._end_it()
        look: OverviewLook | None = pickle.loads(said) if said else None  # noqa: S301 (a fork of ours wrote it)
        return look

    def wait(self, timeout: float = PATIENCE) -> None:
        """Wait until it has been taken, at most for so long."""
        self._over.wait(timeout)

    def close(self) -> None:
        """Want it no more."""
        with self._lock:
            if not self._over.is_set():
                self._end_it()

    def _said(self, timeout: float) -> bytes:
        readable, _, _ = select.select([self._end], [], [], timeout)
        if not readable:
            return b""
        with os.fdopen(self._end, "rb", closefd=False) as answer:
            return answer.read()

    def _end_it(self) -> None:
        os.close(self._end)
        with suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        self._over.set()


def _look(write_end: int, settings: Settings, namespace: str | None) -> None:
    """Look, say what was seen, and end; never returns."""
    with suppress(BaseException):
        os.setsid()
        signal.alarm(LONGEST)
        silence = os.open(os.devnull, os.O_RDWR)
        for end in (0, 1, 2):
            os.dup2(silence, end)
        from .overview import OverviewWatch
        from .services import ConsoleServices

        look = OverviewWatch(ConsoleServices(settings, namespace, read_only=True)).look()
        with os.fdopen(write_end, "wb") as answer:
            answer.write(pickle.dumps(look))
    os._exit(0)
