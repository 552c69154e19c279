"""Writing to a terminal that may stall or disappear, without ever blocking the UI thread for good."""

import os
import select
from queue import Full
from typing import IO, Protocol, cast

from textual.drivers._writer_thread import WriterThread

# how often a blocked writer checks whether the terminal is gone
SLICE_SECONDS = 0.1


class Loss(Protocol):
    """Whether the terminal is gone."""

    lost: bool

    def report(self) -> None:
        """Report that it is gone."""


class TerminalFile:
    """Writes to the terminal's file descriptor; drops everything once the terminal is gone.

    Python's own stderr is not used: a thread that is blocked in it holds its lock, and the interpreter waits
    for that lock when it ends.
    """

    def __init__(self, fileno: int, loss: Loss) -> None:
        self._fileno, self.loss = fileno, loss

    def write(self, text: str) -> int:
        """Write, or return early when the terminal is gone."""
        data = memoryview(text.encode(errors="replace"))
        while data and not self.loss.lost:
            try:
                _, writable, _ = select.select((), (self._fileno,), (), SLICE_SECONDS)
                if writable:
                    data = data[os.write(self._fileno, data) :]
            except BlockingIOError:
                continue  # another process has made the terminal non-blocking
            except OSError:
                self.loss.report()
        return len(text)

    def flush(self) -> None:
        """Everything is written already."""

    def fileno(self) -> int:
        """The file descriptor of the terminal."""
        return self._fileno


class TerminalWriter(WriterThread):
    """Textual's writer thread, whose queue is bounded: a terminal that is not read blocks the UI thread.

    Here the UI thread is released as soon as the terminal is gone (Textual 8.2 waits forever).
    """

    def __init__(self, file: IO[str], loss: Loss) -> None:
        super().__init__(file)
        self._loss = loss

    def write(self, text: str) -> None:
        """Queue a text, unless the terminal is gone."""
        self._put(text)

    def stop(self) -> None:
        """Write what is queued, then end the thread; if the terminal is gone, do not wait for it."""
        self._put(None)
        while self.is_alive() and not self._loss.lost:
            self.join(SLICE_SECONDS)

    def _put(self, text: str | None) -> None:
        while not self._loss.lost:
            try:
                self._queue.put(text, timeout=SLICE_SECONDS)
            except Full:
                continue
            return


def as_file(file: TerminalFile) -> IO[str]:
    """The file as Textual expects it; it only calls these methods."""
    return cast("IO[str]", file)
