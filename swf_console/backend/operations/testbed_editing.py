"""Changing one value of testbed.toml: what it would become, what is wrong with that, and doing it."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..configuration import find_testbed, parse_override
from ..configuration.documents import Document, parse_document, read_document
from ..errors import ConfigurationError, Problem, SwfError
from ..settings import Settings

CONTEXT = 1
ORIGIN = "form"


@dataclass(frozen=True, slots=True)
class FileValue:
    """One value as testbed.toml has it; `line` is where."""

    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What an edit would do: the lines that differ, or the problems that forbid it."""

    key: str
    diff: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def path_of_testbed(settings: Settings) -> Path:
    """The testbed.toml that holds, or the one that would be made. Raises ConfigurationError."""
    found = find_testbed(settings.testbed_config, settings.workflows_dir)
    return found or settings.workflows_dir / "testbed.toml"


def values_of_testbed(settings: Settings) -> tuple[FileValue, ...]:
    """Every value of testbed.toml with its line. Raises ConfigurationError where it cannot be read."""
    path = path_of_testbed(settings)
    if not path.exists():
        return ()
    document = read_document(path)
    return tuple(_values(document, document.data, ()))


def preview(settings: Settings, key: str, text: str | None) -> Preview:
    """What setting `section.key` to `text` would do; None takes it out. Never raises, writes nothing."""
    from ..configuration.edit import check_testbed

    try:
        path = path_of_testbed(settings)
        before, after = _edited(path, key, text)
        check_testbed(path, after, settings.workflows_dir)
    except ConfigurationError as error:
        return Preview(key, problems=tuple(str(problem) for problem in error.problems) or (str(error),))
    except SwfError as error:
        return Preview(key, problems=(str(error),))
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=CONTEXT, lineterm="")
    return Preview(key, tuple(lines)[2:])


def set_value(settings: Settings, key: str, text: str | None) -> str:
    """Set `section.key` of testbed.toml, or take it out; says where it stands.

    Raises ConfigurationError or NamespaceError, and writes nothing, where the file would become wrong.
    """
    from ..configuration.edit import set_in_testbed

    path = path_of_testbed(settings)
    if not path.exists():
        _create(path)
    set_in_testbed(path, key, _value(read_document(path), key, text), settings.workflows_dir)
    return f"{path.name}: {key} {'taken out' if text is None else f'= {text}'}"


def _create(path: Path) -> None:
    try:
        path.touch()
    except OSError as error:
        raise SwfError(f"{path}: cannot be made: {error.strerror}") from error


def _edited(path: Path, key: str, text: str | None) -> tuple[str, str]:
    from ..configuration.edit import edited

    document = read_document(path) if path.exists() else parse_document("", path)
    return document.text, edited(document, key, _value(document, key, text))


def _value(document: Document, key: str, text: str | None) -> Any:
    """What was typed, of the kind that the file has there already; None takes the key out."""
    if text is None:
        return None
    value, there = parse_override(f"{key}={text}", ORIGIN).value, _there(document, key)
    if isinstance(there, str):
        return value if isinstance(value, str) else text.strip()
    if isinstance(there, bool) and not isinstance(value, bool):
        raise ConfigurationError(Problem("must be true or false", file=document.path, field=key, value=text))
    return value


def _there(document: Document, key: str) -> Any:
    found: Any = document.data
    for name in key.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _values(document: Document, table: dict[str, Any], above: tuple[str, ...]) -> list[FileValue]:
    found: list[FileValue] = []
    for name, value in table.items():
        keys = (*above, name)
        if isinstance(value, dict):
            found += _values(document, value, keys)
        else:
            found.append(FileValue(".".join(keys), _spelled(value), document.place(*keys).line))
    return found


def _spelled(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
