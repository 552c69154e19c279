"""SQLite's file: made private, checked before it is opened, locked while it is upgraded."""

import os
from pathlib import Path

from sqlalchemy.engine import URL

from ...core.errors import DatabaseUnusable
from ...core.files import FileLock
from . import urls
from .revision import UPGRADE_HELP


def prepare(url: URL, *, create: bool = True) -> None:
    """See that SQLite's file is there (made with mode 0600) and can be written; nothing for a server."""
    file = urls.file_of(url)
    if file is None:
        return
    if file.is_dir():
        raise DatabaseUnusable(f"{file}: is a directory, not a database", urls.HELP)
    if not file.exists():
        if not create:
            raise DatabaseUnusable(f"{file}: there is no database", UPGRADE_HELP)
        _make_file(file)
    for path in (file, file.parent):
        if not os.access(path, os.W_OK, effective_ids=True):
            raise DatabaseUnusable(
                f"{file}: the database is read-only, {path} cannot be written",
                "Make the file and its directory writable, or point SWF_DATABASE_URL elsewhere",
            )


def _make_file(file: Path) -> None:
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DatabaseUnusable(
            f"{file}: the database cannot be made: {error.strerror}",
            f"Make {file.parent} a directory that you may write to, or point SWF_DATABASE_URL elsewhere",
        ) from error


def upgrade_lock(file: Path) -> FileLock:
    """The lock that the processes share which upgrade one file."""
    path = file.with_name(file.name + ".lock")
    try:
        return FileLock(path)
    except OSError as error:
        raise DatabaseUnusable(
            f"{path}: cannot be locked for the upgrade: {error.strerror}", "Make it a file that you may write"
        ) from error
