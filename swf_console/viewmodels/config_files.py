"""Detects changes of the workflows' files."""

from pathlib import Path

from ..backend.core.settings import Settings
from ..backend.services.home import SUPERVISION

Fingerprint = tuple[tuple[str, int], ...]


def fingerprint_of(settings: Settings) -> Fingerprint:
    """A value that changes when a configuration, a workflow, testbed.toml or the list of programs changes."""
    folder = settings.workflows_dir
    files = [*folder.glob("*.toml"), *folder.glob("*.py")]
    files.append(settings.home / SUPERVISION)
    if settings.testbed_config:
        files.append(settings.testbed_config)
    return tuple(sorted((str(path), _changed(path)) for path in files))


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
