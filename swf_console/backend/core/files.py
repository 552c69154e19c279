"""Files of this program: written in one step, private, locked between processes.

Light, since every launch of a program reads them.
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
    """Write a file that only its owner can read, in one step; a file that is so already is left alone."""
    data = os.fsencode(text)
    if path.is_file() and path.read_bytes() == data and S_IMODE(path.stat().st_mode) == mode:
        return
    with replacing(path, mode, durable=durable) as file:
        file.write(data)


@contextmanager
def replacing(path: Path, mode: int, *, durable: bool = False) -> Iterator[IO[bytes]]:
    """A new file that takes the place of `path` when the block ends, and is gone where the block fails.

    `durable`: it is on the disk when the block has ended, as a crash of the machine needs it.
    """
    # One writer a name; what a killed process of this PID left is not written into, its mode may be another.
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
    """Have the new name on the disk too, where the file system and the directory's mode let us."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_json(path: Path) -> dict[str, Any]:
    """The object that a file of ours holds; {} where there is none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class FileLock:
    """A lock between processes on a file, made where it is missing, or on a directory (O_RDONLY).

    The kernel lets go of it with the process, however that ends: none is ever left behind.
    """

    def __init__(self, path: Path, flags: int = os.O_RDWR | os.O_CREAT) -> None:
        self._descriptor = os.open(path, flags, 0o600)

    def __enter__(self) -> Self:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def take(self, seconds: float = 0.0, pause: Callable[[float], bool | None] = time.sleep) -> bool:
        """Whether it is ours, after waiting up to `seconds`, or until `pause` returns True."""
        deadline = time.monotonic() + seconds
        while True:
            with suppress(BlockingIOError):
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            if time.monotonic() >= deadline or pause(RETRY_SECONDS):
                self.release()
                return False

    def note(self, text: str) -> None:
        """Have the file hold `text`, for those who find it taken."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text.encode(), 0)

    def release(self) -> None:
        """Let another process take it."""
        os.close(self._descriptor)


def is_locked(path: Path) -> bool:
    """Whether another process holds the lock on that file; asking holds it for an instant."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
