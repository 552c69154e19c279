"""Reports of the console as files: Markdown that goes into a shift's log book."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from ...errors import UsageError
from .journal import Entry

MOST_TRIES = 100
LONGEST = 500


def write_report(name: str, text: str, folder: Path | None = None) -> Path:
    """Write `text` as `name`.md into `folder` (where the console was started), beside what is there already.

    Raises UsageError where nothing can be written there.
    """
    place = folder or Path.cwd()
    for number in range(1, MOST_TRIES):
        path = place / (f"{name}.md" if number == 1 else f"{name}-{number}.md")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            continue
        except OSError as error:
            raise UsageError(
                f"{path}: cannot be written: {error.strerror}", "Start the console where you may write"
            ) from error
        return path
    raise UsageError(f"{place / name}.md: there are {MOST_TRIES} of them already", "Remove some")


def shift_log(entries: Sequence[Entry], namespace: str | None) -> str:
    """The journal as a table, the oldest first."""
    lines = [f"# Shift log{f' of {plain(namespace)}' if namespace else ''}", ""]
    lines += [f"Written {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, {len(entries)} entries.", ""]
    return "\n".join([*lines, *journal_table(entries)]) + "\n"


def journal_table(entries: Sequence[Entry]) -> list[str]:
    """Entries as the lines of a Markdown table, the oldest first."""
    if not entries:
        return ["Nothing was done here."]
    lines = ["| time (UTC) | kind | who | what | result |", "| --- | --- | --- | --- | --- |"]
    for entry in reversed(entries):
        what = f"`{plain(entry.command)}`" if entry.command else plain(entry.what)
        result = plain(entry.result) if entry.ok else f"**{plain(entry.result)}**"
        lines.append(
            f"| {entry.at:%Y-%m-%d %H:%M:%S} | {plain(entry.kind)} | {plain(entry.who)} | {what} | {result} |"
        )
    return lines


def plain(text: object) -> str:
    """Text that cannot end a table's cell or begin anything else."""
    one_line = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", str(text))[:LONGEST]
    return one_line.replace("|", "\\|").replace("`", "'")
