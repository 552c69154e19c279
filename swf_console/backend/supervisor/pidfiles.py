"""PID files: running processes and orphans; at most one process of each name."""

import contextlib
import json
import os
import re
import signal
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

from ..core.files import FileLock, read_json, write_private
from .base import Orphan

POLL_SECONDS = 0.05
KILL_SECONDS = 5.0
SUFFIX = ".pid"
# homes of 0.1 spell the launcher longer
NOT_YET_LAUNCHED = re.compile(rb"swf_console\.([a-z_]+\.)*(launch|withdraw)\0|agents\.supervisord\.conf\0")


class AlreadyRunning(Exception):
    """The process is already running, as `pid`."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid


def claim(directory: Path, process: str) -> None:
    """Write our PID as that of `process`; AlreadyRunning if another one lives. Valid after an exec too."""
    folder = _folder(directory)
    with FileLock(folder / ".lock"):
        living = _living(folder / f"{process}{SUFFIX}")
        if living is not None and living != os.getpid():
            raise AlreadyRunning(living)
        content = {"pid": os.getpid(), "began": _start_time(os.getpid()), "host": _host(), "at": time.time()}
        write_private(folder / f"{process}{SUFFIX}", json.dumps(content))


def is_launching(pid: int) -> bool:
    """Whether that process is still the launcher, or supervisord's fork before it."""
    try:
        return bool(NOT_YET_LAUNCHED.search(Path(f"/proc/{pid}/cmdline").read_bytes()))
    except OSError:
        return False


def living_processes(directory: Path) -> tuple[Orphan, ...]:
    """Every living process of this host with a PID file, supervised or not."""
    found = []
    for path in sorted(_folder(directory).glob(f"*{SUFFIX}")):
        pid = _living(path)
        if pid is not None:
            found.append(Orphan(path.name.removesuffix(SUFFIX), pid, _since(path)))
    return tuple(found)


def find_orphans(directory: Path, supervised: Collection[int]) -> tuple[Orphan, ...]:
    """The living processes whose PIDs supervisord does not know."""
    return tuple(one for one in living_processes(directory) if one.pid not in supervised)


def terminate(orphans: Sequence[Orphan], timeout: float) -> tuple[Orphan, ...]:
    """SIGTERM to each process group, SIGKILL after `timeout` seconds; returns those that have ended."""
    known = {one: _start_time(one.pid) for one in orphans if _exists(one.pid)}
    for signal_number, seconds in ((signal.SIGTERM, timeout), (signal.SIGKILL, KILL_SECONDS)):
        for one, started in known.items():
            if is_alive(one.pid, started):
                _signal_group(one.pid, signal_number)
        _await_end(known, seconds)
    return tuple(one for one in orphans if one not in known or not is_alive(one.pid, known[one]))


def is_alive(pid: int, started: str) -> bool:
    """Whether the process with that start time still lives: its PID may have been reused."""
    return _exists(pid) and _start_time(pid) == started


def _await_end(known: dict[Orphan, str], seconds: float) -> None:
    deadline, pause = time.monotonic() + seconds, Event()
    while any(is_alive(one.pid, started) for one, started in known.items()) and time.monotonic() < deadline:
        pause.wait(POLL_SECONDS)


def _signal_group(pid: int, signal_number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal_number)
        else:
            os.kill(pid, signal_number)


def _living(path: Path) -> int | None:
    try:
        content = read_json(path)
        pid, started, host = int(content["pid"]), str(content["began"]), content["host"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid if host == _host() and is_alive(pid, started) else None


def _since(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(read_json(path)["at"], UTC)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _stat(pid)[:1] not in (["Z"], ["X"])


def _start_time(pid: int) -> str:
    """Its start in clock ticks since the boot (proc(5), field 22), with the boot id; "" if unknown."""
    fields = _stat(pid)
    return f"{fields[19]}@{_boot()}" if len(fields) > 19 else ""


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; the name before it may contain any character."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _host() -> str:
    return os.uname().nodename


def _folder(directory: Path) -> Path:
    folder = directory / "pids"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
