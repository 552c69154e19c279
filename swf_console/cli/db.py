"""`swf-console db`: show, check and upgrade the version of the database's tables."""

import argparse
import sys
from typing import TYPE_CHECKING

from ..backend.core.errors import Refused
from ..backend.core.format import duration_text
from ..backend.core.sanitize import sanitize
from ..backend.core.settings import load_settings
from ..backend.core.times import seconds_since
from .arguments import add_json
from .output import emit, say, show

if TYPE_CHECKING:
    from ..backend.core.settings import Settings
    from ..backend.database.connection.migrate import Lockout

INCOMPLETE = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions."""
    actions = parser.add_subparsers(dest="action", metavar="upgrade|current|check", required=True)
    upgrading = actions.add_parser("upgrade", help="upgrade the tables to this version; rows do not change")
    upgrading.add_argument(
        "--yes", action="store_true", help="upgrade even if that locks older programs out of the database"
    )
    add_json(upgrading)
    add_json(actions.add_parser("current", help="show the version of the tables"))
    add_json(actions.add_parser("check", help="list what the database lacks (exit 2); changes nothing"))


def run(arguments: argparse.Namespace) -> int:
    """Run the action."""
    settings = load_settings(home=arguments.home)
    if arguments.action == "upgrade":
        return upgrade(settings, yes=arguments.yes, as_json=arguments.json)
    actions = {"current": current, "check": check}
    return actions[arguments.action](settings, as_json=arguments.json)


def upgrade(settings: "Settings", *, yes: bool, as_json: bool) -> int:
    """Upgrade, and print both versions; ask first if that locks older programs out."""
    from ..backend.services.database_upgrade import address_of, pending_lockout, upgrade_database

    lockout = pending_lockout(settings)
    if lockout is not None:
        show_lockout(lockout, address_of(settings))
        if not yes:
            confirm(address_of(settings))
    done = upgrade_database(settings)
    if as_json:
        emit(done)
    elif done.added:
        for one in done.added:
            show(f"{done.database}: added {one}")
    elif done.before == done.version:
        show(f"{done.database}: already at version {done.version}")
    else:
        show(f"{done.database}: upgraded from version {done.before or 'none'} to {done.version}")
    return 0


def show_lockout(lockout: "Lockout", place: str) -> None:
    """Print which programs must be updated before this upgrade."""
    say(
        f"{place}: an upgrade from version {lockout.before} to {lockout.after} locks out programs "
        f"older than version {lockout.compatible_from}"
    )
    if lockout.clients:
        say("Update these programs first if they are older:")
    else:
        say("No agent and no execution is active in it; consoles and interfaces are not recorded")
    for client in lockout.clients:
        parts = (
            client.user and f"user {client.user}",
            client.host and f"host {client.host}",
            client.pid and f"process {client.pid}",
            client.version and f"swf-console {client.version}",
            client.heard_at and f"heartbeat {duration_text(seconds_since(client.heard_at))} ago",
        )
        say(sanitize(f"  {client.kind} {client.name}: {', '.join(one for one in parts if one)}"))


def confirm(place: str) -> None:
    """Ask for confirmation. Raises Refused without it, or without a terminal."""
    if not sys.stdin.isatty():
        raise Refused(f"{place}: older programs would be locked out", "Update them, then use --yes")
    print("Upgrade now? [y/N] ", end="", file=sys.stderr, flush=True)  # noqa: T201
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Refused(f"{place}: not upgraded")


def current(settings: "Settings", *, as_json: bool) -> int:
    """Print the version."""
    from ..backend.services.database_upgrade import database_version

    found = database_version(settings)
    if as_json:
        emit(found)
    else:
        show(f"{found.database}: version {found.version or 'none'} (this program: {found.expected})")
    if found.newer:
        say("A newer program has upgraded it: update swf-console soon")
    elif found.version != found.expected:
        say("Upgrade it: swf-console db upgrade")
    return 0


def check(settings: "Settings", *, as_json: bool) -> int:
    """Print what is missing; exit code 2 if anything is."""
    from ..backend.services.database_upgrade import address_of, check_database

    lacks, place = check_database(settings), address_of(settings)
    if as_json:
        emit({"database": place, "lacks": lacks})
    elif not lacks:
        show(f"{place}: complete")
    else:
        for lack in lacks:
            show(f"{place}: lacks {lack}")
    if lacks:
        say("Upgrade it: swf-console db upgrade")
    return INCOMPLETE if lacks else 0
