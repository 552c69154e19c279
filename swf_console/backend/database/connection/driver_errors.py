"""Driver errors in words: which database, what happened, what to do; never a credential."""

import re
from typing import NoReturn

from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from ...core.errors import DatabaseUnreachable, DatabaseUnusable

# libpq names the address again, which stands before it already
WHERE = re.compile(r"^connection to server (at|on socket) .*? failed: ")
SQLITE_CAUSES = (
    ("disk is full", "is full", "Free space on its disk, or point SWF_DATABASE_URL elsewhere"),
    ("disk i/o error", "cannot be written: disk I/O error", "Check the disk, and the space left on it"),
    ("readonly database", "is read-only", "Make the file and its directory writable, or choose another file"),
    ("not a database", "is not a SQLite database", "Move the file away, or point SWF_DATABASE_URL elsewhere"),
    ("malformed", "is damaged", "Restore it from a copy, or move it away to start afresh"),
    ("unable to open", "cannot be opened", "Check that the directory exists and that you may write there"),
    ("database is locked", "stayed busy for 30 s", "Find the process that holds it: fuser FILE"),
)
SERVER_CAUSES = {
    "53100": ("the server's disk is full", "Free space on the server"),
    "25006": ("the database is read-only", "Point SWF_DATABASE_URL at the primary server"),
    "42501": ("this user may not", "Ask the database's owner for the rights, or use another user"),
}
UNREACHABLE_CLASSES = ("08", "28", "3D", "53", "57P", "58")
ACCOUNT_HELP = "Check user and password in SWF_DATABASE_URL"
SERVER_ADVICE = (
    ("authentication failed", ACCOUNT_HELP),
    ("no password", ACCOUNT_HELP),
    ("pg_hba.conf", ACCOUNT_HELP),
    ("does not exist", "Create it, or mend the name in SWF_DATABASE_URL"),
    ("too many clients", "Close other programs, or raise max_connections on the server"),
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
    else:
        _reraise_server(error, text.splitlines()[0] if text else "no answer", shown)
    raise error


def _reraise_server(error: DBAPIError, reason: str, shown: str) -> None:
    code = getattr(error.orig, "pgcode", None)
    if code in SERVER_CAUSES:
        words, advice = SERVER_CAUSES[code]
        raise DatabaseUnusable(f"{shown}: {words}: {reason}", advice) from error
    # psycopg2 says no more than DatabaseError of an answer that it cannot read
    silent = code is None and (isinstance(error, OperationalError) or type(error) is DatabaseError)
    lost = error.connection_invalidated or silent
    if not lost and (code is None or not code.startswith(UNREACHABLE_CLASSES)):
        return
    advice = "Check that the server runs and that host and port in SWF_DATABASE_URL are right"
    for sign, better in SERVER_ADVICE:
        if sign in reason:
            advice = better
    raise DatabaseUnreachable(f"{shown}: {WHERE.sub('', reason)}", advice) from error
