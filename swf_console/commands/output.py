"""Printing for people and for programs. stdout is data, stderr is narration."""

import json
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any

from ..backend.errors import ErrorReport, SwfError
from ..widgets.harmless import harmless

__all__ = ["cell", "emit", "fields", "harmless", "jsonable", "report_error", "say", "show", "table"]

SCHEMA_VERSION = 1


def say(text: str) -> None:
    """One line of narration."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def show(text: str = "") -> None:
    """One line of data for a person."""
    print(text)  # noqa: T201


def emit(document: Any) -> None:
    """One JSON object on one line, with its schema_version."""
    fields = asdict(document) if is_dataclass(document) and not isinstance(document, type) else dict(document)
    text = json.dumps({"schema_version": SCHEMA_VERSION, **fields}, default=jsonable, ensure_ascii=False)
    show(text if text.isprintable() else "".join(map(_escaped, text)))


def _escaped(character: str) -> str:
    """A character within JSON text; one that a terminal might interpret, as JSON spells it."""
    return character if character.isprintable() else json.dumps(character)[1:-1]


def jsonable(value: Any) -> Any:
    """What json cannot write by itself: times, dataclasses, sets, paths."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, (set, frozenset, tuple)):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Aligned columns; the last one is cut at the terminal's edge, and only there."""
    lines = [[cell(value) for value in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(columns), *lines]) for i in range(len(columns))]
    edge = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in [list(columns), *lines]:
        text = "  ".join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip()
        show(text if edge is None or len(text) <= edge else text[: edge - 1] + "…")


def cell(value: Any) -> str:
    """A value as it stands in a table."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return harmless(value)


def fields(pairs: Iterable[tuple[str, Any]]) -> None:
    """Name and value, a line each."""
    known = [(name, value) for name, value in pairs if value is not None]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        show(f"{name.ljust(width)}  {cell(value)}")


def report_error(error: SwfError, *, as_json: bool) -> None:
    """The error's line on stderr; with `as_json` its report on stdout as well."""
    for line in str(error).splitlines():
        say(f"swf-console: {harmless(line)}")
    if as_json:
        emit(ErrorReport.of(error))
