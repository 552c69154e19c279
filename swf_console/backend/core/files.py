"""Private files of this room; light, since every launch of a program reads them."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ENVIRONMENT = "environment.json"
PROGRAMS = "programs.json"
SUPERVISORS_OWN = "SUPERVISOR_"


def write_private(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file that only its owner can read, at once or not at all; unchanged text is left alone."""
    data = os.fsencode(text)
    if path.is_file() and path.read_bytes() == data:
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
    fresh.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object that a file of ours holds; {} where there is none."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for the lock on `path` and hold it; it is let go with the process, however that ends."""
    with path.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
