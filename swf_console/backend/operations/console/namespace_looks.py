"""What the Namespaces screen shows: the namespaces, testbed.toml, and what it comes to."""

from dataclasses import dataclass

from ...errors import SwfError
from ...settings import Settings
from ..testbed_editing import FileValue, path_of_testbed, values_of_testbed
from .choosing import Choosable, choosable
from .launching import Checked, LaunchWish, check, offer
from .services import ConsoleServices


@dataclass(frozen=True, slots=True)
class TestbedLook:
    """testbed.toml as it is, and the configuration that it names composed with it."""

    __test__ = False  # no test class, whatever its name begins with

    file: str
    values: tuple[FileValue, ...]
    configuration: str
    checked: Checked | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class NamespacesLook:
    """Everything on the screen."""

    namespaces: tuple[Choosable, ...]
    database_trouble: str
    testbed: TestbedLook


def look_at_namespaces(services: ConsoleServices) -> NamespacesLook:
    """Read database and files; blocks. What cannot be read is said, not raised."""
    trouble = ""
    found: tuple[Choosable, ...] = ()
    try:
        found = choosable(services)
    except SwfError as error:
        trouble = str(error)
    return NamespacesLook(found, trouble, look_at_testbed(services.settings))


def look_at_testbed(settings: Settings) -> TestbedLook:
    """Read testbed.toml and compose what it names."""
    file = ""
    try:
        file = str(path_of_testbed(settings))
        values = values_of_testbed(settings)
    except SwfError as error:
        return TestbedLook(file, (), "", None, str(error))
    offered = offer(settings)
    name = offered.configured
    checked = check(settings, LaunchWish(name, namespace=offered.namespace or "unnamed")) if name else None
    return TestbedLook(file, values, name, checked, offered.namespace_trouble)
