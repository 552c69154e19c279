"""The file of SQLite: created with mode 0600, checked before it is opened, locked during an upgrade."""

import errno
import os
import sqlite3
from pathlib import Path

from sqlalchemy.engine import URL

from ...core.errors import DatabaseFull, DatabaseUnusable
from ...core.files import LOCAL_DISK, FileLock, disk_problem, lock_problem
from . import urls
from .driver_errors import FREE_SPACE
from .revision import UPGRADE_HELP

BUSY_SECONDS = 30
WRITABLE_ADVICE = "Make the file and its directory writable, or set SWF_DATABASE_URL to another file"


def prepare(url: URL, *, create: bool = True) -> None:
    """Check that SQLite's file is writable, and create it (mode 0600) if missing; no-op for a server."""
    file = urls.file_of(url)
    if file is None:
        return
    if file.is_dir():
        raise DatabaseUnusable(f"{file}: is a directory, not a database file", urls.HELP)
    if not file.exists():
        if not create:
            raise DatabaseUnusable(f"{file}: the database does not exist", UPGRADE_HELP)
        _make_file(file)
    if reason := why_read_only(file):
        raise DatabaseUnusable(f"{file}: the database is read-only, {reason}", WRITABLE_ADVICE)
    # before SQLite tries: it would wait 30 s for a lock that the file system does not have
    if problem := lock_problem(file.parent):
        raise DatabaseUnusable(f"{file}: the file system has no locks: {problem}", LOCAL_DISK)


def why_read_only(file: Path) -> str:
    """Why SQLite cannot write to this file, empty if it can; it also creates files beside it."""
    for path in (file, file.parent):
        if not os.access(path, os.W_OK, effective_ids=True):
            return f"{path} is not writable"
    return ""


def connect_read_only(file: Path) -> sqlite3.Connection:
    """Connect to a file that cannot be written, or whose disk is full.

    SQLite reads a WAL database through the file `-shm`, which a writer has created. If that cannot be used,
    no process has the database open, and `immutable` reads it; changes in a leftover `-wal` are not seen.
    Connections are not pooled, so that each one decides this anew.
    """
    for mode in ("mode=ro", "mode=ro&immutable=1"):
        uri = f"{file.absolute().as_uri()}?{mode}"
        connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False
        )
        try:
            connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        except sqlite3.OperationalError:
            connection.close()
            if "immutable" in mode:
                raise
        else:
            return connection
    raise AssertionError("the last attempt returns or raises")


def _make_file(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            problem = disk_problem(file) or "is full"
            raise DatabaseFull(
                f"{file}: the database cannot be created, its disk {problem}", FREE_SPACE
            ) from error
        raise DatabaseUnusable(
            f"{file}: the database cannot be created: {error.strerror}",
            f"Make {file.parent} a writable directory, or set SWF_DATABASE_URL to another file",
        ) from error


def upgrade_lock(file: Path) -> FileLock:
    """The lock between processes that upgrade the same file."""
    path = file.with_name(file.name + ".lock")
    try:
        return FileLock(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DatabaseFull(f"{path}: cannot be created: {error.strerror}", FREE_SPACE) from error
        raise DatabaseUnusable(
            f"{path}: cannot be locked for the upgrade: {error.strerror}", "Make it writable"
        ) from error
