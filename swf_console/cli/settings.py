"""`swf-console settings`: check the console's settings file, or print one with every default."""

import argparse
import os
from dataclasses import asdict

from .arguments import add_json
from .output import emit, say, show, table

ACTIONS = "check|sample"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions."""
    actions = parser.add_subparsers(dest="action", metavar=ACTIONS)
    check = actions.add_parser("check", help="say every problem of the file (exit 2), or what is set")
    add_json(check)
    actions.add_parser("sample", help="print a file with every default and what it means, all commented out")


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says; without one check."""
    return print_sample() if arguments.action == "sample" else check(json=getattr(arguments, "json", False))


def print_sample() -> int:
    """Print the sample; `> ~/.config/swf-console/settings.toml` makes a file of it."""
    from ..viewmodels.preferences import sample
    from .key_names import known_keys

    show(sample(known_keys()).rstrip("\n"))
    return 0


def check(*, json: bool) -> int:
    """Print what is in force, and whether the file or the default says so; raises with every problem."""
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
    say(f"{path}: {'valid' if path.exists() else 'not there; swf-console settings sample prints one'}")
    return 0
