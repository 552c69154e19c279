"""The end of a console whose terminal is gone, or that a signal ends.

The UI thread cannot be relied on for that: it may wait for a terminal that nobody reads.
"""

import os
import threading
import time
from typing import Protocol

# a console without a terminal is gone within three seconds; its executions end on their normal path first
END_SECONDS = 2.0
EXECUTIONS_SECONDS = 15.0
CLOSE_SECONDS = 0.5


class EndingConsole(Protocol):
    """What ends. All but `refuse_actions` is called in a background thread."""

    def refuse_actions(self) -> None:
        """Handle no key and start nothing any more; called in signal handlers."""

    def request_exit(self) -> None:
        """Ask the UI thread to end the application."""

    def close_executions(self) -> None:
        """Stop the executions of this process and wait for their end."""

    def kill(self) -> None:
        """End the process immediately; does not return."""


class TerminalLoss:
    """Whether the terminal is gone; ends the console when it is, or when `end` is called.

    `report` and `end` may be called in a signal handler and in every thread: they only set an attribute and
    write to a pipe, for a handler that takes a lock which its own thread holds waits forever.
    """

    def __init__(self, console: EndingConsole) -> None:
        self._console = console
        self.lost = False
        self._ending = False
        self._write_end = -1

    def watch(self) -> None:
        """Start waiting for the end, once."""
        if self._write_end < 0:
            read_end, self._write_end = os.pipe()
            threading.Thread(target=self._watch, args=(read_end,), name="terminal-loss", daemon=True).start()

    def report(self) -> None:
        """The terminal is gone: nothing is written to it any more, and the console ends."""
        self._console.refuse_actions()
        self.lost = True
        self.end()

    def end(self) -> None:
        """End the console; its terminal is restored if it takes what is written to it."""
        self._console.refuse_actions()
        if not self._ending:
            self._ending = True
            os.write(self._write_end, b".")

    def _watch(self, read_end: int) -> None:
        os.read(read_end, 1)
        self._console.request_exit()
        time.sleep(END_SECONDS)
        # the process is still there: the terminal takes nothing, or something waits for a backend
        self.lost = True
        closing = threading.Thread(target=self._console.close_executions, name="closing", daemon=True)
        closing.start()
        closing.join(EXECUTIONS_SECONDS)
        time.sleep(CLOSE_SECONDS)
        self._console.kill()
