"""Plain names of workflows and configurations, and names of namespaces."""

import re
from pathlib import Path
from typing import Protocol

from ..core.errors import ConfigurationError, NamespaceError, Problem
from ..core.suggest import suggest

PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
NAMESPACE = re.compile(r"[A-Za-z0-9._-]{1,100}")
PLACEHOLDER = "your-namespace"
WHERE_TO_SET = 'Set namespace = "..." under [testbed] in testbed.toml, or give --namespace'


class NamespaceSource(Protocol):
    """A source of a namespace: a testbed.toml that was read."""

    @property
    def path(self) -> Path:
        """The file, for error messages."""

    @property
    def namespace(self) -> str | None:
        """The namespace in the file."""


def plain_name(kind: str, text: str, directory: Path, suffix: str) -> Path:
    """The file `text` + `suffix` in `directory`; `text` may include the suffix.

    Raises ConfigurationError for a path, a `..`, a link to the outside, and a missing file.
    """
    name = text.removesuffix(suffix)
    if not PLAIN_NAME.fullmatch(name) or ".." in name:
        remedy = f"Give the name of a file in {directory}, without a folder"
        raise ConfigurationError(Problem(f"{_quoted(text)} is not a valid {kind} name", remedy))
    path = directory / (name + suffix)
    if not path.is_file():
        known = sorted(each.stem for each in directory.glob("*" + suffix) if each.name != "testbed.toml")
        remedy = suggest(
            name, known, otherwise=f"Available: {', '.join(known)}" if known else "The folder contains none"
        )
        raise ConfigurationError(Problem(f"{kind} not found: {_quoted(name)} (in {directory})", remedy))
    if not path.resolve().is_relative_to(directory.resolve()):
        raise ConfigurationError(Problem(f"{kind} {name} is a link to a file outside {directory}"))
    return path


def resolve_namespace(given: str | None, testbed: NamespaceSource | None) -> str:
    """`given`, else the namespace of the testbed. Raises NamespaceError unless it is valid."""
    if given is not None:
        return check_namespace(given, "the given namespace")
    if testbed is None:
        raise NamespaceError("no namespace: testbed.toml not found", WHERE_TO_SET)
    if testbed.namespace is None:
        raise NamespaceError(f"no namespace: {testbed.path} does not set one under [testbed]", WHERE_TO_SET)
    return check_namespace(testbed.namespace, f"the namespace in {testbed.path}")


def check_namespace(name: str, subject: str = "the namespace") -> str:
    """Return a valid `name`. Raises NamespaceError for an empty or invalid name and the placeholder."""
    if not name.strip():
        raise NamespaceError(f"{subject} is empty", WHERE_TO_SET)
    if name.strip().lower() == PLACEHOLDER:
        raise NamespaceError(f"{subject} is still the placeholder {PLACEHOLDER}", WHERE_TO_SET)
    if not NAMESPACE.fullmatch(name):
        rule = "Use 1-100 characters: letters, digits, '.', '_' and '-'"
        raise NamespaceError(f"{subject} {_quoted(name)} is not valid", rule)
    return name


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
