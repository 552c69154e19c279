"""The console's settings: one TOML file, every value with a default, checked when read."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..backend.config.documents import Document, read_document
from ..backend.core.errors import ConfigurationError, Problem
from ..backend.core.suggest import suggest

if TYPE_CHECKING:
    from .keymap import KnownKeys

THEMES = ("dark", "light", "16-colour", "colour-blind")
SYMBOLS = ("unicode", "ascii")
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Preferences:
    """The values of settings.toml.

    With `auto`, theme and symbols depend on the terminal. `frames` are the repaints per second of live
    screens, `frames_ssh` those over SSH. `messages` is the size of the tail's buffer. `keys` changes keys of
    actions: "messages.pause" = "space,p".
    """

    theme: str = AUTO
    symbols: str = AUTO
    frames: int = 10
    frames_ssh: int = 4
    messages: int = 50_000
    mouse: bool = True
    keys: Mapping[str, str] = field(default_factory=dict)


LIMITS = {"frames": (1, 30), "frames_ssh": (1, 30), "messages": (100, 1_000_000)}
CHOICES = {"theme": (AUTO, *THEMES), "symbols": (AUTO, *SYMBOLS)}
HELP = {
    "theme": f"Colours: {', '.join((AUTO, *THEMES))}. auto uses 16-colour if the terminal has no more.",
    "symbols": f"Symbols: {', '.join((AUTO, *SYMBOLS))}. auto uses ascii if the terminal is not UTF-8.",
    "frames": "Repaints per second of live screens (1 to 30).",
    "frames_ssh": "Repaints per second over SSH (1 to 30).",
    "messages": "Messages in the buffer of the live tail (100 to 1,000,000); older ones are in the database.",
    "mouse": "Use the mouse; false leaves it to the terminal, for example to select text.",
}


def preferences_file(environ: Mapping[str, str]) -> Path:
    """The path of settings.toml, in XDG_CONFIG_HOME or ~/.config."""
    base = environ.get("XDG_CONFIG_HOME", "")
    if not Path(base).is_absolute():
        base = str(Path(environ.get("HOME") or Path.home()) / ".config")
    return Path(base) / "swf-console" / "settings.toml"


def load_preferences(path: Path | None = None, known: "Callable[[], KnownKeys] | None" = None) -> Preferences:
    """Read settings.toml; without a file the defaults. Raises ConfigurationError with every problem.

    `known` returns the actions and keys, and is called if the file has keys; without it only their form is
    checked.
    """
    path = path or preferences_file(os.environ)
    if not path.exists():
        return Preferences()
    document = read_document(path)
    problems = [*_problems(document)]
    if "keys" in document.data:
        from .keymap import key_problems

        problems += key_problems(document, known)
    if problems:
        raise ConfigurationError(*problems)
    return Preferences(**document.data)


def sample(known: "KnownKeys") -> str:
    """A settings file with every default and its meaning, all lines commented out."""
    defaults = Preferences()
    lines = ["# Settings of the console. Commented lines show the defaults.", ""]
    for name, words in HELP.items():
        lines += [f"# {words}", f"# {name} = {_toml(getattr(defaults, name))}", ""]
    lines += [
        "# Other keys for actions, by their names in the help (?); separate several keys by commas.",
        "# [keys]",
    ]
    for name, action in known.actions.items():
        lines.append(f"# {_toml(name)} = {_toml(','.join(action.keys))}  # {action.help}")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


def _problems(document: Document) -> Iterator[Problem]:
    known = {one.name for one in fields(Preferences)}
    for name, value in document.data.items():
        if name not in known:
            remedy = suggest(name, known, at_most=1) or f"Known settings: {', '.join(sorted(known))}"
            yield document.problem("unknown setting", name, remedy=remedy)
        elif wrong := _wrong(name, value):
            message, remedy = wrong
            yield document.problem(message, name, value=repr(value)[:60], remedy=remedy)


def _wrong(name: str, value: Any) -> tuple[str, str] | None:
    """What is wrong with a value, and the remedy."""
    default = _toml(getattr(Preferences(), name)) if name != "keys" else ""
    if name in CHOICES:
        alike = suggest(str(value), CHOICES[name], at_most=1) or f"The default is {default}"
        return None if value in CHOICES[name] else (f"must be one of {', '.join(CHOICES[name])}", alike)
    if name in LIMITS:
        low, high = LIMITS[name]
        fits = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return (
            None
            if fits
            else (f"must be a whole number from {low:,} to {high:,}", f"The default is {default}")
        )
    if name == "mouse":
        return None if isinstance(value, bool) else ("must be true or false", f"The default is {default}")
    good = isinstance(value, dict)
    return None if good else ("must be a table of keys", 'Write [keys], then "messages.pause" = "space,p"')
