"""`swf-console init DIR`: a new home from the templates; `init --update` brings an older one up to date."""

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

SUPERVISORD = """A supervisord that runs keeps the old commands. To have it read the new ones:
  supervisorctl -c agents.supervisord.conf update
  swf-console up"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The directory to make, or what to do with one."""
    parser.add_argument("directory", metavar="DIR", type=Path, nargs="?", help="where the home is made or is")
    parser.add_argument(
        "--update",
        action="store_true",
        help="rewrite names of an older version in the files of a home; shows what changes, and asks",
    )
    parser.add_argument("--yes", action="store_true", help="with --update: change them without asking")


def run(arguments: argparse.Namespace) -> int:
    """Write the home and list what was written, or update one."""
    from ..backend.services.home import write_home

    if arguments.update:
        return update(arguments)
    if arguments.directory is None or arguments.yes:
        raise UsageError("init: name a directory, or give --update", "swf-console init DIR")
    for path in write_home(arguments.directory):
        show(str(path))
    say(f"Next: name your namespace in {arguments.directory / 'workflows' / 'testbed.toml'}")
    return 0


def update(arguments: argparse.Namespace) -> int:
    """Show what would change, and change it once that is answered."""
    from ..backend.services.home import SUPERVISION, find_updates, save_updates

    settings = load_settings(home=arguments.directory or arguments.home)
    updates = find_updates(settings.home, settings.state_dir)
    if not updates:
        say(f"{settings.home}: nothing to update")
        return 0
    for one in updates:
        for line in one.diff(settings.home).splitlines():
            show(sanitize(line))
    if not arguments.yes and not agreed(updates):
        raise Refused("Nothing was changed", "Agree, or give --yes")
    save_updates(updates)
    say(f"{len(updates)} files updated; each as it was is beside it as .previous")
    if any(one.path.name == SUPERVISION or one.path.suffix == ".conf" for one in updates):
        say(SUPERVISORD)
    return 0


def agreed(updates: "list[Update]") -> bool:
    """Whether the person at the terminal says yes; without one there is no answer."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(f"Change these {len(updates)} files? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
