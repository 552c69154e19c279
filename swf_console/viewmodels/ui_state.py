"""What a console remembers from one time to the next: the last screen, filters, columns."""

import contextlib
import json
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

FILE = "console-memory.json"


class Memory:
    """Kept per namespace in the state directory; what cannot be read or written is forgotten."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / FILE
        self._all: dict[str, dict[str, Any]] = _read(self._path)

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
            text = json.dumps(self._all)
            with NamedTemporaryFile("w", dir=self._path.parent, delete=False) as file:
                file.write(text)
            os.replace(file.name, self._path)  # noqa: PTH105 (both names are text)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return (
        {name: kept for name, kept in found.items() if isinstance(kept, dict)}
        if isinstance(found, dict)
        else {}
    )
