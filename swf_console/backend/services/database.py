"""The database of these settings, opened for one command or request."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..core.settings import Settings
from ..database import Database, open_database


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database within the block. Raises DatabaseUnusable and DatabaseUnreachable.

    A database that this account may neither upgrade nor write is opened for reading.
    """
    database = open_database(settings.database_url, or_read_only=True)
    try:
        yield database
    finally:
        database.close()
