"""The only thread that uses the journal's file: it runs jobs in order and answers on the event loop."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

Found = TypeVar("Found")
Job = Callable[[], None]


class JournalThread:
    """Runs jobs on a connection. `broken`: it ended with an exception."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self.broken = False

    def start(self, loop: asyncio.AbstractEventLoop, died: Callable[[], None]) -> None:
        """Start; `died` is called on the loop if the thread ends with an exception."""
        self._loop = loop
        self._died = died
        self._thread.start()

    def run(self, job: Callable[[sqlite3.Connection], Found], answer: Callable[[Found], None]) -> None:
        """Run a job after those that wait; `answer` gets its result, on the loop."""

        def work() -> None:
            found = job(self._connection)
            self._loop.call_soon_threadsafe(answer, found)

        self._jobs.put(work)

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call something on the loop after a pause."""
        self._loop.call_later(seconds, call)

    def stop(self) -> None:
        """Run the jobs that wait, then close the file."""
        self._jobs.put(None)
        self._thread.join(1.0)

    def _work(self) -> None:
        in_order = False
        try:
            while (job := self._jobs.get()) is not None:
                job()
            in_order = True
        finally:
            self._connection.close()
            if not in_order:
                self.broken = True
                self._loop.call_soon_threadsafe(self._died)
