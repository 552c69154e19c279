"""Namespaces with their counts, and the creation of a namespace."""

from datetime import datetime

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
    """Namespaces by name with their counts up to COUNT_CAP."""
    with database.read() as connection:
        return namespaces.listed(connection, cap=pages.COUNT_CAP)


def page_namespaces(database: Database, after: str | None = None, limit: int = 50) -> Page[NamespaceUse]:
    """A page of namespaces by name."""
    with database.read() as connection:
        return namespaces.page(connection, after, limit, cap=pages.COUNT_CAP)


def find_namespace(
    database: Database, name: str, since: datetime | None = None, until: datetime | None = None
) -> NamespaceUse:
    """A namespace with its counts in [since, until) up to COUNT_CAP. Raises UsageError if it is unknown."""
    with database.read() as connection:
        found = namespaces.use_of(connection, name, pages.COUNT_CAP, since=since, until=until)
        known = [] if found else namespaces.listed(connection, cap=1)
    if found is None:
        names = [use.namespace.name for use in known]
        advice = suggest(name, names, otherwise="List them: swf-console namespaces")
        raise UsageError(f"namespace not found: {name[:100]!r}", advice)
    return found


def create_namespace(settings: Settings, database: Database, name: str) -> str:
    """Create a namespace owned by the user; return its name.

    Raises NamespaceError for an invalid name, Refused if it exists already.
    """
    plain = check_namespace(name, "the name")
    check_writable(database, settings.user)
    with database.write() as connection:
        found, created = namespaces.ensure(connection, plain, settings.user)
    if not created:
        raise Refused(f"namespace {plain} exists already, owner {found.owner}", "Choose another name")
    return plain
