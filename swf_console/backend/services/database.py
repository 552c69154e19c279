"""The database of these settings: opened for a question, upgraded, looked at."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core.settings import Settings
from ..database import Database, open_database
from .agents.snapshot import SILENT

if TYPE_CHECKING:
    from ..database.connection.migrate import Lockout


@dataclass(frozen=True, slots=True)
class Version:
    """The version of a database's tables (None: none of ours yet) and the one this program works with.

    `added` is what an upgrade put back into tables that were of this version already.
    """

    database: str
    before: str | None
    version: str | None
    expected: str
    added: tuple[str, ...] = ()

    @property
    def newer(self) -> bool:
        """Whether a later program has made these tables."""
        from ..database.connection.revision import is_newer

        return is_newer(self.version)


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database while this holds. Raises DatabaseUnusable and DatabaseUnreachable.

    One of somebody else that this account may neither bring up nor write to can be read.
    """
    database = open_database(settings.database_url, or_read_only=True)
    try:
        yield database
    finally:
        database.close()


def pending_lockout(settings: Settings) -> "Lockout | None":
    """Whom an upgrade of this shared database would lock out; None where every program may go on."""
    from ..database.connection.migrate import lockout

    return lockout(settings.database_url, SILENT)


def upgrade_database(settings: Settings) -> Version:
    """Bring the tables to this program's version; what is stored stays as it is."""
    from ..database.connection.migrate import upgrade

    done = upgrade(settings.database_url)
    return Version(place_of(settings), done.before, done.after, done.after, done.added)


def database_version(settings: Settings) -> Version:
    """The version of the tables as they are."""
    from ..database.connection.migrate import current
    from ..database.connection.revision import HEAD

    revision = current(settings.database_url)
    return Version(place_of(settings), revision, revision, HEAD)


def check_database(settings: Settings) -> list[str]:
    """What the database lacks, a line each; nothing is changed."""
    from ..database.connection.migrate import check

    return check(settings.database_url)


def place_of(settings: Settings) -> str:
    """Where the database is, without credentials. Raises DatabaseUnusable for an address that is none."""
    from ..database.connection import urls

    return urls.shown(urls.parse(settings.database_url))
