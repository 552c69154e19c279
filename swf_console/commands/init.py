"""`swf-console init DIR`: a new home from the templates."""

import argparse
from pathlib import Path

from .output import say, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The directory to make."""
    parser.add_argument("directory", metavar="DIR", type=Path, help="where the home is made")


def run(arguments: argparse.Namespace) -> int:
    """Write the home and list what was written."""
    from ..backend.operations.home import write_home

    for path in write_home(arguments.directory):
        show(str(path))
    say(f"Next: name your namespace in {arguments.directory / 'workflows' / 'testbed.toml'}")
    return 0
