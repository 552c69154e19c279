"""A watchdog beside a process that executes: when that is killed, its executions are closed at once.

It is a fork made before any thread and any heavy import. It sleeps on a pipe that only its parent
holds; when the parent ends without a word, it becomes `swf-console executions sweep --owner ...`.
"""

import os
import signal
import sys

from ...core.settings import Settings

DISMISSED = b"."


def new_owner_id(settings: Settings) -> str:
    """Host, pid, and what makes the name unique for ever."""
    return f"{settings.host}:{os.getpid()}:{os.urandom(6).hex()}"


class Watchdog:
    """The parent's end of the pipe."""

    def __init__(self, settings: Settings, owner: str) -> None:
        read_end, self._write_end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            _watch(read_end, settings, owner)
        os.close(read_end)

    def dismiss(self) -> None:
        """Tell the watchdog that this process ends in order, and wait for its end."""
        if self._write_end < 0:
            return
        os.write(self._write_end, DISMISSED)
        os.close(self._write_end)
        self._write_end = -1
        os.waitpid(self._pid, 0)


def _watch(read_end: int, settings: Settings, owner: str) -> None:
    """Wait until the parent dismisses it or dies; never returns."""
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        _keep_only(read_end)
        if os.read(0, 1) != DISMISSED:
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
