"""Configurations of this home: composed with provenance, listed, validated, edited."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config.composed import Composition
from ..config.documents import Document, parse_document, read_document
from ..config.edit import check_configuration, check_testbed, edited, set_in_configuration, set_in_testbed
from ..config.list import ConfigurationSummary, configuration_names, list_configurations, validate
from ..config.load import compose
from ..config.names import plain_name
from ..config.overrides import Override, parse_override
from ..config.testbed import find_testbed
from ..core.errors import ConfigurationError, Problem, SwfError
from ..core.settings import Settings
from .executions.request import testbed_of


def composed(settings: Settings, configuration: str, overrides: Sequence[Override] = ()) -> Composition:
    """One configuration as an execution sees it. Raises ConfigurationError with every problem."""
    return compose(settings.workflows_dir, configuration, testbed=testbed_of(settings), overrides=overrides)


def all_configurations(settings: Settings) -> list[ConfigurationSummary]:
    """Every configuration of the home, invalid ones with their problems."""
    return list_configurations(settings.workflows_dir)


def problems_of(settings: Settings, names: Sequence[str] = ()) -> list[Problem]:
    """Every problem of the named configurations, or of all, and of testbed.toml."""
    try:
        testbed = testbed_of(settings)
    except ConfigurationError as error:
        return [*error.problems, *validate(settings.workflows_dir, names)]
    return validate(settings.workflows_dir, names, testbed)


TESTBED = "testbed.toml"
CONTEXT = 1
ORIGIN = "form"


@dataclass(frozen=True, slots=True)
class FileValue:
    """One value of a file and its line."""

    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The effect of an edit: the lines that differ, or the problems that prevent it."""

    key: str
    diff: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def path_of_testbed(settings: Settings) -> Path:
    """The testbed.toml in use, or the one to create. Raises ConfigurationError."""
    found = find_testbed(settings.testbed_config, settings.workflows_dir)
    return found or settings.workflows_dir / "testbed.toml"


def files_of(settings: Settings) -> tuple[str, ...]:
    """The editable files: testbed.toml, then the configurations by name."""
    return (TESTBED, *configuration_names(settings.workflows_dir))


def path_of(settings: Settings, file: str) -> Path:
    """The path of that file; raises ConfigurationError if it does not exist."""
    if file == TESTBED:
        return path_of_testbed(settings)
    return plain_name("configuration", file, settings.workflows_dir, ".toml")


def values_of(settings: Settings, file: str = TESTBED) -> tuple[FileValue, ...]:
    """Every value of the file with its line. Raises ConfigurationError if it cannot be read."""
    path = path_of(settings, file)
    if not path.exists():
        return ()
    document = read_document(path)
    return tuple(_values(document, document.data, ()))


def preview(settings: Settings, key: str, text: str | None, file: str = TESTBED) -> Preview:
    """The effect of setting `section.key` to `text`; None removes the key. Never raises, writes nothing."""
    try:
        path = path_of(settings, file)
        before, after = _edited(path, key, text)
        if file == TESTBED:
            check_testbed(path, after, settings.workflows_dir)
        else:
            check_configuration(settings.workflows_dir, path, after)
    except ConfigurationError as error:
        return Preview(key, problems=tuple(str(problem) for problem in error.problems) or (str(error),))
    except SwfError as error:
        return Preview(key, problems=(str(error),))
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=CONTEXT, lineterm="")
    return Preview(key, tuple(lines)[2:])


def set_value(settings: Settings, key: str, text: str | None, file: str = TESTBED) -> str:
    """Set `section.key` of the file, or remove it with None; return a line that says so.

    The former file is saved beside it as `.previous`. Raises ConfigurationError or NamespaceError, and writes
    nothing, if the file would become invalid.
    """
    path = path_of(settings, file)
    if file == TESTBED and not path.exists():
        _create(path)
    value = _value(read_document(path), key, text)
    if file == TESTBED:
        set_in_testbed(path, key, value, settings.workflows_dir)
    else:
        set_in_configuration(settings.workflows_dir, file, key, value)
    return f"{path.name}: {key} {'removed' if text is None else f'= {text}'}"


def _create(path: Path) -> None:
    try:
        path.touch()
    except OSError as error:
        raise SwfError(f"{path}: cannot be created: {error.strerror}") from error


def _edited(path: Path, key: str, text: str | None) -> tuple[str, str]:
    document = read_document(path) if path.exists() else parse_document("", path)
    return document.text, edited(document, key, _value(document, key, text))


def _value(document: Document, key: str, text: str | None) -> Any:
    """The typed text as a value of the type that the file has for this key; None removes the key."""
    if text is None:
        return None
    value, current = parse_override(f"{key}={text}", ORIGIN).value, _current(document, key)
    if isinstance(current, str):
        return value if isinstance(value, str) else text.strip()
    if isinstance(current, bool) and not isinstance(value, bool):
        raise ConfigurationError(Problem("must be true or false", file=document.path, field=key, value=text))
    return value


def _current(document: Document, key: str) -> Any:
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
            found.append(FileValue(".".join(keys), _toml_text(value), document.place(*keys).line))
    return found


def _toml_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
