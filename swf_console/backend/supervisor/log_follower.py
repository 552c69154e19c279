"""Follows a log file that is rotated, truncated, removed and recreated, or ends within a character."""

import codecs
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import BinaryIO

from ..core.sanitize import strip_ansi

READ_BYTES = 256 * 1024
LINE_CHARACTERS = 16 * 1024
TAIL_BYTES_PER_LINE = 512
POLL_SECONDS = 0.1
MOST_BACKUPS = 20


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line, safe to show. `cut`: the line was too long, the next one continues it."""

    text: str
    cut: bool = False


class LogFollower:
    """Reads new lines; keeps the file open, so that a rotation loses nothing. Not thread-safe."""

    def __init__(self, path: Path, *, last_lines: int | None = None) -> None:
        """Start at the beginning of the file, or with its `last_lines` lines; it may not exist yet."""
        self._path = path
        self._file: BinaryIO | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._first = self._last(last_lines) if last_lines is not None else []

    def read(self, limit: int = READ_BYTES) -> list[LogLine]:
        """The new lines, from at most about `limit` bytes."""
        lines, self._first = self._first, []
        budget = limit
        while budget > 0:
            data = self._more(budget)
            if not data:
                break
            budget -= len(data)
            lines += self._lines(self._decoder.decode(data))
        return lines

    def follow(self, stop: Event, every: float = POLL_SECONDS) -> Iterator[LogLine]:
        """Yield new lines until `stop` is set; polls every `every` seconds."""
        while not stop.is_set():
            found = self.read()
            yield from found
            if not found:
                stop.wait(every)

    def rest(self) -> str:
        """The text after the last line break."""
        return strip_ansi(self._rest)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _more(self, limit: int) -> bytes:
        if self._file is None and not self._open(self._path):
            return b""
        file = self._file
        if file is None:
            return b""
        if os.fstat(file.fileno()).st_size < file.tell():
            self._begin(file)
        data = file.read(limit)
        return data or self._next_file(file, limit)

    def _next_file(self, file: BinaryIO, limit: int) -> bytes:
        """Continue in the file that follows after a rotation, once ours is read to its end."""
        following = self._after(os.fstat(file.fileno()))
        if following is None:
            return b""
        data = file.read(limit)  # again: lines may have been written between the last read and the rotation
        if data:
            return data
        if not self._open(following):
            return b""
        file.close()
        return self._file.read(limit) if self._file else b""

    def _after(self, ours: os.stat_result) -> Path | None:
        """The file that follows ours: `log` itself, or the newer backup after several rotations."""
        newer = self._path
        for number in range(MOST_BACKUPS + 1):
            path = self._path.with_name(f"{self._path.name}.{number}") if number else self._path
            try:
                if os.path.samestat(path.stat(), ours):
                    return newer if number else None
            except OSError:
                if number:
                    break
            newer = path
        return self._path if self._path.exists() else None

    def _open(self, path: Path) -> bool:
        try:
            self._file = path.open("rb", buffering=0)
        except OSError:
            return False
        return True

    def _begin(self, file: BinaryIO) -> None:
        file.seek(0)
        self._decoder.reset()
        self._rest = ""

    def _lines(self, text: str) -> list[LogLine]:
        *whole, self._rest = (self._rest + text).split("\n")
        lines = [line for one in whole for line in _pieces(one)]
        while len(self._rest) > LINE_CHARACTERS:
            lines.append(LogLine(strip_ansi(self._rest[:LINE_CHARACTERS]), cut=True))
            self._rest = self._rest[LINE_CHARACTERS:]
        return lines

    def _last(self, count: int) -> list[LogLine]:
        if not self._open(self._path) or self._file is None:
            return []
        size = os.fstat(self._file.fileno()).st_size
        reach = min(size, max(8192, count * TAIL_BYTES_PER_LINE))
        self._file.seek(size - reach)
        lines = self._lines(self._decoder.decode(self._file.read(reach)))
        if reach < size:
            lines = lines[1:]
        return lines[-count:] if count else []


def last_lines(path: Path, count: int) -> list[str]:
    """The last lines of a log, with an unfinished one; [] without a log."""
    follower = LogFollower(path, last_lines=count)
    try:
        lines = [line.text for line in follower.read()]
        return [*lines, rest][-count:] if (rest := follower.rest()) else lines
    finally:
        follower.close()


def _pieces(line: str) -> Iterator[LogLine]:
    while len(line) > LINE_CHARACTERS:
        yield LogLine(strip_ansi(line[:LINE_CHARACTERS]), cut=True)
        line = line[LINE_CHARACTERS:]
    yield LogLine(strip_ansi(line))
