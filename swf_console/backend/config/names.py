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
    """What a namespace can be taken from: a testbed.toml, as it was read."""

    @property
    def path(self) -> Path:
        """The file, for the error's text."""

    @property
    def namespace(self) -> str | None:
        """The namespace as it stands in the file."""


def plain_name(kind: str, text: str, directory: Path, suffix: str) -> Path:
    """The file `text` + `suffix` inside `directory`; `suffix` may be given or left out.

    Raises ConfigurationError for a path, a `..`, a link that leads out, and a name that is not there.
    """
    name = text.removesuffix(suffix)
    if not PLAIN_NAME.fullmatch(name) or ".." in name:
        remedy = f"Give the name of a file in {directory}, without a folder"
        raise ConfigurationError(Problem(f"{_quoted(text)} is no plain {kind} name", remedy))
    path = directory / (name + suffix)
    if not path.is_file():
        known = sorted(each.stem for each in directory.glob("*" + suffix) if each.name != "testbed.toml")
        remedy = suggest(
            name, known, otherwise=f"There are: {', '.join(known)}" if known else "There is none"
        )
        raise ConfigurationError(Problem(f"no {kind} named {_quoted(name)} in {directory}", remedy))
    if not path.resolve().is_relative_to(directory.resolve()):
        raise ConfigurationError(Problem(f"the {kind} {name} is a link that leads out of {directory}"))
    return path


def resolve_namespace(given: str | None, testbed: NamespaceSource | None) -> str:
    """`given` where there is one, else the testbed's. Raises NamespaceError unless it is a usable name."""
    if given is not None:
        return check_namespace(given, "the given namespace")
    if testbed is None:
        raise NamespaceError("no namespace: there is no testbed.toml", WHERE_TO_SET)
    if testbed.namespace is None:
        raise NamespaceError(f"no namespace: {testbed.path} has none under [testbed]", WHERE_TO_SET)
    return check_namespace(testbed.namespace, f"the namespace in {testbed.path}")


def check_namespace(name: str, subject: str = "the namespace") -> str:
    """`name` itself, when it may be used. Raises NamespaceError for empty, placeholder, or no valid name."""
    if not name.strip():
        raise NamespaceError(f"{subject} is empty", WHERE_TO_SET)
    if name.strip().lower() == PLACEHOLDER:
        raise NamespaceError(f"{subject} is still the placeholder {PLACEHOLDER}", WHERE_TO_SET)
    if not NAMESPACE.fullmatch(name):
        rule = "1-100 characters of letters, digits, '.', '_' and '-'"
        raise NamespaceError(f"{subject} {_quoted(name)} is no valid name", f"A namespace has {rule}")
    return name


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
