"""Whether messages that are written to the disk are accepted, and the reason if not."""

import sqlite3
from collections.abc import Callable

from ..core.format import size
from . import journal_file
from .disk import Disk
from .journal_thread import JournalThread
from .limits import Limits

PROBE_SECONDS = 1.0
PROBE_BYTES = 65_536


class Acceptance:
    """Refuses for three reasons: too little free space, a failed write, a write that is being retried.

    While there is a reason, or the reserved file is missing, the disk is probed every second.
    """

    def __init__(self, disk: Disk, limits: Limits, thread: JournalThread) -> None:
        self._disk = disk
        self._limits = limits
        self._thread = thread
        self._low = self._stalled = self._failed = ""
        self._probing = self._reported = False
        self.on_change: Callable[[str], None] = lambda _: None

    @property
    def refusal(self) -> str:
        """Why persistent messages are refused, or were at the last attempt; "" if they are accepted."""
        return self._stalled or self._low or self._failed

    @property
    def refuses(self) -> str:
        """Why a message is refused without an attempt to write it; "" if it is tried."""
        return self._stalled or self._low

    def start(self) -> None:
        """Make the reserved file, or wait for space."""
        self._low = self.low_disk()
        if self._low or not self._disk.reserve():
            self._watch()

    def failed(self, reason: str) -> None:
        """New messages could not be written."""
        self._failed = reason
        self._low = self.low_disk()
        self._watch()

    def written(self) -> None:
        """New messages were written."""
        self._failed = ""

    def stalled(self, reason: str) -> None:
        """Acknowledgements cannot be written; `reason` is "" once they are."""
        if reason != self._stalled:
            self._stalled = reason
            self._watch()

    def low_disk(self, needed: int = 0) -> str:
        """Why `needed` more bytes do not fit on the disk; "" if they do."""
        free = self._disk.free
        if free >= self._limits.disk_free_bytes + needed:
            return ""
        return (
            f"The broker's disk is full: {size(free)} are free at {self._disk.directory}, "
            f"{size(self._limits.disk_free_bytes)} are needed"
        )

    def _watch(self) -> None:
        self._report()
        if not self._probing:
            self._probing = True
            self._thread.later(PROBE_SECONDS, self._probe)

    def _report(self) -> None:
        reason = self.refusal
        if bool(reason) != self._reported:
            self._reported = bool(reason)
            self.on_change(reason)

    def _probe(self) -> None:
        failed = bool(self._failed)

        def probe(connection: sqlite3.Connection) -> tuple[str, bool, bool]:
            low = self.low_disk(0 if self._disk.reserved else self._limits.reserve_bytes)
            writable = not failed or (not low and journal_file.probe(connection, PROBE_BYTES))
            return low, writable, not low and self._disk.reserve()

        self._thread.run(probe, self._probed)

    def _probed(self, found: tuple[str, bool, bool]) -> None:
        self._low, writable, reserved = found
        if writable:
            self._failed = ""
        self._probing = False
        if self.refusal or not reserved:
            self._watch()
        else:
            self._report()
