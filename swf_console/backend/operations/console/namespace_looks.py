"""What the Namespaces screen shows: the namespaces, testbed.toml, and what it comes to."""

from dataclasses import dataclass

from ...errors import SwfError
from ...services.executions.request import RunRequest
from ...settings import Settings
from ..testbed_editing import TESTBED, FileValue, files_of, values_of
from .choosing import Choosable, choosable
from .launching import Checked, check, offer
from .services import ConsoleServices


@dataclass(frozen=True, slots=True)
class FileLook:
    """A file as it is, and what it comes to: of testbed.toml with the configuration that it names."""

    file: str
    values: tuple[FileValue, ...]
    configuration: str
    checked: Checked | None
    trouble: str = ""

    @property
    def name(self) -> str:
        """The file's name in its folder."""
        return self.file if self.file == TESTBED else f"{self.file}.toml"


@dataclass(frozen=True, slots=True)
class NamespacesLook:
    """Everything on the screen."""

    namespaces: tuple[Choosable, ...]
    database_trouble: str
    file: FileLook
    files: tuple[str, ...]


def look_at_namespaces(services: ConsoleServices, file: str = TESTBED) -> NamespacesLook:
    """Read database and files; blocks. What cannot be read is said, not raised."""
    trouble = ""
    found: tuple[Choosable, ...] = ()
    try:
        found = choosable(services)
    except SwfError as error:
        trouble = str(error)
    files = files_of(services.settings)
    return NamespacesLook(found, trouble, look_at_file(services.settings, file), files)


def look_at_file(settings: Settings, file: str) -> FileLook:
    """Read the file and compose what it says."""
    try:
        values = values_of(settings, file)
    except SwfError as error:
        return FileLook(file, (), "", None, str(error))
    offered = offer(settings)
    name = offered.configured if file == TESTBED else file
    # what is composed does not hang on the namespace: one that is not set is no problem of the file
    request = RunRequest(configuration=name, namespace=offered.namespace or "unnamed")
    checked = check(settings, request) if name else None
    return FileLook(file, values, name, checked, offered.namespace_trouble)
