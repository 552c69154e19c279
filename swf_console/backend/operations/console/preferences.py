"""The operator's settings of the console: one TOML file, every value with its default, checked when read."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ...configuration import nearest
from ...errors import ConfigurationError, Problem

THEMES = ("dark", "light", "16-colour", "colour-blind")
SYMBOLS = ("unicode", "ascii")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What settings.toml may say.

    `frames` are the repaints a second of what is live, `frames_ssh` those over SSH. `messages` is how many
    the tail keeps. `keys` gives actions other keys: "messages.pause" = "space,p", as `?` names them.
    """

    theme: str = "dark"
    symbols: str = "unicode"
    frames: int = 10
    frames_ssh: int = 4
    messages: int = 50_000
    mouse: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)


LIMITS = {"frames": (1, 30), "frames_ssh": (1, 30), "messages": (100, 1_000_000)}
CHOICES = {"theme": THEMES, "symbols": SYMBOLS}


def preferences_file(environ: Mapping[str, str]) -> Path:
    """Where they are: XDG_CONFIG_HOME, or ~/.config."""
    base = environ.get("XDG_CONFIG_HOME", "")
    if not Path(base).is_absolute():
        base = str(Path(environ.get("HOME") or Path.home()) / ".config")
    return Path(base) / "swf-console" / "settings.toml"


def load_preferences(path: Path | None = None) -> Preferences:
    """Read them; without a file the defaults. Raises ConfigurationError with every problem."""
    path = path or preferences_file(os.environ)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return Preferences()
    except (OSError, ValueError) as error:
        raise ConfigurationError(Problem(f"cannot be read: {error}", file=path)) from None
    problems = [problem for name, value in values.items() if (problem := _problem(name, value, path))]
    if problems:
        raise ConfigurationError(*problems)
    return Preferences(**values)


def _problem(name: str, value: Any, path: Path) -> Problem | None:
    """What is wrong with one value."""
    known = {one.name: one for one in fields(Preferences)}
    if name not in known:
        alike = nearest(name, known, at_most=1)
        remedy = f"Did you mean {alike[0]}?" if alike else f"There are: {', '.join(known)}"
        return Problem("there is no such setting", remedy, file=path, field=name)
    wrong = _wrong(name, value)
    return Problem(wrong, file=path, field=name, value=repr(value)[:60]) if wrong else None


def _wrong(name: str, value: Any) -> str:
    if name in CHOICES:
        return "" if value in CHOICES[name] else f"must be one of {', '.join(CHOICES[name])}"
    if name in LIMITS:
        low, high = LIMITS[name]
        fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return "" if fits else f"must be a whole number from {low:,} to {high:,}"
    if name == "mouse":
        return "" if isinstance(value, bool) else "must be true or false"
    good = isinstance(value, dict) and all(isinstance(key, str) and key for key in value.values())
    return "" if good else 'must be a table of keys, as in "messages.pause" = "space,p"'
