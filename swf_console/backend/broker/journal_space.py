"""Free space of the journal's file, given back to the file system while the broker runs."""

import sqlite3
from collections.abc import Callable
from functools import partial

from . import journal_file
from .journal_thread import JournalThread

DELAY_SECONDS = 0.5
PAUSE_SECONDS = 0.02
STEP_PAGES = 256  # 1 MiB: no other job waits longer than for that
START_PAGES = 64  # fewer free pages stay for the next messages


class JournalSpace:
    """Shrinks the file in steps, so that no commit waits for more than one of them."""

    def __init__(self, thread: JournalThread) -> None:
        self._thread = thread
        self._shrinking = False

    def shrink_later(self) -> None:
        """Plan a check after rows were deleted."""
        if not self._shrinking:
            self._shrinking = True
            self._thread.later(DELAY_SECONDS, partial(self._shrink, START_PAGES))

    def _shrink(self, worthwhile: int) -> None:
        def step(connection: sqlite3.Connection) -> bool:
            free, used = journal_file.free_pages(connection)
            if free > max(used // 4, worthwhile):
                journal_file.give_back(connection, STEP_PAGES)
                return True
            if not worthwhile:  # the end of a shrinking that took place
                journal_file.checkpoint(connection, "TRUNCATE")
            return False

        def done(again: bool) -> None:
            if again:
                self._thread.later(PAUSE_SECONDS, partial(self._shrink, 0))
            else:
                self._shrinking = False

        self._thread.run(step, done)

    def compact(self, done: Callable[[], None]) -> None:
        """Give all free space back, then call `done`."""

        def step(connection: sqlite3.Connection) -> bool:
            free, _ = journal_file.free_pages(connection)
            journal_file.give_back(connection, STEP_PAGES)
            if free <= STEP_PAGES:
                journal_file.checkpoint(connection, "TRUNCATE")
            return free > STEP_PAGES

        def stepped(again: bool) -> None:
            if again:
                self.compact(done)
            else:
                done()

        self._thread.run(step, stepped)
