"""What the Namespaces screen shows: the namespaces, testbed.toml, and what it comes to."""

from dataclasses import dataclass

from ...backend.core.errors import SwfError
from ...backend.core.format import capped
from ...backend.core.settings import Settings
from ...backend.database.records.pages import COUNT_CAP
from ...backend.services.configurations import TESTBED, FileValue, files_of, values_of
from ...backend.services.executions.request import RunRequest
from ...backend.services.namespaces import list_namespaces
from ..context import ConsoleContext
from ..executions.launch import CheckedRequest, check, offer


@dataclass(frozen=True, slots=True)
class NamespaceChoice:
    """A namespace and how much is in it; a count that ends in + was not counted further."""

    name: str
    owner: str
    executions: str
    messages: str


def namespace_choices(context: ConsoleContext) -> tuple[NamespaceChoice, ...]:
    """Every namespace by name, and the one that is shown, also before anything is in it; blocks.

    Raises DatabaseUnusable and DatabaseUnreachable.
    """
    found = [
        NamespaceChoice(
            use.namespace.name,
            use.namespace.owner,
            capped(use.executions, COUNT_CAP),
            capped(use.messages, COUNT_CAP),
        )
        for use in list_namespaces(context.database())
    ]
    current = context.namespace
    if current and current not in (one.name for one in found):
        found.append(NamespaceChoice(current, "nobody yet", "0", "0"))
    return tuple(sorted(found, key=lambda one: one.name))


@dataclass(frozen=True, slots=True)
class FileSnapshot:
    """A file as it is, and what it comes to: of testbed.toml with the configuration that it names."""

    file: str
    values: tuple[FileValue, ...]
    configuration: str
    checked: CheckedRequest | None
    trouble: str = ""

    @property
    def name(self) -> str:
        """The file's name in its folder."""
        return self.file if self.file == TESTBED else f"{self.file}.toml"


@dataclass(frozen=True, slots=True)
class NamespacesSnapshot:
    """Everything on the screen."""

    namespaces: tuple[NamespaceChoice, ...]
    database_trouble: str
    file: FileSnapshot
    files: tuple[str, ...]


def read_namespaces(context: ConsoleContext, file: str = TESTBED) -> NamespacesSnapshot:
    """Read database and files; blocks. What cannot be read is said, not raised."""
    trouble = ""
    found: tuple[NamespaceChoice, ...] = ()
    try:
        found = namespace_choices(context)
    except SwfError as error:
        trouble = str(error)
    files = files_of(context.settings)
    return NamespacesSnapshot(found, trouble, read_file(context.settings, file), files)


def read_file(settings: Settings, file: str) -> FileSnapshot:
    """Read the file and compose what it says."""
    try:
        values = values_of(settings, file)
    except SwfError as error:
        return FileSnapshot(file, (), "", None, str(error))
    offered = offer(settings)
    name = offered.configured if file == TESTBED else file
    # what is composed does not depend on the namespace: that none is set is not a problem of the file
    request = RunRequest(configuration=name, namespace=offered.namespace or "unnamed")
    checked = check(settings, request) if name else None
    return FileSnapshot(file, values, name, checked, offered.namespace_trouble)
