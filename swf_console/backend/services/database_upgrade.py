"""The tables of this home's database: version, upgrade, check."""

from dataclasses import dataclass

from ..core.settings import Settings
from ..database.connection import urls
from ..database.connection.migrate import Lockout, check, current, lockout, upgrade
from ..database.connection.revision import HEAD, is_newer
from .agents.snapshot import SILENT


@dataclass(frozen=True, slots=True)
class Version:
    """The version of a database's tables (None: no tables yet) and the version of this program.

    `added` lists what an upgrade restored in tables that had this version already.
    """

    database: str
    before: str | None
    version: str | None
    expected: str
    added: tuple[str, ...] = ()

    @property
    def newer(self) -> bool:
        """Whether a later program has upgraded these tables."""
        return is_newer(self.version)


def pending_lockout(settings: Settings) -> Lockout | None:
    """Programs that an upgrade of this shared database would lock out; None if all may continue."""
    return lockout(settings.database_url, SILENT)


def upgrade_database(settings: Settings) -> Version:
    """Upgrade the tables to the version of this program; rows do not change."""
    done = upgrade(settings.database_url)
    return Version(address_of(settings), done.before, done.after, done.after, done.added)


def database_version(settings: Settings) -> Version:
    """The current version of the tables."""
    revision = current(settings.database_url)
    return Version(address_of(settings), revision, revision, HEAD)


def check_database(settings: Settings) -> list[str]:
    """What the database lacks, one line each; nothing is changed."""
    return check(settings.database_url)


def address_of(settings: Settings) -> str:
    """The address of the database without credentials. Raises DatabaseUnusable if it is invalid."""
    return urls.shown(urls.parse(settings.database_url))
