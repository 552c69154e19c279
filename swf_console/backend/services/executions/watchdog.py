"""A watchdog beside a process that executes: it closes the executions of a process that ended or is stuck.

It is a fork made before any thread and any heavy import. It reads a pipe to which only its parent writes.
When the pipe ends without a dismissal, it becomes `swf-console executions sweep --owner ...`. When the parent
has given no sign of life for 15 s, a call holds its interpreter lock: every thread waits, so no signal, stop
request or lease is served. The watchdog then kills the parent, and all executions in it end.
"""

import os
import select
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal

from ...core.settings import Settings

DISMISSED, ALIVE = b".", b"+"
ALIVE_SECONDS = 2.0
STUCK_SECONDS = 15.0

End = Literal["dismissed", "ended", "stuck"]


def new_owner_id(settings: Settings) -> str:
    """The owner id of this process: host, pid, and a random part that makes it unique."""
    return f"{settings.host}:{os.getpid()}:{os.urandom(6).hex()}"


class Watchdog:
    """The parent's end of the pipe. Without an owner nothing is swept, but a stuck process is killed."""

    def __init__(self, settings: Settings, owner: str | None) -> None:
        read_end, self._write_end = os.pipe()
        watched = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            _watch(read_end, watched, settings, owner)
        os.close(read_end)
        # a watchdog that does not read must not block this process
        os.set_blocking(self._write_end, False)
        # guards _write_end: after close() the number may belong to another file
        self._lock = threading.Lock()
        self._ended = threading.Event()
        threading.Thread(target=self._give_signs_of_life, name="watchdog", daemon=True).start()

    def dismiss(self) -> None:
        """Tell the watchdog that this process ends in order, and wait for its end."""
        self._ended.set()
        with self._lock:
            if self._write_end < 0:
                return
            with suppress(OSError):
                os.write(self._write_end, DISMISSED)
            os.close(self._write_end)
            self._write_end = -1
        os.waitpid(self._pid, 0)

    def _give_signs_of_life(self) -> None:
        while not self._ended.wait(ALIVE_SECONDS):
            with self._lock, suppress(OSError):
                if self._write_end >= 0:
                    os.write(self._write_end, ALIVE)


def _watch(read_end: int, watched: int, settings: Settings, owner: str | None) -> None:
    """Wait until the parent dismisses it, ends or is stuck; never returns."""
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        _keep_only(read_end)
        end = _await_end(watched)
        if end == "stuck":
            os.kill(watched, signal.SIGKILL)
            while os.read(0, 4096):
                pass
        if owner and end != "dismissed":
            command = [sys.executable, "-m", "swf_console", "--home", str(settings.home)]
            sweep = ["executions", "sweep", "--owner", owner, *(["--killed"] if end == "stuck" else [])]
            environment = os.environ | {"SWF_STATE_DIR": str(settings.state_dir)}
            os.execve(sys.executable, [*command, *sweep], environment)  # noqa: S606
    finally:
        os._exit(0)


def _await_end(watched: int) -> End:
    silent = 0.0
    while True:
        ready, _, _ = select.select([0], [], [], ALIVE_SECONDS)
        if ready:
            said = os.read(0, 4096)
            if not said:
                return "ended"
            if DISMISSED in said:
                return "dismissed"
            silent = 0.0
        elif _is_stopped(watched):
            silent = 0.0  # SIGSTOP, Ctrl-Z or a debugger: it gives signs of life when it continues
        else:
            # counted in waits of this process: on a machine that is too busy for both, both are late
            silent += ALIVE_SECONDS
            if silent >= STUCK_SECONDS - ALIVE_SECONDS:
                return "stuck"


def _is_stopped(pid: int) -> bool:
    """Whether the process is stopped or traced; True without /proc, so that nothing is killed by mistake."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return True
    return state in {"T", "t"}


def _keep_only(read_end: int) -> None:
    """The pipe becomes stdin, everything else is closed: a killed parent's pipes must see their end."""
    os.dup2(read_end, 0)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.closerange(3, max(256, read_end + 1))
