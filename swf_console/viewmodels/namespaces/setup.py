"""The namespace of the console: which one testbed.toml names, and writing one there.

Light: the console asks this before it paints.
"""

from pathlib import Path

from ...backend.config.names import check_namespace, resolve_namespace
from ...backend.core.errors import NamespaceError, SwfError
from ...backend.core.settings import Settings


def namespace_of(settings: Settings, given: str | None = None) -> str | None:
    """The namespace that is given or that testbed.toml names; None where none is named yet.

    Raises NamespaceError for a given one that is not a name, ConfigurationError for a broken testbed.toml.
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
    """A name for a user who has none yet."""
    return f"{settings.user}-dev"


def problem_of(name: str) -> str:
    """Why that cannot name a namespace, or an empty text."""
    try:
        check_namespace(name, "the name")
    except SwfError as error:
        return str(error) if name.strip() else "type a name"
    return ""


def write_namespace(settings: Settings, name: str) -> Path:
    """Write the namespace into testbed.toml, leaving everything else in it; returns the file.

    Raises NamespaceError or ConfigurationError, and changes nothing then.
    """
    from ...backend.config.edit import set_in_testbed
    from ...backend.config.testbed import find_testbed

    check_namespace(name, "the name")
    path = find_testbed(settings.testbed_config, settings.workflows_dir)
    target = path or settings.workflows_dir / "testbed.toml"
    set_in_testbed(target, "testbed.namespace", name, settings.workflows_dir)
    return target
