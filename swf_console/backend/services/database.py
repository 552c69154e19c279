"""The database of these settings, opened for a question."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..core.settings import Settings
from ..database import Database, open_database


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
