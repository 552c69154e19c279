"""The operator's settings of the console: one TOML file, every value with its default, checked when read."""

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
    """What settings.toml may say.

    `auto` theme and symbols are chosen by what the terminal can show. `frames` are the repaints a second of
    what is live, `frames_ssh` those over SSH. `messages` is how many the tail keeps. `keys` gives actions
    other keys: "messages.pause" = "space,p", as `?` names them.
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
    "theme": f"Colours: {', '.join((AUTO, *THEMES))}. auto takes 16-colour where the terminal has no more.",
    "symbols": f"Signs: {', '.join((AUTO, *SYMBOLS))}. auto takes ascii where the terminal is not UTF-8.",
    "frames": "Repaints a second of what is live (1 to 30).",
    "frames_ssh": "The same over SSH (1 to 30).",
    "messages": "Messages that the live tail keeps (100 to 1,000,000); older ones come from the database.",
    "mouse": "Whether the mouse works; false leaves it to the terminal, as to mark text.",
}


def preferences_file(environ: Mapping[str, str]) -> Path:
    """Where they are: XDG_CONFIG_HOME, or ~/.config."""
    base = environ.get("XDG_CONFIG_HOME", "")
    if not Path(base).is_absolute():
        base = str(Path(environ.get("HOME") or Path.home()) / ".config")
    return Path(base) / "swf-console" / "settings.toml"


def load_preferences(path: Path | None = None, known: "Callable[[], KnownKeys] | None" = None) -> Preferences:
    """Read them; without a file the defaults. Raises ConfigurationError with every problem.

    `known` tells what keys can be given to, where the file gives any; without it only their form is checked.
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
    """A settings file with every default, each with what it means; everything in it is a comment."""
    defaults = Preferences()
    lines = ["# Settings of the console. What is commented out is the default.", ""]
    for name, words in HELP.items():
        lines += [f"# {words}", f"# {name} = {_toml(getattr(defaults, name))}", ""]
    lines += ["# Other keys for actions, as ? names them; several are separated by commas.", "# [keys]"]
    for name, action in known.actions.items():
        lines.append(f"# {_toml(name)} = {_toml(','.join(action.keys))}  # {action.help}")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | int) else f'"{value}"'


def _problems(document: Document) -> Iterator[Problem]:
    known = {one.name for one in fields(Preferences)}
    for name, value in document.data.items():
        if name not in known:
            remedy = suggest(name, known, at_most=1) or f"There are: {', '.join(sorted(known))}"
            yield document.problem("there is no such setting", name, remedy=remedy)
        elif wrong := _wrong(name, value):
            message, remedy = wrong
            yield document.problem(message, name, value=repr(value)[:60], remedy=remedy)


def _wrong(name: str, value: Any) -> tuple[str, str] | None:
    """What is wrong with a value, and what to write instead."""
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
