"""What the Namespaces screen shows: the namespaces, a file, and the composed values."""

from dataclasses import dataclass

from ...backend.core.errors import SwfError
from ...backend.core.format import capped
from ...backend.core.settings import Settings
from ...backend.database.records.pages import COUNT_CAP
from ...backend.services.configurations import TESTBED, FileValue, files_of, values_of
from ...backend.services.executions.request import RunRequest
from ...backend.services.namespaces import list_namespaces
from ..context import ConsoleContext
from ..executions.launch import CheckedRequest, check, launch_options


@dataclass(frozen=True, slots=True)
class NamespaceChoice:
    """A namespace with its owner and counts; a count that ends in + is a lower bound."""

    name: str
    owner: str
    executions: str
    messages: str


def namespace_choices(context: ConsoleContext) -> tuple[NamespaceChoice, ...]:
    """Every namespace by name, including the shown one if it is not in the database yet; blocks.

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
        found.append(NamespaceChoice(current, "none yet", "0", "0"))
    return tuple(sorted(found, key=lambda one: one.name))


@dataclass(frozen=True, slots=True)
class FileSnapshot:
    """A file's values, and the composed ones: testbed.toml with the configuration that it names."""

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
    """Read database and files; blocks. What cannot be read is reported in `database_trouble`, not raised."""
    trouble = ""
    found: tuple[NamespaceChoice, ...] = ()
    try:
        found = namespace_choices(context)
    except SwfError as error:
        trouble = str(error)
    files = files_of(context.settings)
    return NamespacesSnapshot(found, trouble, read_file(context.settings, file), files)


def read_file(settings: Settings, file: str) -> FileSnapshot:
    """Read the file and compose its configuration."""
    try:
        values = values_of(settings, file)
    except SwfError as error:
        return FileSnapshot(file, (), "", None, str(error))
    options = launch_options(settings)
    name = options.configured if file == TESTBED else file
    # the composed values do not depend on the namespace: a missing one is not a problem of the file
    request = RunRequest(configuration=name, namespace=options.namespace or "unnamed")
    checked = check(settings, request) if name else None
    return FileSnapshot(file, values, name, checked, options.namespace_trouble)
