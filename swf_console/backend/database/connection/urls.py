"""Database addresses: accepted spellings, the driver, and how one is shown without its credentials."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ...core.errors import DatabaseUnusable

SPELLINGS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "postgresql+psycopg2": "postgresql+psycopg2",
}
HELP = "Set SWF_DATABASE_URL to sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"


def parse(text: str) -> URL:
    """Read an address; DatabaseUnusable for one that is neither SQLite's nor PostgreSQL's.

    SQLite's path is taken as it is: a question mark or a percent sign belongs to it.
    """
    scheme, _, rest = text.partition("://")
    if SPELLINGS.get(scheme) == "sqlite":
        if rest[:1] not in ("", "/"):
            raise DatabaseUnusable(f"sqlite://{rest} has two slashes: three and a path are meant", HELP)
        return URL.create("sqlite", database=rest[1:] or None)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise DatabaseUnusable("the database address cannot be read", HELP) from None
    driver = SPELLINGS.get(url.drivername)
    if driver is None:
        raise DatabaseUnusable(f"{url.drivername}: no database of ours", HELP)
    return url.set(drivername=driver)


def is_memory(url: URL) -> bool:
    """Say whether this is SQLite without a file."""
    return url.drivername == "sqlite" and url.database in (None, "", ":memory:")


def file_of(url: URL) -> Path | None:
    """Where SQLite's file is, or None for a server and for memory."""
    if url.drivername != "sqlite" or is_memory(url):
        return None
    return Path(str(url.database)).expanduser().absolute()


def shown(url: URL) -> str:
    """Show an address without user, password or options."""
    if url.drivername == "sqlite":
        return f"sqlite:///{file_of(url) or ''}" if not is_memory(url) else "sqlite://"
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{url.host or 'localhost'}{port}/{url.database or ''}"
