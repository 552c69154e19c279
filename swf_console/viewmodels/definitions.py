"""Compares stored definitions with the files of the workflows."""

import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ..backend.database import definitions

if TYPE_CHECKING:
    from .context import ConsoleContext


class FileDrift:
    """Whether a workflow's file has changed since a definition was stored; caches what it has read."""

    def __init__(self, context: "ConsoleContext") -> None:
        self._context = context
        self._stored: dict[int, str] = {}
        self._files: dict[Path, tuple[tuple[int, int], str]] = {}
        self._lock = threading.Lock()

    def of(self, definition_id: int, workflow_name: str) -> bool | None:
        """Whether the file differs from the definition; None if the file does not exist. Blocks."""
        path = self.path_of(workflow_name)
        with self._lock:
            now = self._of_file(path) if path else None
            if now is None:
                return None
            if definition_id not in self._stored:
                with self._context.database().read() as connection:
                    found = definitions.get(connection, definition_id)
                self._stored[definition_id] = _digest(found.definition if found else "")
            return self._stored[definition_id] != now

    def path_of(self, workflow_name: str) -> Path | None:
        """The path of the workflow's file, which may not exist; None if the name cannot be a file's."""
        name = f"{workflow_name}.py"
        plain = Path(name).name == name and name.isprintable() and not workflow_name.startswith(".")
        return self._context.settings.workflows_dir / name if plain else None

    def _of_file(self, path: Path) -> str | None:
        try:
            status = path.stat()
            version = (status.st_mtime_ns, status.st_size)
            known = self._files.get(path)
            if known is None or known[0] != version:
                known = (version, _digest(path.read_text(encoding="utf-8-sig")))
                self._files[path] = known
        except (OSError, ValueError):
            return None
        return known[1]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
