"""The journal's file system: its free space, and a reserved file for the time when it is full."""

import os
from contextlib import suppress
from pathlib import Path


class Disk:
    """The file system of the state directory.

    The reserved file occupies blocks. On a full disk it is deleted, which gives space to write
    acknowledgements and what a start writes.
    """

    def __init__(self, state_dir: Path, reserve_bytes: int) -> None:
        self.directory = state_dir
        self._reserve = state_dir / "broker.reserve"
        self._reserve_bytes = reserve_bytes

    @property
    def free(self) -> int:
        """Bytes that may still be written."""
        found = os.statvfs(self.directory)
        return found.f_bavail * found.f_frsize

    @property
    def reserved(self) -> bool:
        """Whether the reserved file has its full size."""
        try:
            return self._reserve.stat().st_size >= self._reserve_bytes
        except OSError:
            return False

    def reserve(self) -> bool:
        """Make the reserved file; False if there is no space for it."""
        if self.reserved:
            return True
        try:
            file = os.open(self._reserve, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, self._reserve_bytes)
            finally:
                os.close(file)
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> bool:
        """Delete the reserved file; True if there was one."""
        with suppress(OSError):
            self._reserve.unlink()
            return True
        return False
