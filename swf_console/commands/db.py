"""`swf-console db`: the version of the database's tables, and what brings them up."""

import argparse
from typing import TYPE_CHECKING

from .arguments import add_json
from .output import emit, say, show

if TYPE_CHECKING:
    from ..backend.settings import Settings

LACKING = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions."""
    actions = parser.add_subparsers(dest="action", metavar="upgrade|current|check", required=True)
    add_json(actions.add_parser("upgrade", help="bring the tables to this version; rows stay as they are"))
    add_json(actions.add_parser("current", help="show the version of the tables"))
    add_json(actions.add_parser("check", help="say what the database lacks (exit 2); changes nothing"))


def run(arguments: argparse.Namespace) -> int:
    """Do what the action says."""
    from ..backend.settings import load_settings

    actions = {"upgrade": upgrade, "current": current, "check": check}
    return actions[arguments.action](load_settings(home=arguments.home), as_json=arguments.json)


def upgrade(settings: "Settings", *, as_json: bool) -> int:
    """Upgrade, and say from what to what."""
    from ..backend.operations.databases import upgrade_database

    done = upgrade_database(settings)
    if as_json:
        emit(done)
    elif done.added:
        for one in done.added:
            show(f"{done.database}: added {one}")
    elif done.before == done.version:
        show(f"{done.database}: already at version {done.version}")
    else:
        show(f"{done.database}: upgraded from {done.before or 'nothing'} to version {done.version}")
    return 0


def current(settings: "Settings", *, as_json: bool) -> int:
    """Print the version."""
    from ..backend.operations.databases import database_version

    found = database_version(settings)
    if as_json:
        emit(found)
    else:
        show(f"{found.database}: version {found.version or 'none'} (this program: {found.expected})")
    if found.version != found.expected:
        say("Bring it up: swf-console db upgrade")
    return 0


def check(settings: "Settings", *, as_json: bool) -> int:
    """Print what is missing; 2 where anything is."""
    from ..backend.operations.databases import check_database, place_of

    lacks, place = check_database(settings), place_of(settings)
    if as_json:
        emit({"database": place, "lacks": lacks})
    elif not lacks:
        show(f"{place}: all there")
    else:
        for lack in lacks:
            show(f"{place}: lacks {lack}")
    if lacks:
        say("Bring it up: swf-console db upgrade")
    return LACKING if lacks else 0
