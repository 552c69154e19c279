"""Private files: atomic writes, and locks between processes.

Imports the standard library only, because every start of a program loads it.
"""

import errno
import fcntl
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_IMODE
from typing import IO, Any, Self

from .errors import UsageError

RETRY_SECONDS = 0.01
LOCK_SECONDS = 2.0
SMALLEST_FILE = 65536  # less is of no use to SQLite
# what flock(2) and fcntl(2) return on a file system without locks, such as NFS without a lock service
WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
LOCAL_DISK = "Set SWF_STATE_DIR to a local disk"
_lockable: set[Path] = set()


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
        self._path = path
        self._descriptor = os.open(path, flags, 0o600)

    def __enter__(self) -> Self:
        self._flock(fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self, seconds: float = 0.0, pause: Callable[[float], bool | None] = time.sleep) -> bool:
        """Wait up to `seconds`, or until `pause` returns True; whether the lock was acquired."""
        deadline = time.monotonic() + seconds
        while True:
            with suppress(BlockingIOError):
                self._flock(fcntl.LOCK_EX | fcntl.LOCK_NB)
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

    def _flock(self, operation: int) -> None:
        try:
            fcntl.flock(self._descriptor, operation)
        except OSError as error:
            if error.errno in WITHOUT_LOCKS:
                raise no_locks(self._path.parent, str(error.strerror)) from error
            raise


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


def disk_problem(path: Path) -> str:
    """`is full`, `has no free inodes` or `is read-only`, of the disk of this path; else empty."""
    try:
        found = os.statvfs(path if path.exists() else path.parent)
    except OSError:
        return ""
    if found.f_flag & os.ST_RDONLY:
        return "is read-only"
    if found.f_bavail * found.f_frsize < SMALLEST_FILE:
        return "is full"
    # some file systems, such as btrfs, have no fixed number of inodes and report 0 of 0
    return "has no free inodes" if found.f_files and not found.f_favail else ""


def no_locks(directory: Path, reason: str) -> UsageError:
    """The error for a directory whose file system has no locks."""
    return UsageError(f"{directory}: files cannot be locked on this file system: {reason}", LOCAL_DISK)


def lock_problem(directory: Path) -> str:
    """Why files in this directory cannot be locked, empty if they can; takes LOCK_SECONDS at most.

    SQLite needs byte-range locks (fcntl), the other files flock. A lock service that does not answer blocks
    the call in the kernel, so a daemon thread makes it.
    """
    if directory in _lockable:
        return ""
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.append(_try_locks(directory)), daemon=True)
    thread.start()
    thread.join(LOCK_SECONDS)
    return results[0] if results else f"no answer within {LOCK_SECONDS:g} s"


def _try_locks(directory: Path) -> str:
    # a file of its own: closing any descriptor of a file drops all fcntl locks of the process on it
    path = directory / f".lock-test.{os.getpid()}.{time.monotonic_ns()}"
    try:
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            path.unlink()
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _lockable.add(directory)
    except OSError as error:
        return str(error.strerror) if error.errno in WITHOUT_LOCKS else ""  # other errors have other checks
    return ""
