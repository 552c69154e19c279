"""What an agent has done since it started, for its heart-beat."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Counts:
    """Messages by what became of them; `last_failure` is the latest error in one line."""

    handled: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    ignored: int = 0
    unreadable: int = 0
    failures: int = 0
    dead_letters: int = 0
    last_failure: str | None = None

    def failed(self, error: Exception) -> str:
        """Keep an error as the latest; returns it in one line."""
        text = str(error).strip().splitlines()
        self.last_failure = f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
        return self.last_failure

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON."""
        return {
            "handled": dict(self.handled),
            "duplicates": self.duplicates,
            "ignored": self.ignored,
            "unreadable": self.unreadable,
            "failures": self.failures,
            "dead_letters": self.dead_letters,
            "last_failure": self.last_failure,
        }
