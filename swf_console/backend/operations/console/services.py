"""What every screen is given: settings, who we are, and the way to the backends."""

import threading
from dataclasses import dataclass, field
from functools import cached_property

from ...database import Database, open_database
from ...settings import Settings
from .journal import Journal


@dataclass
class ConsoleServices:
    """One console's services. Methods that reach a backend block: call them from a worker thread only."""

    settings: Settings
    namespace: str | None = None
    read_only: bool = False
    _database: Database | None = field(default=None, init=False, repr=False)
    _opening: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @cached_property
    def journal(self) -> Journal:
        """What is done here, kept."""
        return Journal(self.settings.state_dir)

    def database(self) -> Database:
        """The database, opened on first use; blocks. Raises DatabaseUnusable or DatabaseUnreachable."""
        with self._opening:
            if self._database is None:
                self._database = open_database(self.settings.database_url)
            return self._database

    def close(self) -> None:
        """Let go of the database."""
        with self._opening:
            if self._database is not None:
                self._database.close()
                self._database = None
