"""Private files: atomic writes, and locks between processes.

Imports the standard library only, because every start of a program loads it.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE
from typing import IO, Any, Self

RETRY_SECONDS = 0.01


def write_private(path: Path, text: str, mode: int = 0o600, *, durable: bool = False) -> None:
    """Write a file atomically that only its owner can read; a file with this text and mode is not touched."""
    data = os.fsencode(text)
    if path.is_file() and path.read_bytes() == data and S_IMODE(path.stat().st_mode) == mode:
        return
    with atomic_write(path, mode, durable=durable) as file:
        file.write(data)


@contextmanager
def atomic_write(path: Path, mode: int, *, durable: bool = False) -> Iterator[IO[bytes]]:
    """A new file that replaces `path` when the block ends, and is deleted if the block raises.

    With `durable` it is on the disk when the block ends, so that it survives a crash of the machine.
    """
    # O_EXCL and a name of its own: a draft that a killed process of this PID left may have another mode
    draft = path.with_name(f".{path.name[:100]}.{os.getpid()}.{time.monotonic_ns()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        try:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            with suppress(FileNotFoundError):
                draft.unlink()
            raise
    if durable:
        _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    """Sync the rename itself; not every file system allows fsync of a directory."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def private_opener(path: str, flags: int) -> int:
    """For `open(opener=...)`: the file is readable for its owner only, whatever umask and old mode."""
    descriptor = os.open(path, flags, 0o600)
    with suppress(PermissionError):  # of another user: its mode is theirs
        os.fchmod(descriptor, 0o600)
    return descriptor


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in the file; {} if it is missing, unreadable or not an object."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class FileLock:
    """A lock between processes on a file, which is created if missing, or on a directory (O_RDONLY).

    flock(2): the kernel releases it when the process ends, however it ends, so no lock is ever stale.
    """

    def __init__(self, path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> None:
        self._descriptor = os.open(path, flags, 0o600)

    def __enter__(self) -> Self:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self, seconds: float = 0.0, pause: Callable[[float], bool | None] = time.sleep) -> bool:
        """Wait up to `seconds`, or until `pause` returns True; whether the lock was acquired."""
        deadline = time.monotonic() + seconds
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            if time.monotonic() >= deadline or pause(RETRY_SECONDS):
                self.release()
                return False

    def write_holder(self, text: str) -> None:
        """Write `text` into the file: who holds the lock, for processes that find it locked."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def release(self) -> None:
        """Release the lock."""
        os.close(self._descriptor)


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock on that file; the check itself holds it for an instant."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
