"""Driver errors in words: which database, what happened, what to do; never a credential."""

from typing import NoReturn

from sqlalchemy.exc import DBAPIError, OperationalError

from ..errors import DatabaseUnreachable, DatabaseUnusable

SQLITE_CAUSES = (
    ("disk is full", "is full", "Free space on its disk, or point SWF_DATABASE_URL elsewhere"),
    ("disk i/o error", "cannot be written: disk I/O error", "Check the disk, and the space left on it"),
    ("readonly database", "is read-only", "Make the file and its directory writable, or choose another file"),
    ("not a database", "is not a SQLite database", "Move the file away, or point SWF_DATABASE_URL elsewhere"),
    ("malformed", "is damaged", "Restore it from a copy, or move it away to start afresh"),
    ("unable to open", "cannot be opened", "Check that the directory exists and that you may write there"),
    ("database is locked", "stayed busy for 30 s", "Find the process that holds it: fuser FILE"),
)


def reraise(error: DBAPIError, shown: str) -> NoReturn:
    """Raise what `error` means for a person, or `error` itself where it is a matter of the program."""
    text = str(error.orig).strip()
    if shown.startswith("sqlite"):
        for sign, words, advice in SQLITE_CAUSES:
            if sign in text.lower():
                raise DatabaseUnusable(
                    f"{shown.removeprefix('sqlite:///')}: the database {words}", advice
                ) from error
    elif error.connection_invalidated or isinstance(error, OperationalError):
        _reraise_server(error, text, shown)
    raise error


def _reraise_server(error: DBAPIError, text: str, shown: str) -> NoReturn:
    code = getattr(error.orig, "pgcode", None)
    if code == "53100":
        raise DatabaseUnusable(f"{shown}: the server's disk is full", "Free space on the server") from error
    if code and code.startswith("40"):
        raise error
    if "does not exist" in text and "database" in text:
        advice = "Create it (createdb), or mend the name in SWF_DATABASE_URL"
    elif "authentication failed" in text or "no password" in text or "pg_hba.conf" in text:
        advice = "Check user and password in SWF_DATABASE_URL"
    else:
        advice = "Check that the server runs and that host and port in SWF_DATABASE_URL are right"
    reason = text.splitlines()[0] if text else "no answer"
    raise DatabaseUnreachable(f"{shown}: {reason}", advice) from error
