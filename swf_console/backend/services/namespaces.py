"""Namespaces with how much is in them; a new one for the user who asks first."""

from ..config.names import check_namespace
from ..core.errors import Refused, UsageError
from ..core.settings import Settings
from ..core.suggest import suggest
from ..database import Database, namespaces
from ..database.records import pages
from ..database.records.pages import Page
from ..database.records.workflows import NamespaceUse
from .ownership import check_writable


def list_namespaces(database: Database) -> list[NamespaceUse]:
    """Namespaces by name, with how much is in them, counted up to COUNT_CAP."""
    with database.read() as connection:
        return namespaces.listed(connection, cap=pages.COUNT_CAP)


def page_namespaces(database: Database, after: str | None = None, limit: int = 50) -> Page[NamespaceUse]:
    """The same in pages."""
    with database.read() as connection:
        return namespaces.page(connection, after, limit, cap=pages.COUNT_CAP)


def find_namespace(database: Database, name: str) -> NamespaceUse:
    """A namespace with how much is in it, counted up to COUNT_CAP. Raises UsageError where there is none."""
    with database.read() as connection:
        found = namespaces.use_of(connection, name, pages.COUNT_CAP)
        known = [] if found else namespaces.listed(connection, cap=1)
    if found is None:
        names = [use.namespace.name for use in known]
        advice = suggest(name, names, otherwise="List them: swf-console namespaces")
        raise UsageError(f"there is no namespace {name[:100]!r}", advice)
    return found


def create_namespace(settings: Settings, database: Database, name: str) -> str:
    """Make a namespace that is the user's own; its name.

    Raises NamespaceError for a name that is none, Refused where it is there already.
    """
    plain = check_namespace(name, "the name")
    check_writable(database, settings.user)
    with database.write() as connection:
        found, created = namespaces.ensure(connection, plain, settings.user)
    if not created:
        raise Refused(f"namespace {plain} is there already, it is {found.owner}'s", "Choose another name")
    return plain
