"""A namespace of its own for whoever asks first."""

from ..configuration import check_namespace
from ..database import Database, namespaces
from ..errors import Refused
from ..settings import Settings


def create_namespace(settings: Settings, database: Database, name: str) -> str:
    """Make a namespace that is the user's own; its name.

    Raises NamespaceError for a name that is none, Refused where it is there already.
    """
    plain = check_namespace(name, "the name")
    with database.write() as connection:
        found, created = namespaces.ensure(connection, plain, settings.user)
    if not created:
        raise Refused(f"namespace {plain} is there already, it is {found.owner}'s", "Choose another name")
    return plain
