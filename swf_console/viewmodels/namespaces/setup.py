"""The console's namespace: reads and writes it in testbed.toml.

Imports little at the top: the console needs the namespace before it paints.
"""

from pathlib import Path

from ...backend.config.names import check_namespace, resolve_namespace
from ...backend.core.errors import NamespaceError, SwfError
from ...backend.core.settings import Settings


def namespace_of(settings: Settings, given: str | None = None) -> str | None:
    """The given namespace, or that of testbed.toml; None if it names none yet.

    Raises NamespaceError for an invalid given name, ConfigurationError for a broken testbed.toml.
    """
    if given is not None:
        return check_namespace(given, "the given namespace")
    from ...backend.config.testbed import find_testbed, load_testbed

    try:
        path = find_testbed(settings.testbed_config, settings.workflows_dir)
        return resolve_namespace(None, load_testbed(path) if path else None)
    except NamespaceError:
        return None


def suggested(settings: Settings) -> str:
    """A suggested name for a user who has no namespace yet."""
    return f"{settings.user}-dev"


def problem_of(name: str) -> str:
    """Why the name is not a valid namespace; empty if it is."""
    try:
        check_namespace(name, "the name")
    except SwfError as error:
        return str(error) if name.strip() else "type a name"
    return ""


def write_namespace(settings: Settings, name: str) -> Path:
    """Write the namespace into testbed.toml, leaving everything else in it; returns the file.

    Raises NamespaceError or ConfigurationError; then nothing is changed.
    """
    from ...backend.config.edit import set_in_testbed
    from ...backend.config.testbed import find_testbed

    check_namespace(name, "the name")
    path = find_testbed(settings.testbed_config, settings.workflows_dir)
    target = path or settings.workflows_dir / "testbed.toml"
    set_in_testbed(target, "testbed.namespace", name, settings.workflows_dir)
    return target
