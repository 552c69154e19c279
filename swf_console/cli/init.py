"""`swf-console init DIR`: create a home from the templates; `init --update`: update an older home."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..backend.core.errors import Refused, UsageError
from ..backend.core.sanitize import sanitize
from ..backend.core.settings import load_settings
from .output import say, show

if TYPE_CHECKING:
    from ..backend.services.home import Update

RELOAD_ADVICE = """A running supervisord keeps the old commands. To load the new ones:
  supervisorctl -c agents.supervisord.conf update
  swf-console up"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The directory, and the options of an update."""
    parser.add_argument("directory", metavar="DIR", type=Path, nargs="?", help="directory of the home")
    parser.add_argument(
        "--update",
        action="store_true",
        help="replace names of an older version in the files of a home; shows the changes and asks",
    )
    parser.add_argument("--yes", action="store_true", help="with --update: change the files without asking")


def run(arguments: argparse.Namespace) -> int:
    """Create the home and list its files, or update a home."""
    from ..backend.services.home import write_home

    if arguments.update:
        return update(arguments)
    if arguments.directory is None or arguments.yes:
        raise UsageError("init: no directory is given", "Use: swf-console init DIR, or --update")
    for path in write_home(arguments.directory):
        show(str(path))
    say(f"Next: set your namespace in {arguments.directory / 'workflows' / 'testbed.toml'}")
    return 0


def update(arguments: argparse.Namespace) -> int:
    """Show the changes, and apply them after confirmation."""
    from ..backend.services.home import SUPERVISION, find_updates, save_updates

    settings = load_settings(home=arguments.directory or arguments.home)
    updates = find_updates(settings.home, settings.state_dir)
    if not updates:
        say(f"{settings.home}: nothing to update")
        return 0
    for one in updates:
        for line in one.diff(settings.home).splitlines():
            show(sanitize(line))
    if not arguments.yes and not confirmed(updates):
        raise Refused("Nothing was changed", "Answer y, or use --yes")
    save_updates(updates)
    say(f"{len(updates)} files updated; the former files are saved as .previous")
    if any(one.path.name == SUPERVISION or one.path.suffix == ".conf" for one in updates):
        say(RELOAD_ADVICE)
    return 0


def confirmed(updates: "list[Update]") -> bool:
    """Whether the user confirms the changes; False without a terminal."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(f"Change these {len(updates)} files? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
