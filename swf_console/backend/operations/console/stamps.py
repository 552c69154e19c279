"""When the files of the workflows have changed."""

from pathlib import Path

from ...settings import Settings

Stamp = tuple[tuple[str, int], ...]


def stamp_of(settings: Settings) -> Stamp:
    """Something that differs once a configuration, a workflow or testbed.toml does."""
    folder = settings.workflows_dir
    files = [*folder.glob("*.toml"), *folder.glob("*.py")]
    if settings.testbed_config:
        files.append(settings.testbed_config)
    return tuple(sorted((str(path), _changed(path)) for path in files))


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
