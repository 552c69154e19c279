"""Read one TOML file into values and their positions; errors become a Problem."""

import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tomli

from ..core.errors import ConfigurationError, Problem
from .locate import Place, Places, locate

MAXIMUM_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Document:
    """A parsed file: `data` is the result of tomli, place() the position of a key."""

    path: Path
    text: str
    data: dict[str, Any]

    @cached_property
    def places(self) -> Places:
        """The position of every key, computed on first use."""
        return locate(self.text)

    def place(self, *keys: str | int) -> Place:
        """The position of the key at the path `keys`, else that of the table around it, else line 1."""
        while keys:
            if keys in self.places:
                return self.places[keys]
            keys = keys[:-1]
        return Place(1, 1)

    def problem(self, message: str, *keys: str | int, value: str | None = None, remedy: str = "") -> Problem:
        """A Problem at the key with the path `keys`."""
        place = self.place(*keys)
        name = ".".join(str(key) for key in keys) or None
        return Problem(message, remedy, self.path, place.line, place.column, name, value)


def read_document(path: Path) -> Document:
    """Read and parse `path`.

    Raises ConfigurationError if it is missing, unreadable, over 1 MiB, not UTF-8, or not TOML.
    """
    return parse_document(_decode(path, _read(path)), path)


def parse_document(text: str, path: Path) -> Document:
    """Parse `text` as the content of `path`. Raises ConfigurationError with line and column."""
    try:
        return Document(path, text, tomli.loads(text))
    except tomli.TOMLDecodeError as error:
        problem = Problem(f"not valid TOML: {error.msg}", "", path, error.lineno, error.colno)
        raise ConfigurationError(problem) from None
    except (ValueError, RecursionError):
        problem = Problem("not usable TOML: a number is too long or values are nested too deeply", file=path)
        raise ConfigurationError(problem) from None


def _read(path: Path) -> bytes:
    try:
        # O_NONBLOCK: opening a named pipe would block before it can be refused
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ConfigurationError(Problem("not a regular file", file=path))
            content = file.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError:
        raise ConfigurationError(Problem("file not found", file=path)) from None
    except IsADirectoryError:
        raise ConfigurationError(Problem("is a directory, not a file", file=path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(Problem(f"cannot be read: {reason}", file=path)) from None
    if len(content) > MAXIMUM_BYTES:
        raise ConfigurationError(Problem("too large: the limit is 1 MiB", file=path))
    return content


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        problem = Problem("not UTF-8", "Save the file as UTF-8", path, line, column)
        raise ConfigurationError(problem) from None
