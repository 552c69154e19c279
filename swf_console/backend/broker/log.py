"""The broker's log, one line an event: time, level, event, fields as key=value."""

import json
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

ROTATE_BYTES = 5 * 1024 * 1024
REPEAT_SECONDS = 60.0


class Log:
    """Writes to a file, rotated once, or to standard error; an error in writing is ignored."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._repeated: dict[str, tuple[float, int]] = {}
        self._file = 2 if path is None else self._open(path)

    @staticmethod
    def _open(path: Path) -> int:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def info(self, event: str, **fields: object) -> None:
        """An event."""
        self._write("INFO", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """A problem of one client."""
        self._write("WARNING", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """A problem of the broker."""
        self._write("ERROR", event, fields)

    def repeated(self, event: str, lines: int, **fields: object) -> None:
        """A warning that one client can cause again and again: at most `lines` in REPEAT_SECONDS.

        The first line of the next period says how many were left out.
        """
        now = monotonic()
        since, count = self._repeated.get(event, (now, 0))
        if now - since > REPEAT_SECONDS:
            left_out = max(0, count - lines)
            if left_out:
                fields["left_out"] = left_out
            since, count = now, 0
        self._repeated[event] = since, count + 1
        if count < lines:
            self._write("WARNING", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        words = [f"{name}={json.dumps(value, default=str)}" for name, value in fields.items()]
        line = " ".join([time, level, json.dumps(event), *words])
        with suppress(OSError):
            os.write(self._file, f"{line}\n".encode())
            if self._path is not None and os.fstat(self._file).st_size > ROTATE_BYTES:
                self._path.replace(self._path.with_name(self._path.name + ".1"))
                os.close(self._file)
                self._file = self._open(self._path)
