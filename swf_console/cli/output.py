"""Output for users and programs: data on stdout, messages on stderr."""

import json
import logging
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from datetime import datetime
from typing import Any

from ..backend.core import strict_json
from ..backend.core.errors import ErrorReport, SwfError
from ..backend.core.format import as_text, instant, iso
from ..backend.core.sanitize import brief as sanitized_brief
from ..backend.core.sanitize import sanitize
from .streams import discard_output, is_unicode

SCHEMA_VERSION = 1


class OutputFailed(SwfError):
    """Standard output cannot be written."""


def say(text: str) -> None:
    """Print one message on stderr; nothing can be reported where that is closed or full."""
    try:
        print(text, file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        discard_output(sys.stderr)


def show(text: str = "") -> None:
    """Print one line of data for a user. Raises OutputFailed."""
    write(f"{text}\n")


def write(text: str) -> None:
    """Write to stdout. Raises OutputFailed, and BrokenPipeError when the reader has ended."""
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise output_failed(error) from error


def flush() -> None:
    """Flush stdout. Raises as `write`."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise output_failed(error) from error


def output_failed(error: OSError) -> OutputFailed:
    """The error of a write to stdout; what is buffered is dropped."""
    discard_output()
    return OutputFailed(
        f"standard output cannot be written: {error.strerror}",
        "Redirect it to a file on a disk with free space",
    )


def emit(document: Any) -> None:
    """Print one JSON object on one line, with its schema_version."""
    fields = asdict(document) if is_dataclass(document) and not isinstance(document, type) else dict(document)
    text = strict_json.dumps(
        {"schema_version": SCHEMA_VERSION, **fields}, default=jsonable, ensure_ascii=not is_unicode()
    )
    show(text if text.isprintable() else "".join(map(_escaped, text)))


def _escaped(character: str) -> str:
    """A character within JSON text; one that a terminal may interpret as a JSON escape."""
    return character if character.isprintable() else json.dumps(character)[1:-1]


def jsonable(value: Any) -> Any:
    """The JSON form of types that json does not know: times, dataclasses, sets, paths."""
    if isinstance(value, datetime):
        return iso(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, (set, frozenset, tuple)):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print aligned columns; on a terminal lines are cut at its width."""
    lines = [[cell(value) for value in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(columns), *lines]) for i in range(len(columns))]
    edge = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in [list(columns), *lines]:
        text = "  ".join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip()
        show(text if edge is None or len(text) <= edge else text[: edge - 1] + "…")


def cell(value: Any) -> str:
    """A value as text of a table cell."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return sanitize(value)


def fields(pairs: Iterable[tuple[str, Any]]) -> None:
    """Print names and values, one line each; None is left out."""
    known = [(name, value) for name, value in pairs if value is not None]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        show(f"{name.ljust(width)}  {cell(value)}")


def report_error(error: SwfError, *, as_json: bool) -> None:
    """Print the error on stderr; with `as_json` also its report on stdout."""
    for line in str(error).splitlines():
        say(f"swf-console: {sanitize(line)}")
    if as_json and not isinstance(error, OutputFailed):
        with suppress(OutputFailed):
            emit(ErrorReport.of(error))
            flush()


def keep_logs_off_the_screen() -> None:
    """Suppress log warnings of background threads, which would mix with the output."""
    logging.getLogger("swf_console").addHandler(logging.NullHandler())


def show_table(title: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Print a titled table, unless it is empty."""
    found = list(rows)
    if found:
        heading(title)
        table(columns, found)


def show_pairs(title: str, pairs: Iterable[tuple[str, Any]]) -> None:
    """Print titled names and values, unless there are none."""
    found = [(brief(name, 80), brief(value)) for name, value in pairs if value is not None]
    if found:
        heading(title)
        fields(found)


LONGEST_LINE = 4000
LONGEST_VALUE = 400
MOST_LINES = 400


def brief(value: Any, longest: int = LONGEST_VALUE) -> str:
    """`value` as sanitized text of at most `longest` characters."""
    return sanitized_brief(as_text(value), longest)


def heading(text: str) -> None:
    """Print a heading after an empty line."""
    show()
    show(text)


def lines(text: str, indent: str = "  ") -> None:
    """Print a text of many lines, sanitized and limited."""
    found = text.splitlines()
    for line in found[:MOST_LINES]:
        show(indent + brief(line, LONGEST_LINE))
    if len(found) > MOST_LINES:
        show(f"{indent}… ({len(found) - MOST_LINES:,} more lines)")


def counted(counts: Mapping[str, int]) -> Iterable[tuple[str, str]]:
    """Names and counts, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(brief(name, 60), f"{number:,}") for name, number in ordered]
