"""What a console remembers from one time to the next: the last screen, filters, columns."""

import contextlib
import json
from pathlib import Path
from typing import Any

from ..backend.core.files import read_json, write_private

FILE = "console-memory.json"


class UiState:
    """Kept per namespace in the state directory; what cannot be read or written is forgotten."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / FILE
        self._all: dict[str, dict[str, Any]] = {
            name: kept for name, kept in read_json(self._path).items() if isinstance(kept, dict)
        }

    def recall(self, namespace: str | None, what: str) -> Any:
        """What was remembered under that name, or None."""
        kept = self._all.get(namespace or "")
        return kept.get(what) if isinstance(kept, dict) else None

    def keep(self, namespace: str | None, what: str, value: Any) -> None:
        """Remember something that JSON can hold, until it is saved for good."""
        kept = self._all.setdefault(namespace or "", {})
        kept[what] = value

    def save(self) -> None:
        """Write everything in one step; of two consoles the last one wins."""
        with contextlib.suppress(OSError, TypeError, ValueError):
            write_private(self._path, json.dumps(self._all))
