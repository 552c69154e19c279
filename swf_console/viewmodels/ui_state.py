"""UI state that is saved between two consoles: the last screen, filters, columns."""

import contextlib
import json
from pathlib import Path
from typing import Any

from ..backend.core.files import read_json, write_private

FILE = "console-memory.json"


class UiState:
    """The state by namespace, in one file; a file that cannot be read or written is ignored."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / FILE
        self._all: dict[str, dict[str, Any]] = {
            name: state for name, state in read_json(self._path).items() if isinstance(state, dict)
        }

    def recall(self, namespace: str | None, what: str) -> Any:
        """The saved value of that name, or None."""
        state = self._all.get(namespace or "")
        return state.get(what) if isinstance(state, dict) else None

    def remember(self, namespace: str | None, what: str, value: Any) -> None:
        """Set a JSON value; `save` writes it."""
        state = self._all.setdefault(namespace or "", {})
        state[what] = value

    def save(self) -> None:
        """Write the file atomically; of two consoles the last one wins."""
        with contextlib.suppress(OSError, TypeError, ValueError):
            write_private(self._path, json.dumps(self._all))
