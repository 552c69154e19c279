"""`swf-console settings`: check the settings file of the console, or print a sample."""

import argparse
import os
from dataclasses import asdict

from .arguments import add_json
from .output import emit, say, show, table

ACTIONS = "check|sample"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions."""
    actions = parser.add_subparsers(dest="action", metavar=ACTIONS)
    check = actions.add_parser("check", help="list the problems of the file (exit 2), or the settings")
    add_json(check)
    actions.add_parser("sample", help="print a file with every default and its meaning, commented out")


def run(arguments: argparse.Namespace) -> int:
    """Run the action; without one, check."""
    return print_sample() if arguments.action == "sample" else check(json=getattr(arguments, "json", False))


def print_sample() -> int:
    """Print the sample; redirect it to ~/.config/swf-console/settings.toml to use it."""
    from ..viewmodels.preferences import sample
    from .key_names import known_keys

    show(sample(known_keys()).rstrip("\n"))
    return 0


def check(*, json: bool) -> int:
    """Print the settings with their source, file or default; raises UsageError with every problem."""
    from ..viewmodels.preferences import Preferences, load_preferences, preferences_file
    from .key_names import known_keys

    path = preferences_file(os.environ)
    found, defaults = asdict(load_preferences(path, known_keys)), asdict(Preferences())
    if json:
        emit({"file": str(path), "exists": path.exists(), **found})
        return 0
    where = {name: "default" if value == defaults[name] else path.name for name, value in found.items()}
    keys = found.pop("keys")
    rows = [(name, str(value).lower(), where[name]) for name, value in found.items()]
    rows += [(f"keys.{name}", value, path.name) for name, value in keys.items()]
    table(("setting", "value", "from"), rows)
    say(f"{path}: {'valid' if path.exists() else 'does not exist; sample: swf-console settings sample'}")
    return 0
