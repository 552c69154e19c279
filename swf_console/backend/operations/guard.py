"""A guard at the side of a process that executes: killed outright, its executions are closed at once.

The guard is a fork made before any thread and any heavy import. It sleeps on a pipe that only its parent
holds; when the parent ends without a word, it becomes `swf-console executions sweep --owner ...`.
"""

import os
import signal
import sys

from ..settings import Settings

FAREWELL = b"."


class Guard:
    """The parent's end of the pipe."""

    def __init__(self, settings: Settings, owner: str) -> None:
        read_end, self._write_end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _stand_guard(read_end, settings, owner)
        os.close(read_end)

    def dismiss(self) -> None:
        """Tell the guard that all is well, and wait for its end."""
        if self._write_end < 0:
            return
        os.write(self._write_end, FAREWELL)
        os.close(self._write_end)
        self._write_end = -1
        os.waitpid(self._pid, 0)


def _stand_guard(read_end: int, settings: Settings, owner: str) -> None:
    """Wait for the parent's farewell or its death; never returns."""
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        _keep_only(read_end)
        if os.read(0, 1) != FAREWELL:
            command = [sys.executable, "-m", "swf_console", "--home", str(settings.home)]
            environment = os.environ | {"SWF_STATE_DIR": str(settings.state_dir)}
            os.execve(sys.executable, [*command, "executions", "sweep", "--owner", owner], environment)  # noqa: S606
    finally:
        os._exit(0)


def _keep_only(read_end: int) -> None:
    """The pipe becomes stdin, everything else is closed: a killed parent's pipes must see their end."""
    os.dup2(read_end, 0)
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    os.closerange(3, max(256, read_end + 1))
