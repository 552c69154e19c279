"""The end of one process's log, read by a thread into a bounded buffer."""

import threading
from collections import deque
from collections.abc import Sequence

from ...backend.core.errors import SwfError
from ...backend.core.settings import Settings
from ...backend.services.agents.programs import supervisor_of
from ...backend.services.logs import readable_lines
from ...backend.supervisor.base import Supervisor
from ...backend.supervisor.explain import select
from ...backend.supervisor.log_follower import LogFollower

FIRST_LINES = 300
BUFFER = 5_000
POLL_SECONDS = 0.2
RETRY_SECONDS = 2.0


class LogBuffer:
    """Follows the log of `program` until it is closed. `take` never blocks."""

    def __init__(self, settings: Settings, program: str, supervisor: Supervisor | None = None) -> None:
        self._settings, self.program, self._supervisor = settings, program, supervisor
        self._lines: deque[str] = deque(maxlen=BUFFER)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._dropped = 0
        self.trouble = ""
        threading.Thread(target=self._follow, name=f"log of {program}", daemon=True).start()

    def take(self) -> tuple[Sequence[str], int]:
        """The lines since the last call, and how many were dropped because the buffer was full."""
        with self._lock:
            lines, dropped = list(self._lines), self._dropped
            self._lines.clear()
            self._dropped = 0
        return lines, dropped

    def close(self) -> None:
        """Stop following."""
        self._stop.set()

    def _follow(self) -> None:
        while not self._stop.is_set():
            follower = self._open()
            if follower is None:
                self._stop.wait(RETRY_SECONDS)
                continue
            try:
                for line in follower.follow(self._stop, POLL_SECONDS):
                    self._append(line.text)
            except OSError as error:
                self.trouble = f"the log cannot be read: {error.strerror}"
            finally:
                follower.close()

    def _open(self) -> LogFollower | None:
        try:
            supervisor = self._supervisor or supervisor_of(self._settings)
            (found,) = select(supervisor.processes(), [self.program])
        except (SwfError, ValueError) as error:
            self.trouble = (
                error.message if isinstance(error, SwfError) else "the name matches several processes"
            )
            return None
        if found.log_file is None:
            self.trouble = "no log file yet"
            return None
        self.trouble = ""
        return LogFollower(found.log_file, last_lines=FIRST_LINES)

    def _append(self, line: str) -> None:
        lines = readable_lines(line)
        with self._lock:
            for text in lines:
                self._dropped += len(self._lines) == BUFFER
                self._lines.append(text)
