"""The database: one set of tables on SQLite (embedded) or PostgreSQL (shared).

`open_database(url)` gives a Database; the modules beside it are plain functions whose first argument is a
connection of `Database.read()` or `Database.write()`. They take and return the dataclasses of `records`.
The names below are imported on first use, because many commands do not need SQLAlchemy.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .connection.engine import Database
    from .connection.open import open_database

__all__ = ["Connection", "Database", "open_database"]


def __getattr__(name: str) -> Any:
    if name == "open_database":
        from .connection.open import open_database

        return open_database
    if name == "Database":
        from .connection.engine import Database

        return Database
    if name == "Connection":
        from sqlalchemy import Connection

        return Connection
    raise AttributeError(name)
