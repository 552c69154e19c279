"""Reads the first screen's content in a second process while this one still loads the screen.

Reading needs the database's libraries, which take as long to load as the screen. The process ends with its
answer; it changes nothing, but creates or migrates the database file if necessary.
"""

import os
import select
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Generic, TypeVar

WAIT_SECONDS = 1.5
QUIET = (
    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
)
T = TypeVar("T")


class Prefetch(Generic[T]):
    """Runs `python -m package` immediately; `take` returns its answer, once.

    The package's `__main__` writes a pickle of classes of its module `snapshot`.
    """

    def __init__(self, package: str, arguments: Sequence[object] = ()) -> None:
        self._package = package
        command = [sys.executable, "-m", package, *(str(each or "") for each in arguments)]
        self._end, write_end = os.pipe()
        actions = [(os.POSIX_SPAWN_DUP2, write_end, 1), *QUIET]
        self._pid = os.posix_spawn(sys.executable, command, os.environ, file_actions=actions)
        os.close(write_end)
        self._lock, self._shown, self._taken = threading.Lock(), threading.Event(), False

    def take(self, timeout: float = WAIT_SECONDS) -> T | None:
        """The answer; None if there is none within `timeout` seconds, or if it was already taken. Blocks."""
        import pickle
        from importlib import import_module

        # loaded while the other process still reads: the answer consists of these classes
        import_module(f"{self._package}.snapshot")

        with self._lock:
            if self._taken:
                return None
            answer_bytes = self._read(timeout)
            self._kill()
        if not answer_bytes:
            self.shown()
            return None
        answer: T = pickle.loads(answer_bytes)  # noqa: S301 (a child of ours wrote it)
        return answer

    def shown(self) -> None:
        """Report that the answer is on screen, or that there is none."""
        self._shown.set()

    def wait(self, timeout: float = WAIT_SECONDS) -> None:
        """Wait until the answer is on screen, at most `timeout` seconds."""
        self._shown.wait(timeout)

    def close(self) -> None:
        """End the process; the answer is not needed."""
        with self._lock:
            if not self._taken:
                self._kill()
        self.shown()

    def _read(self, timeout: float) -> bytes:
        readable, _, _ = select.select([self._end], [], [], timeout)
        if not readable:
            return b""
        with os.fdopen(self._end, "rb", closefd=False) as answer:
            return answer.read()

    def _kill(self) -> None:
        os.close(self._end)
        with suppress(OSError):
            # it only reads, or has been asked to end: nothing is lost
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        self._taken = True
