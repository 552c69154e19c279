"""Driver errors as errors for users: which database, what is wrong, what to do; never a credential."""

import re
from pathlib import Path
from typing import NoReturn

from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

from ...core.errors import DatabaseFull, DatabaseUnreachable, DatabaseUnusable
from ...core.files import disk_problem

# libpq repeats the address, which already precedes its text
WHERE = re.compile(r"^connection to server (at|on socket) .*? failed: ")
FREE_SPACE = "Free space on its disk, or set SWF_DATABASE_URL to another file"
SQLITE_CAUSES = (
    ("disk is full", "is full", FREE_SPACE),
    ("disk i/o error", "cannot be written: disk I/O error", "Check the disk, and the space left on it"),
    ("readonly database", "is read-only", "Make the file and its directory writable, or choose another file"),
    (
        "not a database",
        "is not a SQLite database",
        "Move the file away, or set SWF_DATABASE_URL to another file",
    ),
    ("malformed", "is damaged", "Restore it from a backup, or move it away to start with an empty one"),
    ("unable to open", "cannot be opened", "Check that the directory exists and is writable"),
    ("database is locked", "was locked for 30 s", "Find the process that holds the lock: fuser FILE"),
)
DISK_FULL = "53100"
SERVER_CAUSES = {
    DISK_FULL: ("the server's disk is full", "Free space on the server"),
    "25006": ("the database is read-only", "Set SWF_DATABASE_URL to the primary server"),
    "42501": (
        "this user lacks a privilege",
        "Ask the database's owner to grant it, or use another user",
    ),
}
UNREACHABLE_CLASSES = ("08", "28", "3D", "53", "57P", "58")
ACCOUNT_HELP = "Check user and password in SWF_DATABASE_URL"
SERVER_ADVICE = (
    ("authentication failed", ACCOUNT_HELP),
    ("no password", ACCOUNT_HELP),
    ("pg_hba.conf", ACCOUNT_HELP),
    ("does not exist", "Create it, or fix the name in SWF_DATABASE_URL"),
    ("too many clients", "Close other programs, or increase max_connections on the server"),
)


def reraise(error: DBAPIError, shown: str) -> NoReturn:
    """Raise the SwfError for a known cause; else `error` itself, which is a fault of this program."""
    text = str(error.orig).strip()
    if shown.startswith("sqlite"):
        for sign, words, advice in SQLITE_CAUSES:
            if sign in text.lower():
                _reraise_full(error, Path(shown.removeprefix("sqlite:///")), sign)
                raise DatabaseUnusable(
                    f"{shown.removeprefix('sqlite:///')}: the database {words}", advice
                ) from error
    else:
        _reraise_server(error, text.splitlines()[0] if text else "no answer", shown)
    raise error


def _reraise_full(error: DBAPIError, file: Path, sign: str) -> None:
    """SQLite reports a full disk as one of several errors, a disk without inodes as `unable to open`."""
    problem = disk_problem(file)
    if sign == "disk is full":
        problem = problem or "is full"
    elif sign not in ("disk i/o error", "unable to open") or problem == "is read-only":
        return
    if problem:
        raise DatabaseFull(f"{file}: the database {problem}", FREE_SPACE) from error


def _reraise_server(error: DBAPIError, reason: str, shown: str) -> None:
    code = getattr(error.orig, "pgcode", None)
    if code in SERVER_CAUSES:
        words, advice = SERVER_CAUSES[code]
        kind = DatabaseFull if code == DISK_FULL else DatabaseUnusable
        raise kind(f"{shown}: {words}: {reason}", advice) from error
    # psycopg2 raises a plain DatabaseError, without a code, for a reply that is not PostgreSQL protocol
    silent = code is None and (isinstance(error, OperationalError) or type(error) is DatabaseError)
    lost = error.connection_invalidated or silent
    if not lost and (code is None or not code.startswith(UNREACHABLE_CLASSES)):
        return
    advice = "Check that the server is running, and host and port in SWF_DATABASE_URL"
    for sign, better in SERVER_ADVICE:
        if sign in reason:
            advice = better
    raise DatabaseUnreachable(f"{shown}: {WHERE.sub('', reason)}", advice) from error
