"""The schema of this home's database: its version, upgrades, what it lacks."""

from dataclasses import dataclass

from ..core.settings import Settings
from ..database.connection import urls
from ..database.connection.migrate import Lockout, check, current, lockout, upgrade
from ..database.connection.revision import HEAD, is_newer
from .agents.snapshot import SILENT


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
        return is_newer(self.version)


def pending_lockout(settings: Settings) -> Lockout | None:
    """Whom an upgrade of this shared database would lock out; None where every program may go on."""
    return lockout(settings.database_url, SILENT)


def upgrade_database(settings: Settings) -> Version:
    """Bring the tables to this program's version; what is stored stays as it is."""
    done = upgrade(settings.database_url)
    return Version(place_of(settings), done.before, done.after, done.after, done.added)


def database_version(settings: Settings) -> Version:
    """The version of the tables as they are."""
    revision = current(settings.database_url)
    return Version(place_of(settings), revision, revision, HEAD)


def check_database(settings: Settings) -> list[str]:
    """What the database lacks, a line each; nothing is changed."""
    return check(settings.database_url)


def place_of(settings: Settings) -> str:
    """Where the database is, without credentials. Raises DatabaseUnusable for an address that is none."""
    return urls.shown(urls.parse(settings.database_url))
