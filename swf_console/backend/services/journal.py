"""The journal of the consoles: what users did, one JSON object per line, in the state directory."""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..core.errors import UsageError

FILE = "console-journal.jsonl"
MOST_READ = 8_000_000


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One entry. `kind` is action, alert or error; `command` is the equivalent command line."""

    at: datetime
    kind: str
    who: str
    what: str
    result: str = ""
    ok: bool = True
    command: str = ""
    namespace: str | None = None
    seconds: float | None = None


class Journal:
    """The journal file of one home. Several consoles append to it.

    O_APPEND and one write() per line: lines of different processes do not mix.
    """

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / FILE

    def append(self, entry: JournalEntry) -> None:
        """Append one entry. Raises UsageError if the file cannot be written."""
        line = json.dumps({**asdict(entry), "at": entry.at.astimezone(UTC).isoformat()}) + "\n"
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, line.encode())
            finally:
                os.close(file)
        except OSError as error:
            raise UsageError(f"{self.path}: the journal cannot be written: {error.strerror}") from error

    def entries(self, limit: int = 1000, since: datetime | None = None) -> list[JournalEntry]:
        """The latest entries, newest first; invalid lines are ignored."""
        found: list[JournalEntry] = []
        for line in self._lines_backwards():
            entry = _read(line)
            if entry is None:
                continue
            if since is not None and entry.at < since:
                break
            found.append(entry)
            if len(found) >= limit:
                break
        return found

    def _lines_backwards(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - MOST_READ))
                yield from reversed(file.read().splitlines())
        except FileNotFoundError:
            return
        except OSError as error:
            raise UsageError(f"{self.path}: the journal cannot be read: {error.strerror}") from error


def _read(line: bytes) -> JournalEntry | None:
    try:
        fields: dict[str, Any] = json.loads(line)
        fields["at"] = datetime.fromisoformat(fields["at"])
        return JournalEntry(**fields)
    except (ValueError, TypeError, KeyError):
        return None
