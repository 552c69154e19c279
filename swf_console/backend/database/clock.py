"""The one clock that leases are measured by, whatever the hosts' own clocks say."""

from datetime import UTC, datetime

from sqlalchemy import Connection, text

_POSTGRESQL_NOW = text("SELECT clock_timestamp()")


def now(connection: Connection) -> datetime:
    """The database's time: the server's on PostgreSQL, this host's on SQLite, which never leaves it."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    instant: datetime = connection.execute(_POSTGRESQL_NOW).scalar_one()
    return instant.astimezone(UTC)
