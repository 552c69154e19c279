"""Database addresses: accepted spellings, the driver, and the form without credentials."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ...core.errors import DatabaseUnusable

SPELLINGS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg2",  # SQLAlchemy 1.4 removed this name, which other tools print
    "postgresql": "postgresql+psycopg2",
    "postgresql+psycopg2": "postgresql+psycopg2",
}
HELP = "Set SWF_DATABASE_URL to sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"


def parse(text: str) -> URL:
    """Parse an address; DatabaseUnusable if it is neither SQLite's nor PostgreSQL's.

    The path of SQLite is not URL-decoded: a question mark or a percent sign is part of it.
    """
    scheme, _, rest = text.partition("://")
    if SPELLINGS.get(scheme) == "sqlite":
        if rest[:1] not in ("", "/"):
            raise DatabaseUnusable(f"sqlite://{rest} has two slashes, it needs three and a path", HELP)
        return URL.create("sqlite", database=rest[1:] or None)
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise DatabaseUnusable("SWF_DATABASE_URL is not a database address", HELP) from None
    driver = SPELLINGS.get(url.drivername)
    if driver is None:
        raise DatabaseUnusable(f"SWF_DATABASE_URL: {url.drivername} is not a supported database", HELP)
    return url.set(drivername=driver)


def is_memory(url: URL) -> bool:
    """Whether this is SQLite without a file."""
    return url.drivername == "sqlite" and url.database in (None, "", ":memory:")


def file_of(url: URL) -> Path | None:
    """The path of SQLite's file; None for a server and for memory."""
    if url.drivername != "sqlite" or is_memory(url):
        return None
    return Path(str(url.database)).expanduser().absolute()


def shown(url: URL) -> str:
    """The address without user, password and options."""
    if url.drivername == "sqlite":
        return f"sqlite:///{file_of(url) or ''}" if not is_memory(url) else "sqlite://"
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{url.host or 'localhost'}{port}/{url.database or ''}"
