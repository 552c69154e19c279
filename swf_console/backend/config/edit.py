"""Edit testbed.toml and configurations without losing comments or order, each file in one step."""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..core.errors import ConfigurationError, Problem
from ..core.files import FileLock, atomic_write
from .documents import Document, parse_document, read_document
from .list import configuration_names, validate
from .load import compose
from .names import check_namespace, plain_name
from .overrides import KEY
from .testbed import testbed_of

PREVIOUS = ".previous"


def set_in_testbed(path: Path, key: str, value: Any, workflows_dir: Path) -> None:
    """Set `section.key` of testbed.toml to `value`; None removes the key.

    Raises ConfigurationError or NamespaceError, and writes nothing, if the file would become invalid.
    """
    with _locked(path):
        text = edited(read_document(path), key, value)
        check_testbed(path, text, workflows_dir)
        _replace(path, text)


def set_in_configuration(workflows_dir: Path, name: str, key: str, value: Any) -> None:
    """Set `section.key` of a configuration to `value`; None removes the key.

    Raises ConfigurationError, and writes nothing, if this configuration or one that includes it would
    become invalid.
    """
    path = plain_name("configuration", name, workflows_dir, ".toml")
    with _locked(path):
        text = edited(read_document(path), key, value)
        check_configuration(workflows_dir, path, text)
        _replace(path, text)


def check_configuration(workflows_dir: Path, path: Path, text: str) -> None:
    """Raises ConfigurationError for the problems that `text` would add to the home."""
    parse_document(text, path)
    known = {_key_of(problem) for problem in _composing_problems(workflows_dir, {})}
    found = _composing_problems(workflows_dir, {path: text})
    problems = [problem for problem in found if _key_of(problem) not in known]
    if problems:
        raise ConfigurationError(*problems)


def _composing_problems(workflows_dir: Path, unsaved: dict[Path, str]) -> list[Problem]:
    problems: list[Problem] = []
    for name in configuration_names(workflows_dir):
        try:
            compose(workflows_dir, name, unsaved=unsaved)
        except ConfigurationError as error:
            problems += error.problems
    return list(dict.fromkeys(problems))


def save_text(path: Path, text: str) -> None:
    """Write a file in one step and save its old content as `.previous`. Raises ConfigurationError."""
    with _locked(path):
        _replace(path, text)


def edited(document: Document, key: str, value: Any) -> str:
    """The text of `document` with `section.key` set to `value` and everything else unchanged.

    Raises ConfigurationError if the key is not possible.
    """
    keys = key.split(".")
    if len(keys) < 2 or not KEY.fullmatch(key):
        raise ConfigurationError(
            Problem(
                "must have the form section.key, such as parameters.stf_count", field=key, file=document.path
            )
        )
    # tomlkit is slow to import, and checking or saving a text does not need it
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        root = tomlkit.parse(document.text)
        *sections, name = keys
        table = _table(root, sections, tomlkit.table, make=value is not None)
        if value is not None:
            table[name] = value
        elif table is not None and name in table:
            del table[name]
        return tomlkit.dumps(root)
    except (TOMLKitError, TypeError, ValueError) as error:
        raise ConfigurationError(Problem(f"cannot be set: {error}", field=key, file=document.path)) from None


def _table(root: Any, keys: list[str], new: Callable[[], Any], *, make: bool) -> Any:
    """The table at `keys`; if it is missing, a `new` one with `make`, else None."""
    table = root
    for key in keys:
        if key not in table:
            if not make:
                return None
            table[key] = new()
        table = table[key]
        if not isinstance(table, dict):
            raise TypeError(f"{key} is not a table")
    return table


def check_testbed(path: Path, text: str, workflows_dir: Path) -> None:
    """Check `text` as testbed.toml; writes nothing.

    Raises ConfigurationError or NamespaceError for problems that the file does not have yet.
    """
    new = parse_document(text, path)
    before = _read_if_usable(path)
    problems = _problems(new, workflows_dir)
    if problems and before:
        known = {_key_of(problem) for problem in _problems(before, workflows_dir)}
        problems = [problem for problem in problems if _key_of(problem) not in known]
    if problems:
        raise ConfigurationError(*problems)
    _check_namespace(new, before)


def _problems(document: Document, workflows_dir: Path) -> list[Problem]:
    """The problems of a testbed.toml, without those of the configurations it overrides."""
    try:
        found = validate(workflows_dir, (), testbed_of(document))
    except ConfigurationError as error:
        return list(error.problems)
    return [problem for problem in found if problem.file == document.path]


def _key_of(problem: Problem) -> tuple[str | None, ...]:
    return problem.message, problem.field, problem.value


def _read_if_usable(path: Path) -> Document | None:
    try:
        return read_document(path)
    except ConfigurationError:
        return None


def _check_namespace(new: Document, before: Document | None) -> None:
    """A changed namespace must be valid; the placeholder may stay while other keys change."""
    name = _namespace(new)
    if name is not None and (before is None or name != _namespace(before)):
        check_namespace(name)


def _namespace(document: Document) -> str | None:
    table = document.data.get("testbed", {})
    name = table.get("namespace") if isinstance(table, dict) else None
    return name if isinstance(name, str) else None


def _replace(path: Path, text: str) -> None:
    target = path.resolve()
    try:
        if target.exists():
            mode = stat.S_IMODE(target.stat().st_mode)
            old = target.read_bytes()
            _write(target.with_name(target.name + PREVIOUS), old, mode)
            if old.count(b"\r\n") == old.count(b"\n") > 0:
                # an editor or a new key brings LF, which would give the file two kinds of line ends
                text = re.sub(r"\r?\n", "\r\n", text)
        else:
            mode = 0o644
        _write(target, text.encode(), mode)
    except OSError as error:
        raise ConfigurationError(Problem(f"cannot be written: {error.strerror}", file=path)) from error


def _write(target: Path, content: bytes, mode: int) -> None:
    with atomic_write(target, mode, durable=True) as file:
        os.fchmod(file.fileno(), mode)  # the mode of the old file, independent of the umask
        file.write(content)


def _locked(path: Path) -> FileLock:
    """Lock the folder: of two concurrent edits the second reads what the first wrote."""
    try:
        return FileLock(path.resolve().parent, os.O_RDONLY)
    except OSError as error:
        raise ConfigurationError(Problem(f"cannot be edited: {error.strerror}", file=path)) from None
