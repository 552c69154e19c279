"""The file of SQLite: created with mode 0600, checked before it is opened, locked during an upgrade."""

import os
from pathlib import Path

from sqlalchemy.engine import URL

from ...core.errors import DatabaseUnusable
from ...core.files import LOCAL_DISK, FileLock, lock_problem
from . import urls
from .revision import UPGRADE_HELP


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
    for path in (file, file.parent):
        if not os.access(path, os.W_OK, effective_ids=True):
            raise DatabaseUnusable(
                f"{file}: the database is read-only, {path} is not writable",
                "Make the file and its directory writable, or set SWF_DATABASE_URL to another file",
            )
    # before SQLite tries: it would wait 30 s for a lock that the file system does not have
    if problem := lock_problem(file.parent):
        raise DatabaseUnusable(f"{file}: the file system has no locks: {problem}", LOCAL_DISK)


def _make_file(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
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
        raise DatabaseUnusable(
            f"{path}: cannot be locked for the upgrade: {error.strerror}", "Make it writable"
        ) from error
